package io.github.cpugate.docs;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.rabbitmq.client.ConnectionFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** RabbitMQ as Debian and Ubuntu package it, on loopback, with its files in a folder of the test. */
final class RabbitBroker implements AutoCloseable {

    /** Not the script of the same name on the path, which changes the user and the folder. */
    private static final Path SERVER = Path.of("/usr/lib/rabbitmq/bin/rabbitmq-server");

    private final int port = Broker.freePort();
    private final Broker names; // where the nodes of a host look each other up; the server would leave one behind
    private final Broker server;

    /** Starts the server; skips the test if it is not installed. */
    RabbitBroker(Path folder) throws IOException, InterruptedException {
        assumeTrue(
                Files.isExecutable(SERVER), "no RabbitMQ: " + SERVER + " is missing (apt-get install rabbitmq-server)");
        int namesPort = Broker.freePort();
        Map<String, String> environment = Map.ofEntries(
                Map.entry("HOME", folder.toString()),
                Map.entry("ERL_EPMD_ADDRESS", "127.0.0.1"),
                Map.entry("ERL_EPMD_PORT", Integer.toString(namesPort)),
                Map.entry("RABBITMQ_NODENAME", "test@localhost"),
                Map.entry("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"),
                Map.entry("RABBITMQ_NODE_PORT", Integer.toString(port)),
                Map.entry("RABBITMQ_DIST_PORT", Integer.toString(Broker.freePort())),
                Map.entry("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}"),
                Map.entry("RABBITMQ_MNESIA_BASE", folder.resolve("data").toString()),
                Map.entry("RABBITMQ_LOG_BASE", folder.resolve("log").toString()),
                Map.entry("RABBITMQ_CONFIG_FILE", folder.resolve("none").toString()),
                Map.entry("RABBITMQ_CONF_ENV_FILE", folder.resolve("none").toString()),
                Map.entry(
                        "RABBITMQ_ENABLED_PLUGINS_FILE", folder.resolve("none").toString()),
                Map.entry("RUNNING_UNDER_SYSTEMD", "true")); // so that the script becomes the server
        names = start(environment, "epmd", namesPort, folder);
        server = start(environment, SERVER.toString(), port, folder);
    }

    private static Broker start(Map<String, String> environment, String command, int port, Path folder)
            throws IOException, InterruptedException {
        ProcessBuilder process = new ProcessBuilder(command);
        process.environment().putAll(environment);
        return new Broker(process, port, folder.resolve(Path.of(command).getFileName() + ".log"));
    }

    ConnectionFactory factory() {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost("127.0.0.1");
        factory.setPort(port);
        return factory;
    }

    @Override
    public void close() throws InterruptedException {
        try (names) {
            server.close();
        }
    }
}
