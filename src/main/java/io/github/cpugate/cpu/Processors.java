package io.github.cpugate.cpu;

import java.io.IOException;
import java.util.BitSet;
import java.util.Map;

/** The processors of this host, by number, and those among them that this process may use. */
interface Processors {

    /** Those of a system that has no way to restrict a process to some of them, or none that can be read. */
    Processors UNRESTRICTED = new Processors() {
        @Override
        public BitSet allowed() {
            return new BitSet();
        }

        @Override
        public Map<Integer, long[]> ticks() {
            return Map.of();
        }
    };

    /**
     * Returns the processors that this process may use; empty if it may use all of them, or if that is unknown. It is
     * called at each step, so it must be cheap where the process may use all.
     */
    BitSet allowed() throws IOException;

    /** Returns the counters of each processor that is online, in milliseconds, in the order of {@link TickSpan}. */
    Map<Integer, long[]> ticks() throws IOException;
}
