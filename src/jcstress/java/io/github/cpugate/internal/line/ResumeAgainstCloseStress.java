package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.outcome;
import static io.github.cpugate.internal.line.LineFixture.takeAndPause;
import static io.github.cpugate.internal.line.LineFixture.takeFree;

import io.github.cpugate.Slot;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

@JCStressTest
@Outcome(
        id = {"granted, balanced", "refused, balanced"},
        expect = Expect.ACCEPTABLE,
        desc = "the slot is closed after the grant, or before it")
@Outcome(expect = Expect.FORBIDDEN, desc = "a slot is lost, or held by no caller")
@State
public class ResumeAgainstCloseStress {

    private final WaitingLine line = StressLine.lineOf(1);
    private final LineSlot slot = takeAndPause(line);
    private final LineSlot held = takeFree(line);
    private final CompletableFuture<Slot> resumption = slot.resumeAsync();

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
        r.r1 = outcome(resumption);
        r.r2 = StressLine.check(line, 0);
    }
}
