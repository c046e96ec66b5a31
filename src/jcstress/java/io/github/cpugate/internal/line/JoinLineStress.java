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
        id = {"granted in line, balanced", "in line granted, balanced"},
        expect = Expect.ACCEPTABLE,
        desc = "one caller is granted the slot, before or after it joins the line")
@Outcome(expect = Expect.FORBIDDEN, desc = "both callers are granted the slot, or one waits although a slot is free")
@State
public class JoinLineStress {

    private final WaitingLine line = StressLine.lineOf(1);
    private final LineSlot held = takeFree(line);
    private CompletableFuture<Slot> first;
    private CompletableFuture<Slot> second;

    @Actor
    public void oneCaller() {
        first = enterAsync(line);
    }

    @Actor
    public void giverAndCaller() {
        held.close();
        second = enterAsync(line);
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r1 = outcome(first) + " " + outcome(second);
        r.r2 = StressLine.check(line, 1, StressLine.grantedTo(List.of(first, second)));
    }
}
