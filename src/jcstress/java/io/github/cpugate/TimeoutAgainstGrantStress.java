package io.github.cpugate;

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
        desc = "whichever came first stands")
@Outcome(expect = Expect.FORBIDDEN, desc = "a slot was lost, or held by nobody")
@State
public class TimeoutAgainstGrantStress {

    private static final int NANOS = 30_000;

    private final WaitingLine line = Books.line(1);
    private final Slot held = Books.taken(line);
    private final Slot wanted = new Slot(line);
    private boolean granted;

    @Actor
    public void caller() {
        try {
            granted = line.enter(wanted, NANOS);
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts", e);
        }
    }

    /** At about the time when the wait ends, waking up included. */
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
        r.r2 = granted ? Books.check(line, 0, wanted) : Books.check(line, 0);
    }
}
