package io.github.cpugate.bench.loop;

import io.github.cpugate.bench.Machine;
import java.io.IOException;

/** Another process, which keeps one processor busy until it is closed, or until whoever started it is gone. */
public final class Foreign implements AutoCloseable {

    private final Process process;

    Foreign() throws IOException {
        process = new ProcessBuilder(
                        Machine.launcher(),
                        "-XX:+UseSerialGC",
                        "-Xmx16m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Foreign.class.getName())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Throws if the process has ended by itself: it was to be busy all the time. */
    void check() {
        if (!process.isAlive()) {
            throw new IllegalStateException("the other process ended by itself, with code " + process.exitValue());
        }
    }

    @Override
    public void close() {
        process.destroyForcibly(); // it holds nothing
    }

    /** The other process. Its input ends when the process that started it does, however that comes about. */
    public static void main(String[] args) throws IOException {
        Thread busy = new Thread(() -> {
            while (true) {
                Thread.onSpinWait();
            }
        });
        busy.setDaemon(true);
        busy.start();
        while (System.in.read() >= 0) {
            // nobody writes to it
        }
    }
}
