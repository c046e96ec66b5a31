package io.github.cpugate.docs;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.testing.Await;
import java.lang.reflect.Field;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import reactor.blockhound.BlockHound;
import reactor.blockhound.BlockingOperationError;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/** Says what BlockHound reports, with the snippet of docs/streams/reactor.md or without. Needs a JVM of its own. */
final class BlockHoundRun {

    private static final int STREAMS = 5000;

    private BlockHoundRun() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("allowed")) {
            new ReactorSnippets().blockHound();
        } else {
            BlockHound.install();
        }
        System.out.println("a sleep: " + reported(BlockHoundRun::sleep).join());
        System.out.println("a wait for the lock: " + onAHeldLock(Races.gate(1)));
        if (arguments[0].equals("allowed")) {
            System.out.println("streams: " + streams(Races.gate(8)));
        }
        System.exit(0); // without close(): a gate whose lock has been broken would not close
    }

    private static void sleep() {
        try {
            Thread.sleep(1);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Runs a task on a thread of Reactor's that must not block. */
    private static CompletableFuture<String> reported(Runnable task) {
        CompletableFuture<String> outcome = new CompletableFuture<>();
        var unused = Schedulers.parallel().schedule(() -> {
            try {
                task.run();
                outcome.complete("not reported");
            } catch (BlockingOperationError e) {
                outcome.complete("reported");
            }
        });
        return outcome;
    }

    private static String onAHeldLock(AdaptiveCpuGate gate) throws ReflectiveOperationException {
        ReentrantLock lock = (ReentrantLock) field(field(gate, "line"), "lock");
        CompletableFuture<Thread> caller = new CompletableFuture<>();
        CompletableFuture<String> outcome;
        lock.lock();
        try {
            outcome = reported(() -> {
                caller.complete(Thread.currentThread());
                Slot.release(gate.slotAsync());
            });
            Thread thread = caller.join();
            Await.until(
                    "the thread waits for the lock, or must not",
                    () -> thread.getState() == Thread.State.WAITING || outcome.isDone());
        } finally {
            lock.unlock();
        }
        return outcome.join();
    }

    private static Object field(Object owner, String name) throws ReflectiveOperationException {
        Field field = owner.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(owner);
    }

    private static long streams(AdaptiveCpuGate gate) {
        ReactorSnippets recipes = new ReactorSnippets();
        Flux<Integer> token = Flux.just(1).publishOn(Schedulers.parallel());
        return Flux.range(0, STREAMS)
                .flatMap(i -> recipes.inSlot(gate, () -> token).subscribeOn(Schedulers.parallel()), 64)
                .concatWith(Flux.range(0, STREAMS)
                        .flatMap(i -> recipes.using(gate, () -> token).subscribeOn(Schedulers.parallel()), 64))
                .count()
                .block();
    }
}
