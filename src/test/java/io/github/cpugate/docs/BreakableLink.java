package io.github.cpugate.docs;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A way to a server on loopback whose connections a test can break. */
final class BreakableLink implements AutoCloseable {

    private final ServerSocket entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int exit = Broker.freePort();
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();

    BreakableLink() throws IOException {
        start(() -> {
            while (true) {
                Socket client = keep(entrance.accept());
                Socket server = keep(new Socket(InetAddress.getLoopbackAddress(), exit));
                start(() -> copy(client, server));
                start(() -> copy(server, client));
            }
        });
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void start(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException e) {
                // a socket was closed: this thread ends
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private static void copy(Socket from, Socket to) throws IOException {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        }
    }

    private Socket keep(Socket socket) {
        sockets.add(socket);
        return socket;
    }

    /** Where clients connect. */
    int entrance() {
        return entrance.getLocalPort();
    }

    /** Where the server is to listen. */
    int exit() {
        return exit;
    }

    void breakConnections() throws IOException {
        for (Socket socket = sockets.poll(); socket != null; socket = sockets.poll()) {
            socket.close();
        }
    }

    @Override
    public void close() throws IOException {
        entrance.close();
        breakConnections();
    }
}
