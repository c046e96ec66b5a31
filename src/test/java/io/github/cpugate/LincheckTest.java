package io.github.cpugate;

import io.github.cpugate.cpu.CpuSample;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jetbrains.lincheck.Lincheck;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Runs the real classes under many schedules, chosen by Lincheck, with spurious wake-ups among them. A schedule that
 * ends in a state that must not be fails.
 *
 * <p>System.nanoTime() stands still in there, so that no wait expires, and spurious wake-ups hide one that is lost:
 * those races are jcstress's, or forced by hand.
 */
@Tag("lincheck")
class LincheckTest {

    private static final int INVOCATIONS = Integer.getInteger("lincheck.invocations", 100);

    private static void search(Runnable scenario) {
        Lincheck.runConcurrentTest(INVOCATIONS, scenario);
    }

    /** A thread that enters once and keeps its slot. */
    private static final class Visitor extends Thread {

        final Slot slot;
        private final WaitingLine line;
        private volatile String outcome = "none";

        Visitor(WaitingLine line) {
            this.line = line;
            this.slot = new Slot(line);
        }

        @Override
        public void run() {
            try {
                line.enter(slot);
                outcome = "granted";
            } catch (InterruptedException e) {
                outcome = "interrupted";
            } catch (GateClosedException e) {
                outcome = "refused";
            }
        }

        String outcome() {
            joined(this);
            return outcome;
        }
    }

    private static WaitingLine line(int limit) {
        return new WaitingLine("lincheck", 1, 8, limit, () -> 0, 0, new CallingThread());
    }

    private static Slot taken(WaitingLine line) {
        Slot slot = new Slot(line);
        same(true, line.tryEnter(slot), "a slot to begin with");
        return slot;
    }

    private static <T extends Thread> T started(T thread) {
        thread.start();
        return thread;
    }

