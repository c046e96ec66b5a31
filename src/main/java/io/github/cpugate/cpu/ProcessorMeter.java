package io.github.cpugate.cpu;

import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.LongSupplier;

/** Measures the CPU of a set of processors from the counters of each. */
final class ProcessorMeter {

    private static final long MIN_SPAN_NANOS = 100_000_000; // ten ticks of Linux
    private static final int LONGEST_LIST = 40; // characters

    private final LongSupplier ownNanos;
    private final LongSupplier nanoClock;
    private Map<Integer, long[]> last = Map.of();
    private long lastOwn;
    private long lastRead;

    ProcessorMeter(LongSupplier ownNanos, LongSupplier nanoClock) {
        this.ownNanos = ownNanos;
        this.nanoClock = nanoClock;
    }

    /** Forgets the counters: the next reading primes. */
    void reset() {
        last = Map.of();
    }

    /**
     * Returns the CPU of some processors since the last reading, even if that one was of other processors. At the first
     * reading, and less than 100 ms after the last one, both the CPU and the own CPU are {@code NaN}. If only the
     * counters are implausible, the CPU is {@code NaN}, and the own CPU is not affected.
     *
     * @param measured the numbers of the processors, some of which may be offline; empty for all
     */
    CpuReading read(Processors processors, BitSet measured) throws IOException {
        Map<Integer, long[]> now = processors.ticks();
        if (now.values().stream().allMatch(each -> Arrays.equals(each, new long[each.length]))) {
            throw new IOException("the counters of all processors are zero"); // as in gVisor
        }
        BitSet online = new BitSet();
        now.keySet().forEach(online::set);
        BitSet set = (BitSet) online.clone();
        if (!measured.isEmpty()) {
            set.and(measured);
        }
        int cores = set.cardinality();
        if (cores == 0) {
            throw new IOException("none of the processors " + measured + " is online");
        }
        String scope = measured.isEmpty() ? CpuReading.HOST : "processors " + list(set) + " of " + online.cardinality();
        long nanos = nanoClock.getAsLong();
        long own = ownNanos.getAsLong();
        long span = nanos - lastRead;
        Map<Integer, long[]> before = last;
        if (!before.isEmpty() && span < MIN_SPAN_NANOS) {
            return new CpuReading(Double.NaN, Double.NaN, 0, scope, cores); // the next reading spans this time too
        }
        long ownBefore = lastOwn;
        last = now;
        lastOwn = own;
        lastRead = nanos;
        if (before.isEmpty()) {
            return new CpuReading(Double.NaN, Double.NaN, 0, scope, cores);
        }
        double percent = percent(set, before, now, span);
        return new CpuReading(percent, ProcessCpu.percent(ownBefore, own, (double) span * cores), span, scope, cores);
    }

    private static double percent(BitSet set, Map<Integer, long[]> before, Map<Integer, long[]> now, long span) {
        TickSpan sum = new TickSpan(0, 0);
        for (Map.Entry<Integer, long[]> each : now.entrySet()) {
            long[] counters = before.get(each.getKey());
            if (counters != null && set.get(each.getKey())) {
                TickSpan ofOne = TickSpan.between(counters, each.getValue());
                // One that has just gone online, perhaps with counters of days, counts from its second reading on.
                sum = ofOne.isPlausible(span, 1) ? sum.plus(ofOne) : sum;
            }
        }
        return sum.percent();
    }

    /** Returns a list as the kernel writes it, {@code 0-3,8}; the number of processors if it would be long. */
    private static String list(BitSet processors) {
        StringJoiner list = new StringJoiner(",");
        for (int from = processors.nextSetBit(0); from >= 0; ) {
            int to = processors.nextClearBit(from) - 1;
            list.add(from == to ? Integer.toString(from) : from + "-" + to);
            from = processors.nextSetBit(to + 1);
        }
        return list.length() <= LONGEST_LIST ? list.toString() : "(" + processors.cardinality() + ")";
    }
}
