package io.github.cpugate.cpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.function.LongSupplier;

/**
 * Reads host CPU from {@code /proc/stat}, where OSHI cannot load on Linux. The JDK's bean is no substitute there: under
 * a quota or with CPU shares it measures the container, by rules that differ from one JDK to the next.
 */
final class ProcStatCpuSource implements CpuSource {

    private final Processors processors;
    private final ProcessorMeter meter;

    ProcStatCpuSource(Processors processors, LongSupplier ownNanos, LongSupplier nanoClock) {
        this.processors = processors;
        this.meter = new ProcessorMeter(ownNanos, nanoClock);
    }

    static ProcStatCpuSource ofThisHost() {
        return new ProcStatCpuSource(new LinuxProcessors(Path.of("/")), new ProcessCpu(), System::nanoTime);
    }

    @Override
    public double read() {
        return reading().percent();
    }

    @Override
    public CpuReading reading() {
        try {
            return meter.read(processors, new BitSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
