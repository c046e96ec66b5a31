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
     * <p>May block briefly for I/O: it is read where its sampler is asked ({@link CpuSampler#sample()}), never on the
     * thread of a caller who wants a slot. Whatever it throws counts as a failed reading, and the gate holds its limit.
     *
     * @return percent of the host, or of a smaller scope that {@link #reading()} names, in [0, 100]; {@code NaN} when
     *     there is no reading, as on the first read, which only primes
     */
    double read();

    /**
     * Returns the CPU used since the last read, and what else is known of it. A sampler calls this in place of
     * {@link #read()}, and not both.
     *
     * @return by default, what {@link #read()} returns, with the rest unknown
     */
    default CpuReading reading() {
        return CpuReading.of(read());
    }
}
