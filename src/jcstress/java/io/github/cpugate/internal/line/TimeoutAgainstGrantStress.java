package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.takeFree;

import java.util.concurrent.ThreadLocalRandom;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

@JCStressTest
@Outcome(
        id = {"granted, balanced", "timed out, balanced"},
        expect = Expect.ACCEPTABLE,
        desc = "the event that came first decides")
@Outcome(expect = Expect.FORBIDDEN, desc = "a slot is lost, or held by no caller")
@State
public class TimeoutAgainstGrantStress {

    private static final int NANOS = 30_000;

    private final WaitingLine line = StressLine.lineOf(1);
    private final LineSlot held = takeFree(line);
    private final LineSlot wanted = new LineSlot(line);
    private boolean granted;

    @Actor
    public void caller() {
        try {
            granted = wanted.enter(NANOS);
        } catch (InterruptedException e) {
            throw new AssertionError("no thread interrupts this one", e);
        }
    }

    /** Gives the slot back at about the time when the wait ends and its thread wakes up. */
    @Actor
    public void giver() {
        long at = System.nanoTime() + ThreadLocalRandom.current().nextInt(4 * NANOS);
        while (System.nanoTime() - at < 0) {
            Thread.onSpinWait();
        }
        held.close();
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r1 = granted ? "granted" : "timed out";
        r.r2 = granted ? StressLine.check(line, 0, wanted) : StressLine.check(line, 0);
    }
}
