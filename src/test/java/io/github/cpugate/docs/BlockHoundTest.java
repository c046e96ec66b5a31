package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.testing.Processes;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests what docs/streams/reactor.md says of BlockHound, in JVMs of their own since BlockHound changes the JDK. */
@Tag("slow")
@Timeout(120)
class BlockHoundTest {

    private static String run(String how) throws IOException, InterruptedException {
        Process jvm = Processes.start(
                Processes.java("-XX:+AllowRedefinitionToAddDeleteMethods", BlockHoundRun.class.getName(), how));
        try {
            assertThat(jvm.waitFor(100, TimeUnit.SECONDS)).as("has ended").isTrue();
            return Processes.outputOf(jvm);
        } finally {
            jvm.destroyForcibly();
        }
    }

    @Test
    void aWaitForTheLockIsReported() throws Exception {
        assertThat(run("unaware")).contains("a sleep: reported", "a wait for the lock: reported");
    }

    @Test
    void withTheSnippetOnlyOtherBlockingCallsAreReported() throws Exception {
        assertThat(run("allowed")).contains("a sleep: reported", "a wait for the lock: not reported", "streams: 10000");
    }
}
