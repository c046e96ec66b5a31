package io.github.cpugate.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A slot taken and given back, and there are always free ones. One peer to a JVM, so that each is the only one that the
 * call site knows. What was held is returned: it escapes, as it does from a session.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class Uncontended {

    /** All but {@link Peers#BARE}, which is for a line. */
    @Param({
        "FAIR",
        "UNFAIR",
        "RESILIENCE4J",
        "FAILSAFE",
        "NETFLIX",
        "GATE",
        "GATE_NO_CLOCK",
        "GATE_LEAK_WARNING",
        "GATE_ASYNC",
        "ONE_WORD",
        "ONE_WORD_TIMED"
    })
    public Peers peer;

    private Peer made;

    @Setup
    public void make() {
        made = peer.make(8);
    }

    @Benchmark
    @Threads(1)
    public Object byOneThread() throws Exception {
        return enterAndLeave();
    }

    @Benchmark
    @Threads(2)
    public Object byTwoThreads() throws Exception {
        return enterAndLeave();
    }

    private Object enterAndLeave() throws Exception {
        Object held = made.enter();
        made.leave(held);
        return held;
    }
}
