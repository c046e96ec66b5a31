package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.takeAndPause;
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
        id = {"resumed, balanced", "refused, balanced"},
        expect = Expect.ACCEPTABLE,
        desc = "the slot is closed after it was taken back, or before")
@Outcome(expect = Expect.FORBIDDEN, desc = "a slot is lost, or held by no caller")
@State
public class ResumeNowAgainstCloseStress {

    private final WaitingLine line = StressLine.lineOf(1);
    private final LineSlot slot = takeAndPause(line);
    private final LineSlot held = takeFree(line);

    @Actor
    public void resumer(LL_Result r) {
        try {
            slot.resumeNow();
            r.r1 = "resumed";
        } catch (IllegalStateException e) {
            r.r1 = "refused";
        }
    }

    @Actor
    public void closer() {
        slot.close();
    }

    @Actor
    public void giver() {
        held.close();
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r2 = StressLine.check(line, 0);
    }
}
