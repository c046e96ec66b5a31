package io.github.cpugate;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
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
        id = {"granted, balanced", "cancelled, balanced"},
        expect = Expect.ACCEPTABLE,
        desc = "held, or paused still")
@Outcome(expect = Expect.FORBIDDEN, desc = "a slot was lost, or held by nobody")
@State
public class RestEndAgainstCancelStress {

    private final WaitingLine line = Books.line(1);
    private final Slot slot = Books.paused(line);
    private final CompletableFuture<Slot> back;
    private final Waiter waiter;

    public RestEndAgainstCancelStress() {
        slot.rateLimited(Duration.ofSeconds(60));
        back = slot.resumeAsync();
        waiter = Objects.requireNonNull(slot.resumption);
    }

    @Actor
    public void canceller() {
        back.cancel(false);
    }

    @Actor
    public void timer() {
        line.rested(waiter);
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r1 = Books.outcome(back);
        r.r2 = Books.check(line, 0, Books.grantedOf(List.of(back)));
    }
}
