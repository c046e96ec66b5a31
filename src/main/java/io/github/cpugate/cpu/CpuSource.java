package io.github.cpugate.cpu;

/**
 * A source of CPU readings: the operating system, or a lambda expression in a test.
 *
 * <p>A source keeps state between reads, so each {@link CpuSampler} needs its own. It is read by one thread at a time,
 * and each read happens-before the next; it needs no locking of its own.
 */
@FunctionalInterface
public interface CpuSource {

    /**
     * Returns the CPU used since the previous read.
     *
     * <p>It may block briefly for I/O. It runs on the thread that calls {@link CpuSampler#sample()}; acquiring a slot
     * never runs it. Anything that it throws counts as a failed reading, and the gate holds its limit.
     *
     * @return percent of the host, or of a smaller scope that {@link #reading()} names, in [0, 100]; {@code NaN} if
     *     there is no reading, as at the first read, which only primes the source
     */
    double read();

    /**
     * Returns the CPU used since the previous read, with its span, scope and own CPU where known. A sampler calls this
     * method instead of {@link #read()}, never both.
     *
     * @return by default, the value of {@link #read()} with the rest unknown
     */
    default CpuReading reading() {
        return CpuReading.of(read());
    }
}
