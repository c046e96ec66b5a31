package io.github.cpugate.bench;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepPolicy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs to be looked at. */
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class Observed {

    /** A gate with a step to make now and then. */
    @State(Scope.Benchmark)
    public static class Stepping {

        private static final long PAUSE = 1_000_000;

        @Param
        public Observers observers;

        AdaptiveCpuGate gate;

        /** OSHI is asked at each step, and each step moves the limit: all that a step can have to do and to tell. */
        @Setup
        public void make() {
            CpuSampler host = CpuSampler.ofHost();
            CpuSample read = CpuSample.of(60);
            StepPolicy upAndDown = seen ->
                    seen.moveBy(seen.limit() == 8 ? -1 : 1, seen.limit() == 8 ? Reason.OVER_TARGET : Reason.HEADROOM);
            gate = observers.build(AdaptiveCpuGate.builder()
                    .manual()
                    .sampler(() -> {
                        var unused = host.sample();
                        return read;
                    })
                    .policy(upAndDown)
                    .maxSlots(8)
                    .initialSlots(8));
        }

        /** Time for those who tell of the last one on their own threads: in a gate, two seconds. */
        @Setup(Level.Invocation)
        public void pause() {
            LockSupport.parkNanos(PAUSE);
        }
    }

    /** A gate that stands still, with so many slots. */
    @State(Scope.Benchmark)
    public static class Standing {

        @Param
        public Observers observers;

        AdaptiveCpuGate roomy;
        AdaptiveCpuGate narrow;

        @Setup
        public void make() {
            roomy = make(8);
            narrow = make(1);
        }

        private AdaptiveCpuGate make(int slots) {
            AdaptiveCpuGate made = observers.build(AdaptiveCpuGate.builder()
                    .name("of " + slots)
                    .manual()
                    .sampler(() -> CpuSample.of(60))
                    .maxSlots(slots)
                    .initialSlots(slots));
            var unused = made.step(); // the observers are there from the first step on
            return made;
        }
    }

    @Benchmark
    @BenchmarkMode(Mode.SampleTime)
    public Object step(Stepping state) {
        return state.gate.step();
    }

    /** There is a free slot. */
    @Benchmark
    @BenchmarkMode(Mode.AverageTime)
    public Object atOnce(Standing state) throws InterruptedException {
        return takeAndGiveBack(state.roomy);
    }

    /** A wait that costs no more than it has to: no thread stands in line, none is woken. */
    @Benchmark
    @BenchmarkMode(Mode.AverageTime)
    public Object asFuture(Standing state) throws InterruptedException {
        Slot held = state.narrow.slot();
        CompletableFuture<Slot> next = state.narrow.slotAsync();
        held.close();
        Slot got = next.join();
        got.close();
        return got;
    }

    /** A wait as most are: another thread has the slot, and wakes this one when it gives it back; there is a line. */
    @Benchmark
    @BenchmarkMode(Mode.AverageTime)
    @Threads(8)
    public Object inLine(Standing state) throws InterruptedException {
        return takeAndGiveBack(state.narrow);
    }

    private static Object takeAndGiveBack(AdaptiveCpuGate gate) throws InterruptedException {
        Slot slot = gate.slot();
        slot.close();
        return slot;
    }
}
