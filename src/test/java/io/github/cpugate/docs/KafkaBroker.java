package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.cpugate.testing.Processes;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A Kafka of one node, on loopback, with its files in a folder of the test. The build writes its class path down. */
final class KafkaBroker implements AutoCloseable {

    private static final Path CLASS_PATH = Path.of("target/kafka.classpath");

    private final int port = Broker.freePort();
    private final BreakableLink link;
    private final Broker server;

    /** Starts the server; skips the test if the build has not written the class path. */
    KafkaBroker(Path folder) throws IOException, InterruptedException {
        assumeTrue(Files.exists(CLASS_PATH), "no Kafka: " + CLASS_PATH + " is missing (mvn process-test-resources)");
        assumeTrue(File.separatorChar == '/', "no Kafka: its server does not support Windows");
        link = new BreakableLink();
        Path config = Files.writeString(folder.resolve("server.properties"), """
                process.roles=broker,controller
                node.id=1
                controller.quorum.bootstrap.servers=127.0.0.1:%2$d
                controller.listener.names=CONTROLLER
                listeners=PLAINTEXT://127.0.0.1:%1$d,BREAKABLE://127.0.0.1:%3$d,CONTROLLER://127.0.0.1:%2$d
                advertised.listeners=PLAINTEXT://127.0.0.1:%1$d,BREAKABLE://127.0.0.1:%4$d
                listener.security.protocol.map=PLAINTEXT:PLAINTEXT,BREAKABLE:PLAINTEXT,CONTROLLER:PLAINTEXT
                log.dirs=%5$s
                offsets.topic.replication.factor=1
                share.coordinator.state.topic.replication.factor=1
                share.coordinator.state.topic.min.isr=1
                share.coordinator.state.topic.num.partitions=1
                # Consumers join the group with the second heartbeat.
                group.share.min.heartbeat.interval.ms=300
                group.share.heartbeat.interval.ms=300
                group.share.min.record.lock.duration.ms=1000
                """.formatted(
                        port, Broker.freePort(), link.exit(), link.entrance(), folder.resolve("data")));
        Process format = Processes.start(kafka(
                "kafka.tools.StorageTool",
                "format",
                "--standalone",
                "--cluster-id=AAAAAAAAAAAAAAAAAAAAAQ",
                "--config=" + config));
        String output = Processes.outputOf(format);
        assertThat(format.waitFor()).as(output).isZero();
        server = new Broker(kafka("kafka.Kafka", config.toString()), port, folder.resolve("server.log"));
    }

    private static ProcessBuilder kafka(String... arguments) throws IOException {
        ProcessBuilder process = Processes.java(arguments);
        process.command().set(2, Files.readString(CLASS_PATH)); // instead of that of the tests
        process.command().add(1, "-XX:TieredStopAtLevel=1"); // it runs for a minute
        return process;
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    /** The address of the link whose connections can be broken. */
    String breakableAddress() {
        return "127.0.0.1:" + link.entrance();
    }

    void breakConnections() throws IOException {
        link.breakConnections();
    }

    @Override
    public void close() throws IOException, InterruptedException {
        try (link) {
            server.close();
        }
    }
}
