package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.Reason;
import io.github.cpugate.observe.Moves.Move;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MovesTest {

    @Test
    void whatTheCeilingMovedIsItsOwnWhateverTheStepSaysOfCpu() throws InterruptedException {
        Moves moves = new Moves();
        List<Move> seen = new ArrayList<>();
        try (BoundGate bound = new BoundGate(step -> seen.add(moves.next(step)))) {
            bound.cpu = 60;
            bound.run();
        }
        assertThat(seen)
                .containsExactly(
                        new Move(2, 2, Reason.NOT_BINDING),
                        new Move(2, 1, Reason.RATE_LIMITED),
                        new Move(1, 2, Reason.RATE_LIMITED), // up to the CPU limit
                        new Move(2, 2, Reason.IN_BAND));
    }

    @Test
    void aLimitThatTheBoundsMovedIsNoMoveOfAStep() {
        Moves moves = new Moves();
        List<Move> seen = new ArrayList<>();
        try (BoundGate bound = new BoundGate(step -> seen.add(moves.next(step)))) {
            bound.gate.setSlots(1, 1);
            bound.cpu = 60;
            bound.gate.adjust();
        }
        assertThat(seen.get(1)).isEqualTo(new Move(1, 1, Reason.IN_BAND));
    }
}
