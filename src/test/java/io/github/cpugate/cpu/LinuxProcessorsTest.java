package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests which processors the threads of a process may use, on a host of four. */
class LinuxProcessorsTest {

    private static final BitSet ALL = new BitSet(); // not restricted

    @TempDir
    Path root;

    private ProcFiles files;
    private LinuxProcessors processors;

    @BeforeEach
    void startOnFourProcessors() {
        files = new ProcFiles(root, 4);
        processors = new LinuxProcessors(root);
    }

    private static BitSet set(int... numbers) {
        BitSet set = new BitSet();
        for (int number : numbers) {
            set.set(number);
        }
        return set;
    }

    @Test
    void theProcessorsOfAThirdThreadCountToo() throws IOException {
        files.allow("0", "1");
        files.write("proc/self/task/9/status", ProcFiles.status("3"));
        assertThat(processors.allowed()).isEqualTo(set(0, 1, 3));
    }

    @Test
    void threadsThatTogetherMayUseAllProcessorsAreNotRestricted() throws IOException {
        files.allow("0", "1");
        files.write("proc/self/task/9/status", ProcFiles.status("2-3"));
        assertThat(processors.allowed()).isEqualTo(ALL);
    }

    @Test
    void aMoveOfTheFirstThreadAloneIsSeenWithinThreeHundredReads() throws IOException {
        files.allow("0-1");
        assertThat(processors.allowed()).isEqualTo(set(0, 1));
        files.allow("2", "0-1");
        int reads = 0;
        while (processors.allowed().equals(set(0, 1))) {
            reads++;
        }
        assertThat(reads).isEqualTo(300);
        assertThat(processors.allowed()).isEqualTo(set(0, 1, 2));
    }

    @Test
    void aMoveOfTheReadingThreadIsSeenAtOnce() throws IOException {
        files.allow("0-1");
        assertThat(processors.allowed()).isEqualTo(set(0, 1));
        files.allow("2");
        assertThat(processors.allowed()).isEqualTo(set(2));
    }

    @Test
    void theListMayBeTheFirstLine() throws IOException {
        files.allow("0-1");
        files.write("proc/thread-self/status", "Cpus_allowed_list:\t0-1\n");
        assertThat(processors.allowed()).isEqualTo(set(0, 1));
    }
}
