package io.github.cpugate;

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
        desc = "closed after it was granted, or before")
@Outcome(expect = Expect.FORBIDDEN, desc = "a slot was lost, or held by nobody")
@State
public class ResumeAgainstCloseStress {

    private final WaitingLine line = Books.line(1);
    private final Slot slot = Books.paused(line);
    private final Slot held = Books.taken(line);
    private final CompletableFuture<Slot> back = slot.resumeAsync();

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
        r.r1 = Books.outcome(back);
        r.r2 = Books.check(line, 0);
    }
}
