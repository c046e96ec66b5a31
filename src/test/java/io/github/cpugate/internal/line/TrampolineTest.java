package io.github.cpugate.internal.line;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrampolineTest {

    private final List<Integer> ran = new ArrayList<>();
    private final Trampoline trampoline = new Trampoline();

    @Test
    void aTaskSubmittedByARunningTaskStartsAfterIt() {
        trampoline.execute(() -> {
            trampoline.execute(() -> ran.add(2));
            trampoline.execute(() -> ran.add(3));
            ran.add(1);
        });
        assertThat(ran).containsExactly(1, 2, 3);
    }

    @Test
    void aTaskThatThrowsDoesNotStopTheOtherTasks() {
        assertThatThrownBy(() -> trampoline.execute(() -> {
                    trampoline.execute(() -> {
                        throw new IllegalStateException("task failed");
                    });
                    trampoline.execute(() -> ran.add(1));
                }))
                .hasMessage("task failed");
        assertThatThrownBy(() -> trampoline.execute(() -> {
                    throw new AssertionError("failed with an Error");
                }))
                .isInstanceOf(AssertionError.class);
        trampoline.execute(() -> ran.add(2));
        assertThat(ran).containsExactly(1, 2);
    }
}
