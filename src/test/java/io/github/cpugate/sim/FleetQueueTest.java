package io.github.cpugate.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.sim.FleetQueue.Delivery;
import org.junit.jupiter.api.Test;

/** Tests when the simulated queue has a session back. */
class FleetQueueTest {

    private boolean alive = true;

    private Delivery take(FleetQueue queue, double now) {
        queue.advanceTo(now);
        return queue.poll(now, () -> alive);
    }

    @Test
    void aSessionIsBackAsTheFirstInLineAfterTheTimeout() {
        FleetQueue queue = new FleetQueue(3, 30, false);
        assertThat(take(queue, 0).session).isZero();
        assertThat(take(queue, 29).session).isEqualTo(1);

        assertThat(take(queue, 30).session).isZero();
        assertThat(take(queue, 30).session).isEqualTo(2);
        assertThat(take(queue, 30)).isNull();
        assertThat(queue.hasSessions()).isFalse();
    }

    @Test
    void aRenewedSessionIsBackOnlyOnceItsWorkerHasDied() {
        FleetQueue queue = new FleetQueue(1, 30, true);
        take(queue, 0);
        assertThat(take(queue, 100)).isNull(); // renewed at 10, 20, … 100
        alive = false;

        assertThat(take(queue, 129)).isNull();
        assertThat(take(queue, 130).session).isZero();
    }

    @Test
    void aSessionThatIsDoneIsNotBack() {
        FleetQueue queue = new FleetQueue(2, 30, false);
        queue.end(take(queue, 0), 10);
        take(queue, 5);

        assertThat(take(queue, 40).session).isEqualTo(1);
        assertThat(take(queue, 40)).isNull();
        assertThat(queue.undone()).isEqualTo(1);
    }

    @Test
    void aSessionThatTwoWorkersRanCountsOnceAndAsDoneAgain() {
        FleetQueue queue = new FleetQueue(1, 30, false);
        Delivery first = take(queue, 0);
        Delivery second = take(queue, 30);
        queue.end(first, 40);
        queue.end(second, 70);

        assertThat(queue.undone()).isZero();
        assertThat(queue.again()).isEqualTo(1);
        assertThat(queue.lastEnd()).isEqualTo(40);
    }
}
