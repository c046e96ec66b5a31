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
@Outcome(id = "turned away granted, balanced", expect = Expect.ACCEPTABLE, desc = "first come, first served")
@Outcome(expect = Expect.FORBIDDEN, desc = "the newcomer overtook, or the slot was handed to nobody")
@State
public class NewcomerStress {

    private final WaitingLine line = Books.line(1);
    private final Slot held = Books.taken(line);
    private final CompletableFuture<Slot> inLine = Books.inLine(line);
    private final Slot wanted = new Slot(line);
    private boolean overtook;

    @Actor
    public void newcomer() {
        overtook = line.tryEnter(wanted);
    }

    @Actor
    public void giver() {
        held.close();
    }

    @Arbiter
    public void arbiter(LL_Result r) {
        r.r1 = (overtook ? "overtook " : "turned away ") + Books.outcome(inLine);
        r.r2 = Books.check(line, 0, Books.grantedOf(List.of(inLine)));
    }
}
