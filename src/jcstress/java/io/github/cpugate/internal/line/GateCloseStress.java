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
@Outcome(
        id = {"granted refused, balanced", "refused refused, balanced"},
        expect = Expect.ACCEPTABLE,
        desc = "each caller is granted the slot before the close, or refused by the close")
@Outcome(expect = Expect.FORBIDDEN, desc = "a caller stays in line, or a slot is lost")
@State
public class GateCloseStress {

    private final WaitingLine line = StressLine.lineOf(1);
    private final LineSlot held = takeFree(line);
    private final CompletableFuture<Slot> first = enterAsync(line);
    private final CompletableFuture<Slot> second = enterAsync(line);

    @Actor
    public void closer() {
        line.close();
    }

    @Actor
    public void giver() {
        held.close();
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r1 = outcome(first) + " " + outcome(second);
        r.r2 = StressLine.check(line, 0, StressLine.grantedTo(List.of(first, second)));
    }
}
