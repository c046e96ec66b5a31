package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.enterAsync;
import static io.github.cpugate.internal.line.LineFixture.outcome;
import static io.github.cpugate.internal.line.LineFixture.takeAndPause;
import static io.github.cpugate.internal.line.LineFixture.takeFree;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jetbrains.lincheck.Lincheck;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Runs the real classes under many schedules that Lincheck chooses, with spurious wake-ups. A schedule that ends in a
 * state that is not allowed fails the test.
 *
 * <p>System.nanoTime() stands still under Lincheck, so no wait expires, and a spurious wake-up hides a wake-up that is
 * lost. The jcstress tests, and the tests that force an order of events, cover those races.
 */
@Tag("lincheck")
class LincheckTest {

    private static final int INVOCATIONS = Integer.getInteger("lincheck.invocations", 100);

    private static void search(Runnable scenario) {
        Lincheck.runConcurrentTest(INVOCATIONS, scenario);
    }

    /** A thread that takes a slot and keeps it. */
    private static final class CallerThread extends Thread {

        final LineSlot slot;
        private volatile String outcome = "none";

        CallerThread(WaitingLine line) {
            this.slot = new LineSlot(line);
        }

        @Override
        public void run() {
            try {
                slot.enter();
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
        return LineFixture.line().limit(limit).clock(() -> 0).build();
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

    // Lincheck would search the schedules of AssertJ too.
    private static void same(Object expected, @Nullable Object actual, String what) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError(what + ": " + actual + ", expected " + expected);
        }
    }

    private static void sameLine(WaitingLine line, int inFlight, int waiting) {
        LineSnapshot end = line.snapshot();
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
            int[] inside = new int[2]; // callers inside now, calls in total
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
    void aRaisedLimitAdmitsCallersThatAreStillJoiningTheLine() {
        search(() -> {
            WaitingLine line = line(1);
            takeFree(line);
            CallerThread one = started(new CallerThread(line));
            CallerThread other = started(new CallerThread(line));
            line.setBounds(3, 3);
            same("granted", one.outcome(), "one");
            same("granted", other.outcome(), "other");
            sameLine(line, 3, 0);
        });
    }

    @Test
    void aRaisedLimitAndASlotGivenBackAdmitOneCallerEach() {
        search(() -> {
            WaitingLine line = line(1);
            LineSlot held = takeFree(line);
            CompletableFuture<Slot> first = enterAsync(line);
            CompletableFuture<Slot> second = enterAsync(line);
            CompletableFuture<Slot> third = enterAsync(line);
            Thread giver = started(new Thread(held::close));
            line.endStep(1, 2, false);
            joined(giver);
            same("granted", outcome(first), "first");
            same("granted", outcome(second), "second");
            same("in line", outcome(third), "third");
            sameLine(line, 2, 1);
        });
    }

    @Test
    void aSlotClosedByTwoThreadsAdmitsOneCaller() {
        search(() -> {
            WaitingLine line = line(2);
            takeFree(line);
            LineSlot slot = takeFree(line);
            CompletableFuture<Slot> next = enterAsync(line);
            CompletableFuture<Slot> behind = enterAsync(line);
            Thread one = started(new Thread(slot::close));
            slot.close();
            joined(one);
            same("granted", outcome(next), "the next in line");
            same("in line", outcome(behind), "the caller behind");
            sameLine(line, 2, 1);
        });
    }

    @Test
    void anInterruptThatRacesWithAGrantEndsInOneOfTheTwo() {
        search(() -> {
            WaitingLine line = line(1);
            LineSlot held = takeFree(line);
            CallerThread caller = started(new CallerThread(line));
            caller.interrupt();
            held.close();
            String outcome = caller.outcome();
            oneOf(outcome, "granted", "interrupted");
            sameLine(line, granted(outcome), 0);
        });
    }

    @Test
    void aCancellationThatRacesWithAGrantAndACloseLosesNoSlot() {
        search(() -> {
            WaitingLine line = line(1);
            LineSlot held = takeFree(line);
            CompletableFuture<Slot> caller = enterAsync(line);
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
    void closingTheGateLeavesNobodyInLine() {
        search(() -> {
            WaitingLine line = line(1);
            LineSlot held = takeFree(line);
            CallerThread caller = started(new CallerThread(line));
            CompletableFuture<CompletableFuture<Slot>> lateCaller = new CompletableFuture<>();
            Thread giver = started(new Thread(() -> {
                lateCaller.complete(enterAsync(line));
                held.close();
            }));
            line.close();
            joined(giver);
            String blocked = caller.outcome();
            String async = outcome(lateCaller.join());
            oneOf(blocked, "granted", "refused");
            oneOf(async, "granted", "refused");
            sameLine(line, granted(blocked, async), 0);
        });
    }

    @Test
    void aSlotPausedByOneThreadAndClosedByAnotherAdmitsOneCaller() {
        search(() -> {
            WaitingLine line = line(2);
            takeFree(line);
            LineSlot slot = takeFree(line);
            CompletableFuture<Slot> next = enterAsync(line);
            CompletableFuture<Slot> behind = enterAsync(line);
            Thread one = started(new Thread(slot::pause));
            slot.close();
            joined(one);
            same("granted", outcome(next), "the next in line");
            same("in line", outcome(behind), "the caller behind");
            sameLine(line, 2, 1);
        });
    }

    @Test
    void aCancelledResumptionThatRacesWithAGrantAndACloseLosesNoSlot() {
        search(() -> {
            WaitingLine line = line(1);
            LineSlot slot = takeAndPause(line);
            LineSlot held = takeFree(line);
            CompletableFuture<Slot> resumption = slot.resumeAsync();
            Thread giver = started(new Thread(held::close));
            Thread closer = started(new Thread(slot::close));
            resumption.cancel(false);
            joined(giver);
            joined(closer);
            oneOf(outcome(resumption), "granted", "cancelled", "refused");
            sameLine(line, 0, 0);
        });
    }

    @Test
    void aThreadThatResumesASlotThatIsClosedIsGrantedOrRefused() {
        search(() -> {
            WaitingLine line = line(1);
            LineSlot slot = takeAndPause(line);
            LineSlot held = takeFree(line);
            String[] outcome = new String[1];
            Thread resumer = started(new Thread(() -> {
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
            joined(resumer);
            oneOf(outcome[0], "granted", "refused");
            sameLine(line, 0, 0);
        });
    }

    @Test
    void aNewcomerNeverOvertakesTheLine() {
        search(() -> {
            WaitingLine line = line(1);
            LineSlot held = takeFree(line);
            CompletableFuture<Slot> inLine = enterAsync(line);
            Thread giver = started(new Thread(held::close));
            boolean overtook = line.tryEnter(new LineSlot(line));
            joined(giver);
            same(false, overtook, "overtook");
            same("granted", outcome(inLine), "the caller in line");
            sameLine(line, 1, 0);
        });
    }
}
