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
@Outcome(id = "granted in line, balanced", expect = Expect.ACCEPTABLE, desc = "one slot given back, once")
@Outcome(expect = Expect.FORBIDDEN, desc = "given back twice, or not at all")
@State
public class DoubleCloseStress {

    private final WaitingLine line = Books.line(2);
    private final Slot kept = Books.taken(line);
    private final Slot slot = Books.taken(line);
    private final CompletableFuture<Slot> next = Books.inLine(line);
    private final CompletableFuture<Slot> last = Books.inLine(line);

    @Actor
    public void first() {
        slot.close();
    }

    @Actor
    public void second() {
        slot.close();
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r1 = Books.outcome(next) + " " + Books.outcome(last);
        r.r2 = next.isDone() ? Books.check(line, 1, kept, next.join()) : "nobody is served";
    }
}
