package io.github.cpugate;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

@JCStressTest
@Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "one slot given back, once")
@Outcome(expect = Expect.FORBIDDEN, desc = "given back twice, or not at all")
@State
public class DoubleCloseStress {

    private final WaitingLine line = new WaitingLine("stress", 1, 2, 2, () -> 0, 0, null);
    private final Slot slot = new Slot(line);

    {
        line.tryEnter(new Slot(line));
        line.tryEnter(slot);
    }

    @Actor
    public void first() {
        slot.close();
    }

    @Actor
    public void second() {
        slot.close();
    }

    @Arbiter
    public void arbiter(I_Result r) {
        r.r1 = line.report().inFlight() - 1;
    }
}
