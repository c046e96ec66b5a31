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
        id = "granted granted granted in line, balanced",
        expect = Expect.ACCEPTABLE,
        desc = "two by the limit, one by the slot given back, in order of arrival")
@Outcome(expect = Expect.FORBIDDEN, desc = "one too few, one too many, or the wrong one")
@State
public class RaisedLimitStress {

    private final WaitingLine line = Books.line(1);
    private final Slot held = Books.taken(line);
    private final CompletableFuture<Slot> first = Books.inLine(line);
    private final CompletableFuture<Slot> second = Books.inLine(line);
    private final CompletableFuture<Slot> third = Books.inLine(line);
    private final CompletableFuture<Slot> fourth = Books.inLine(line);

    @Actor
    public void governor() {
        line.step(1, 3);
    }

    @Actor
    public void giver() {
        held.close();
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r1 = Books.outcome(first)
                + " "
                + Books.outcome(second)
                + " "
                + Books.outcome(third)
                + " "
                + Books.outcome(fourth);
        r.r2 = Books.check(line, 1, Books.grantedOf(List.of(first, second, third, fourth)));
    }
}
