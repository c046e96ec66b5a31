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
        id = {"granted refused, balanced", "refused refused, balanced"},
        expect = Expect.ACCEPTABLE,
        desc = "served before the end, or refused by it")
@Outcome(expect = Expect.FORBIDDEN, desc = "left in line, or a slot was lost")
@State
public class GateCloseStress {

    private final WaitingLine line = Books.line(1);
    private final Slot held = Books.taken(line);
    private final CompletableFuture<Slot> first = Books.inLine(line);
    private final CompletableFuture<Slot> second = Books.inLine(line);

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
        r.r1 = Books.outcome(first) + " " + Books.outcome(second);
        r.r2 = Books.check(line, 0, Books.grantedOf(List.of(first, second)));
    }
}