    private static void joined(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static String outcome(CompletableFuture<Slot> future) {
        if (!future.isDone()) {
            return "in line";
        }
        if (future.isCancelled()) {
            return "cancelled";
        }
        return future.isCompletedExceptionally() ? "refused" : "granted";
    }

    private static int granted(String... outcomes) {
        int granted = 0;
        for (String outcome : outcomes) {
            granted += outcome.equals("granted") ? 1 : 0;
        }
        return granted;
    }

    private static void oneOf(String outcome, String... expected) {
        for (String each : expected) {
            if (each.equals(outcome)) {
                return;
            }
        }
        throw new AssertionError(outcome);
    }

    // AssertJ would be run under every schedule, too.
    private static void same(Object expected, @Nullable Object actual, String what) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError(what + ": " + actual + ", expected " + expected);
        }
    }

    private static void sameLine(WaitingLine line, int inFlight, int waiting) {
        LineReport end = line.report();
        same(inFlight, end.inFlight(), "in flight");
        same(waiting, end.waiting(), "in line");
    }

    @Test
    void oneSlotServesAllCallersOneAtATime() {
        search(() -> {
            AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                    .name("lincheck")
                    .manual()
                    .nanoClock(() -> 0)
                    .maxSlots(1)
                    .sampler(() -> CpuSample.of(50))
                    .build();
            int[] inside = new int[2]; // callers now, calls in all
            Runnable session = () -> {
                try (Slot slot = gate.slot()) {
                    same(1, ++inside[0], "inside");
                    inside[1]++;
                    inside[0]--;
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            };
            Thread one = started(new Thread(session));
            Thread other = started(new Thread(session));
            session.run();
            joined(one);
            joined(other);
            same(3, inside[1], "calls");
            same(0, gate.snapshot().inFlight(), "in flight");
            same(0, gate.snapshot().waiting(), "in line");
        });
    }

    @Test
    void aRaisedLimitAdmitsAllThatFitThoughTheyAreStillLiningUp() {
        search(() -> {
            WaitingLine line = line(1);
            taken(line);
            Visitor one = started(new Visitor(line));
            Visitor other = started(new Visitor(line));
            line.setBounds(3, 3);
            same("granted", one.outcome(), "one");
            same("granted", other.outcome(), "other");
            sameLine(line, 3, 0);
        });
    }

    @Test
    void aRaisedLimitAndASlotGivenBackAdmitTheirShareEach() {
        search(() -> {
            WaitingLine line = line(1);
            Slot held = taken(line);
            CompletableFuture<Slot> first = line.enterAsync(new Slot(line));
            CompletableFuture<Slot> second = line.enterAsync(new Slot(line));
            CompletableFuture<Slot> third = line.enterAsync(new Slot(line));
            Thread giver = started(new Thread(held::close));
            line.step(1, 2);
            joined(giver);
            same("granted", outcome(first), "first");
            same("granted", outcome(second), "second");
            same("in line", outcome(third), "third");
            sameLine(line, 2, 1);
        });
    }

    @Test
    void aSlotClosedByTwoThreadsAdmitsOne() {
        search(() -> {
            WaitingLine line = line(2);
            taken(line);
            Slot slot = taken(line);
            CompletableFuture<Slot> last = line.enterAsync(new Slot(line));
            CompletableFuture<Slot> tooMany = line.enterAsync(new Slot(line));
            Thread one = started(new Thread(slot::close));
            slot.close();
            joined(one);
            same("granted", outcome(last), "the last");
            same("in line", outcome(tooMany), "the one too many");
            sameLine(line, 2, 1);
        });
    }

    @Test
    void anInterruptAndAGrantEndInOneOfTheTwo() {
        search(() -> {
            WaitingLine line = line(1);
            Slot held = taken(line);
            Visitor visitor = started(new Visitor(line));
            visitor.interrupt();
            held.close();
            String outcome = visitor.outcome();
            oneOf(outcome, "granted", "interrupted");
            sameLine(line, granted(outcome), 0);
        });
    }

    @Test
    void aCancellationLosesNoSlotWhateverItRacesWith() {
        search(() -> {
            WaitingLine line = line(1);
            Slot held = taken(line);
            CompletableFuture<Slot> caller = line.enterAsync(new Slot(line));
            Thread giver = started(new Thread(held::close));
            Thread closer = started(new Thread(line::close));
            caller.cancel(false);
            joined(giver);
            joined(closer);
            oneOf(outcome(caller), "granted", "cancelled", "refused");
            sameLine(line, granted(outcome(caller)), 0);
        });
    }

    @Test
    void aClosedGateLeavesNobodyInLine() {
        search(() -> {
            WaitingLine line = line(1);
            Slot held = taken(line);
            Visitor visitor = started(new Visitor(line));
            CompletableFuture<CompletableFuture<Slot>> lateCaller = new CompletableFuture<>();
            Thread giver = started(new Thread(() -> {
                lateCaller.complete(line.enterAsync(new Slot(line)));
                held.close();
            }));
            line.close();
            joined(giver);
            String blocked = visitor.outcome();
            String async = outcome(lateCaller.join());
            oneOf(blocked, "granted", "refused");
            oneOf(async, "granted", "refused");
            sameLine(line, granted(blocked, async), 0);
        });
    }

    @Test
    void aSlotPausedByOneThreadAndClosedByAnotherAdmitsOne() {
        search(() -> {
            WaitingLine line = line(2);
            taken(line);
            Slot slot = taken(line);
            CompletableFuture<Slot> last = line.enterAsync(new Slot(line));
            CompletableFuture<Slot> tooMany = line.enterAsync(new Slot(line));
            Thread one = started(new Thread(slot::pause));
            slot.close();
            joined(one);
            same("granted", outcome(last), "the last");
            same("in line", outcome(tooMany), "the one too many");
            sameLine(line, 2, 1);
        });
    }

    @Test
    void aResumptionEndsInOneWayWhateverItRacesWith() {
        search(() -> {
            WaitingLine line = line(1);
            Slot slot = taken(line);
            slot.pause();
            Slot held = taken(line);
            CompletableFuture<Slot> back = slot.resumeAsync();
            Thread giver = started(new Thread(held::close));
            Thread closer = started(new Thread(slot::close));
            back.cancel(false);
            joined(giver);
            joined(closer);
            oneOf(outcome(back), "granted", "cancelled", "refused");
            sameLine(line, 0, 0);
        });
    }

    @Test
    void aThreadThatResumesIsServedOrToldThatItsSlotIsClosed() {
        search(() -> {
            WaitingLine line = line(1);
            Slot slot = taken(line);
            slot.pause();
            Slot held = taken(line);
            String[] outcome = new String[1];
            Thread resumes = started(new Thread(() -> {
                try {
                    slot.resume();
                    outcome[0] = "granted";
                } catch (InterruptedException | IllegalStateException e) {
                    outcome[0] = "refused";
                }
            }));
            Thread giver = started(new Thread(held::close));
            slot.close();
            joined(giver);
            joined(resumes);
            oneOf(outcome[0], "granted", "refused");
            sameLine(line, 0, 0);
        });
    }

    @Test
    void aNewcomerNeverOvertakesTheLine() {
        search(() -> {
            WaitingLine line = line(1);
            Slot held = taken(line);
            CompletableFuture<Slot> inLine = line.enterAsync(new Slot(line));
            Thread giver = started(new Thread(held::close));
            boolean overtook = line.tryEnter(new Slot(line));
            joined(giver);
            same(false, overtook, "overtook");
            same("granted", outcome(inLine), "the one in line");
            sameLine(line, 1, 0);
        });
    }
}
