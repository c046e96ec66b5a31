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
        id = "granted granted granted in line, balanced",
        expect = Expect.ACCEPTABLE,
        desc = "the limit admits two callers, and the slot given back one, in order of arrival")
@Outcome(expect = Expect.FORBIDDEN, desc = "one caller too few or too many is admitted, or the wrong one")
@State
public class RaisedLimitStress {

    private final WaitingLine line = StressLine.lineOf(1);
    private final LineSlot held = takeFree(line);
    private final CompletableFuture<Slot> first = enterAsync(line);
    private final CompletableFuture<Slot> second = enterAsync(line);
    private final CompletableFuture<Slot> third = enterAsync(line);
    private final CompletableFuture<Slot> fourth = enterAsync(line);

    @Actor
    public void governor() {
        line.endStep(1, 3, false);
    }

    @Actor
    public void giver() {
        held.close();
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r1 = outcome(first) + " " + outcome(second) + " " + outcome(third) + " " + outcome(fourth);
        r.r2 = StressLine.check(line, 1, StressLine.grantedTo(List.of(first, second, third, fourth)));
    }
}
