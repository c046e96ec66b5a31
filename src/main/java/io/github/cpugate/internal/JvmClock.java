package io.github.cpugate.internal;

import java.util.function.LongSupplier;

/** {@code System::nanoTime} as a class: the first lambda of a JVM costs 40 ms, and {@code build()} must be quick. */
public final class JvmClock implements LongSupplier {

    @Override
    public long getAsLong() {
        return System.nanoTime();
    }
}
