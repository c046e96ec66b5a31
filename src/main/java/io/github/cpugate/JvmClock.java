package io.github.cpugate;

import java.util.function.LongSupplier;

/** A class, not a lambda: the first lambda of a JVM costs tens of milliseconds, and build() is to be quick. */
final class JvmClock implements LongSupplier {

    @Override
    public long getAsLong() {
        return System.nanoTime();
    }
}
