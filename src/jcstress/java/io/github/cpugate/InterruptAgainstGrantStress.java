package io.github.cpugate;

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
        desc = "whichever came first stands")
@Outcome(expect = Expect.FORBIDDEN, desc = "a slot was lost, or held by nobody")
@State
public class InterruptAgainstGrantStress {

    private static final long LONG = 5_000_000_000L; // ends an actor that a bug would leave in line for ever

    private final WaitingLine line = Books.line(1);
    private final Slot held = Books.taken(line);
    private final Slot wanted = new Slot(line);
    private volatile Thread caller;
    private volatile String outcome = "";

    @Actor
    public void caller() {
        caller = Thread.currentThread();
        try {
            outcome = line.enter(wanted, LONG) ? "granted" : "timed out";
        } catch (InterruptedException e) {
            outcome = "interrupted";
        }
        synchronized (this) {
            caller = null; // an interrupt that comes later would hit the harness
        }
        var unused = Thread.interrupted();
    }

    @Actor
    public void interrupterAndGiver() {
        while (line.report().waiting() == 0 && outcome.isEmpty()) {
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
        r.r2 = outcome.equals("granted") ? Books.check(line, 0, wanted) : Books.check(line, 0);
    }
}
