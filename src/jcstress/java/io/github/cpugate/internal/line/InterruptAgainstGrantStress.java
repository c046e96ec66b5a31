package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.takeFree;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

@JCStressTest
@Outcome(
        id = {"granted, balanced", "interrupted, balanced"},
        expect = Expect.ACCEPTABLE,
        desc = "the event that came first decides")
@Outcome(expect = Expect.FORBIDDEN, desc = "a slot is lost, or held by no caller")
@State
public class InterruptAgainstGrantStress {

    private static final long LONG = 5_000_000_000L; // ends an actor that a bug leaves in line

    private final WaitingLine line = StressLine.lineOf(1);
    private final LineSlot held = takeFree(line);
    private final LineSlot wanted = new LineSlot(line);
    private volatile Thread caller;
    private volatile String outcome = "";

    @Actor
    public void caller() {
        caller = Thread.currentThread();
        try {
            outcome = wanted.enter(LONG) ? "granted" : "timed out";
        } catch (InterruptedException e) {
            outcome = "interrupted";
        }
        synchronized (this) {
            caller = null; // a later interrupt would hit the harness
        }
        var unused = Thread.interrupted();
    }

    @Actor
    public void interrupterAndGiver() {
        while (line.snapshot().waiting() == 0 && outcome.isEmpty()) {
            Thread.onSpinWait();
        }
        synchronized (this) {
            if (caller != null) {
                caller.interrupt();
            }
        }
        held.close();
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r1 = outcome;
        r.r2 = outcome.equals("granted") ? StressLine.check(line, 0, wanted) : StressLine.check(line, 0);
    }
}
