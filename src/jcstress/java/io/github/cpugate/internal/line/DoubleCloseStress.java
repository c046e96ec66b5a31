package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.enterAsync;
import static io.github.cpugate.internal.line.LineFixture.outcome;
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
@Outcome(id = "granted in line, balanced", expect = Expect.ACCEPTABLE, desc = "the slot is given back once")
@Outcome(expect = Expect.FORBIDDEN, desc = "the slot is given back twice, or not at all")
@State
public class DoubleCloseStress {

    private final WaitingLine line = StressLine.lineOf(2);
    private final LineSlot kept = takeFree(line);
    private final LineSlot slot = takeFree(line);
    private final CompletableFuture<Slot> next = enterAsync(line);
    private final CompletableFuture<Slot> last = enterAsync(line);

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
        r.r1 = outcome(next) + " " + outcome(last);
        r.r2 = next.isDone() ? StressLine.check(line, 1, kept, next.join()) : "no caller was granted the slot";
    }
}
