package io.github.cpugate.cpu;

/**
 * Where CPU readings come from: the operating system, or one line in a test.
 *
 * <p>A source remembers when it was last read, so one source serves one {@link CpuSampler}. It is read by one thread at
 * a time, with a happens-before edge from each read to the next; it needs no locking of its own.
 */
@FunctionalInterface
public interface CpuSource {

    /**
     * Returns the CPU used since the last read.
     *
     * <p>May block briefly for I/O: it is read on the governor's thread, or on that of whoever calls {@code adjust()},
     * never on that of a caller who wants a slot. Whatever it throws counts as a failed reading, and the gate holds its
     * limit.
     *
     * @return percent of the whole host, in [0, 100]; {@code NaN} when there is no reading, as on the first read, which
     *     only primes
     */
    double read();
}
