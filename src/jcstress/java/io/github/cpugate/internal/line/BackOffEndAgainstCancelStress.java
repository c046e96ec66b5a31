package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.outcome;
import static io.github.cpugate.internal.line.LineFixture.takeAndPause;

import io.github.cpugate.Slot;
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
        desc = "the slot is held, or still paused")
@Outcome(expect = Expect.FORBIDDEN, desc = "a slot is lost, or held by no caller")
@State
public class BackOffEndAgainstCancelStress {

    private final WaitingLine line = StressLine.lineOf(1);
    private final LineSlot slot = takeAndPause(line);
    private final CompletableFuture<Slot> resumption;
    private final Waiter waiter;

    public BackOffEndAgainstCancelStress() {
        slot.rateLimited(Duration.ofSeconds(60));
        resumption = slot.resumeAsync();
        waiter = Objects.requireNonNull(slot.resumption);
    }

    @Actor
    public void canceller() {
        resumption.cancel(false);
    }

    @Actor
    public void timer() {
        line.backOffEnded(waiter);
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r1 = outcome(resumption);
        r.r2 = StressLine.check(line, 0, StressLine.grantedTo(List.of(resumption)));
    }
}
