package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** The sessions of a fleet's machines. The first of them meet, so that all slots of all machines are in use at once. */
final class Sessions {

    private static final int SESSION_NANOS = 2_000_000;

    private final int atOnce;
    private final CyclicBarrier meeting;
    private final AtomicInteger begun = new AtomicInteger();
    private final BlockingQueue<String> done = new LinkedBlockingQueue<>();
    private final List<Machine> machines = new ArrayList<>();

    /** Makes a fleet that runs {@code atOnce} sessions when all of its slots are in use. */
    Sessions(int atOnce) {
        this.atOnce = atOnce;
        this.meeting = new CyclicBarrier(atOnce);
    }

    /** Virtual threads if this Java run-time has them, as from JDK 21 on. */
    static ExecutorService threads() {
        try {
            return (ExecutorService)
                    Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        } catch (ReflectiveOperationException e) {
            return Executors.newCachedThreadPool();
        }
    }

    /** Counts the sessions of one machine. */
    final class Machine {

        private final int slots;
        private final AtomicInteger running = new AtomicInteger();
        private final AtomicInteger most = new AtomicInteger();

        private Machine(int slots) {
            this.slots = slots;
        }

        void run(String message) throws Exception {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            if (begun.incrementAndGet() <= atOnce) {
                meeting.await();
            }
            FakeModel.spin(SESSION_NANOS);
            running.decrementAndGet();
            done.add(message);
        }
    }

    Machine machine(int slots) {
        Machine machine = new Machine(slots);
        machines.add(machine);
        return machine;
    }

    /** Waits until as many sessions are done, and checks that it was these, and never more at once than fit. */
    void awaitDone(List<String> messages) throws InterruptedException {
        List<String> ended = new ArrayList<>();
        while (ended.size() < messages.size()) {
            ended.add(done.take()); // the time limit is that of the test
        }
        assertThat(ended).containsExactlyInAnyOrderElementsOf(messages);
        assertThat(done).isEmpty();
        for (Machine machine : machines) {
            assertThat(machine.most).as("sessions at once").hasValue(machine.slots);
        }
    }
}
