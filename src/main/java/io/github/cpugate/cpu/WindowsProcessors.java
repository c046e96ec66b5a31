package io.github.cpugate.cpu;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import oshi.hardware.CentralProcessor;
import oshi.software.os.OSProcess;
import oshi.software.os.OperatingSystem;

/**
 * The processors of a Windows host, from OSHI: the affinity mask of the process, as {@code start /affinity} or a job
 * sets it. A mask has 64 bits, so a host of more processors counts as unrestricted.
 */
final class WindowsProcessors implements Processors {

    private final int count;
    private final LongSupplier mask; // 0 if unknown
    private final Supplier<long[][]> ticks;

    /** Of a host of {@code count} processors, with the mask and the rows of counters as OSHI returns them. */
    WindowsProcessors(int count, LongSupplier mask, Supplier<long[][]> ticks) {
        this.count = count;
        this.mask = mask;
        this.ticks = ticks;
    }

    static WindowsProcessors ofThisProcess() {
        oshi.SystemInfo system = new oshi.SystemInfo();
        OperatingSystem os = system.getOperatingSystem();
        // It asks the system at each call of getAffinityMask().
        OSProcess self = Objects.requireNonNull(os.getProcess(os.getProcessId()), "this process");
        CentralProcessor processor = system.getHardware().getProcessor();
        return new WindowsProcessors(
                processor.getLogicalProcessorCount(), self::getAffinityMask, processor::getProcessorCpuLoadTicks);
    }

    @Override
    public BitSet allowed() {
        BitSet allowed = new BitSet();
        if (count <= Long.SIZE) {
            allowed = BitSet.valueOf(new long[] {mask.getAsLong()}).get(0, count);
        }
        return allowed.cardinality() == count ? new BitSet() : allowed;
    }

    @Override
    public Map<Integer, long[]> ticks() {
        Map<Integer, long[]> byNumber = new HashMap<>();
        for (long[] each : ticks.get()) {
            byNumber.put(byNumber.size(), each.clone()); // OSHI returns the same arrays to all callers
        }
        return byNumber;
    }
}
