package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CallingThreadTest {

    private final List<Integer> ran = new ArrayList<>();
    private final CallingThread thread = new CallingThread();

    @Test
    void aTaskHandedOverByATaskWaitsForItsEnd() {
        thread.execute(() -> {
            thread.execute(() -> ran.add(2));
            thread.execute(() -> ran.add(3));
            ran.add(1);
        });
        assertThat(ran).containsExactly(1, 2, 3);
    }

    @Test
    void aTaskThatThrowsDoesNotKeepTheOthersFromRunning() {
        assertThatThrownBy(() -> thread.execute(() -> {
                    thread.execute(() -> {
                        throw new IllegalStateException("task broke");
                    });
                    thread.execute(() -> ran.add(1));
                }))
                .hasMessage("task broke");
        assertThatThrownBy(() -> thread.execute(() -> {
                    throw new AssertionError("broke badly");
                }))
                .isInstanceOf(AssertionError.class);
        thread.execute(() -> ran.add(2));
        assertThat(ran).containsExactly(1, 2);
    }
}
