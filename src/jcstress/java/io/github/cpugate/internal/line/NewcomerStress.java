package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.enterAsync;
import static io.github.cpugate.internal.line.LineFixture.outcome;
import static io.github.cpugate.internal.line.LineFixture.takeFree;

import io.github.cpugate.Slot;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

@JCStressTest
@Outcome(id = "turned away granted, balanced", expect = Expect.ACCEPTABLE, desc = "the caller in line comes first")
@Outcome(expect = Expect.FORBIDDEN, desc = "the newcomer overtakes, or the slot is handed over to no caller")
@State
public class NewcomerStress {

    private final WaitingLine line = StressLine.lineOf(1);
    private final LineSlot held = takeFree(line);
    private final CompletableFuture<Slot> inLine = enterAsync(line);
    private final LineSlot wanted = new LineSlot(line);
    private boolean overtook;

    @Actor
    public void newcomer() {
        overtook = line.tryEnter(wanted);
    }

    @Actor
    public void giver() {
        held.close();
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r1 = (overtook ? "overtook " : "turned away ") + outcome(inLine);
        r.r2 = StressLine.check(line, 0, StressLine.grantedTo(List.of(inLine)));
    }
}
