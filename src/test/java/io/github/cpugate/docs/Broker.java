package io.github.cpugate.docs;

import io.github.cpugate.testing.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A server of a test's own, in another process. It ends with the test, or with this JVM. */
final class Broker implements AutoCloseable {

    private final Process process;
    private final Thread atExit;

    /** Starts the process, and returns once something listens on this port of the loopback address. */
    Broker(ProcessBuilder command, int port, Path log) throws IOException, InterruptedException {
        process = Processes.start(command.redirectErrorStream(true).redirectOutput(log.toFile()));
        atExit = new Thread(this::kill);
        Runtime.getRuntime().addShutdownHook(atExit);
        boolean ready = false;
        try {
            while (!listens(port)) { // the time limit is that of the test
                if (process.waitFor(50, TimeUnit.MILLISECONDS)) {
                    throw new IllegalStateException("the server has ended:\n" + Files.readString(log));
                }
            }
            ready = true;
        } finally {
            if (!ready) {
                kill();
            }
        }
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            kill();
            process.waitFor();
        }
        Runtime.getRuntime().removeShutdownHook(atExit);
    }
}
