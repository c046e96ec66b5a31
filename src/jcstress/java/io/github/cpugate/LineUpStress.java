package io.github.cpugate;

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
        desc = "the slot given back finds one of them, before it lines up or after")
@Outcome(expect = Expect.FORBIDDEN, desc = "both got the slot, or one stands in line before a free slot")
@State
public class LineUpStress {

    private final WaitingLine line = Books.line(1);
    private final Slot held = Books.taken(line);
    private CompletableFuture<Slot> first;
    private CompletableFuture<Slot> second;

    @Actor
    public void oneCaller() {
        first = Books.inLine(line);
    }

    @Actor
    public void giverAndCaller() {
        held.close();
        second = Books.inLine(line);
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r1 = Books.outcome(first) + " " + Books.outcome(second);
        r.r2 = Books.check(line, 1, Books.grantedOf(List.of(first, second)));
    }
}
