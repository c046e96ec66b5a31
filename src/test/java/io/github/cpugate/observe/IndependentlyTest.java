package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests that a fault of one call neither hides the others nor is lost. */
class IndependentlyTest {

    @SuppressWarnings("unchecked")
    private static <X extends Throwable> void sneakilyThrow(Throwable exception) throws X {
        throw (X) exception;
    }

    @Test
    void aCheckedExceptionIsThrownAfterAllCalls() {
        List<String> called = new ArrayList<>();

        assertThatThrownBy(() -> Independently.forEach(List.of("first", "second"), name -> {
                    called.add(name);
                    IndependentlyTest.<RuntimeException>sneakilyThrow(new IOException(name));
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("first")
                .hasSuppressedException(new IOException("second"));
        assertThat(called).containsExactly("first", "second");
    }
}
