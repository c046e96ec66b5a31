package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.testing.Await;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the recipe of docs/fleet/rabbitmq.md with a real server. */
@Tag("slow")
class RabbitRecipeTest {

    @TempDir
    static Path folder;

    private static RabbitBroker broker; // started by the first test, so that each test is skipped without it

    private final List<AdaptiveCpuGate> gates = new ArrayList<>();
    private final List<Connection> connections = new ArrayList<>();
    private final ExecutorService threads = Sessions.threads();
    private Channel channel;
    private String queue = UUID.randomUUID().toString();

    @AfterAll
    static void stopBroker() throws InterruptedException {
        if (broker != null) {
            broker.close();
        }
    }

    @BeforeEach
    void declareQueue() throws Exception {
        if (broker == null) {
            broker = new RabbitBroker(folder);
        }
        channel = connect(broker.factory()).createChannel();
        channel.queueDeclare(queue, false, false, false, null);
    }

    @AfterEach
    void close() throws InterruptedException {
        gates.forEach(AdaptiveCpuGate::close);
        threads.shutdownNow();
        assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
        connections.forEach(Connection::abort);
    }

    private Connection connect(ConnectionFactory factory) throws Exception {
        Connection connection = factory.newConnection();
        connections.add(connection);
        return connection;
    }

    private AdaptiveCpuGate gate(int slots) {
        AdaptiveCpuGate gate = Races.gate(slots);
        gates.add(gate);
        return gate;
    }

    private void send(int messages) throws IOException {
        for (int i = 0; i < messages; i++) {
            channel.basicPublish("", queue, null, Integer.toString(i).getBytes(StandardCharsets.US_ASCII));
        }
    }

    private void work(AdaptiveCpuGate gate, Connection connection, RabbitSnippets.Work work) {
        RabbitSnippets.Worker worker = new RabbitSnippets.Worker(gate, connection, queue, work);
        for (int i = 0; i < gate.snapshot().maxSlots(); i++) {
            threads.execute(worker);
        }
    }

    private long ready(String name) {
        try {
            return channel.messageCount(name);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String text(byte[] message) {
        return new String(message, StandardCharsets.US_ASCII);
    }

    @Test
    void twoWorkersDoEachSessionOnceAndNeverMoreThanTheirSlots() throws Exception {
        Sessions sessions = new Sessions(5);
        send(100);
        for (int slots : new int[] {2, 3}) {
            AdaptiveCpuGate gate = gate(slots);
            Sessions.Machine machine = sessions.machine(slots);
            work(gate, connect(broker.factory()), message -> machine.run(text(message)));
        }

        sessions.awaitDone(IntStream.range(0, 100).mapToObj(Integer::toString).toList());
        Await.until("no message is left", () -> ready(queue) == 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"oneSlot", "headroom"})
    void anEmptyQueueHoldsNoSlotAndDoesNotRaiseTheLimit(String policy) throws Exception {
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .maxSlots(8)
                .sampler(() -> CpuSample.of(5))
                .policy(policy.equals("headroom") ? StepPolicy.headroom() : StepPolicy.oneSlot())
                .build();
        gates.add(gate);
        BlockingQueue<String> done = new LinkedBlockingQueue<>();
        work(gate, connect(broker.factory()), message -> done.add(text(message)));

        for (int asked = 1; asked <= 3; asked++) {
            int times = asked;
            Await.until("asked again", () -> gate.snapshot().resumed() >= times);
            Await.until("the slot is paused", () -> gate.snapshot().inFlight() == 0);
            assertThat(gate.step().limitAfter()).isEqualTo(1);
        }
        Await.until("the slot is there for other work", () -> {
            Optional<Slot> slot = gate.trySlot(); // none while the worker asks again
            slot.ifPresent(Slot::close);
            return slot.isPresent();
        });
        assertThat(gate.snapshot()).returns(2L, GateSnapshot::admitted).returns(0, GateSnapshot::waiting);

        send(1);
        assertThat(done.poll(20, TimeUnit.SECONDS)).isEqualTo("0");
    }

    @Test
    void aSessionThatFailsIsTriedAgainUpToTheDeliveryLimit() throws Exception {
        String failed = "failed";
        queue = "failing";
        new RabbitSnippets().declare(channel, queue, failed);
        send(1);
        BlockingQueue<String> tried = new LinkedBlockingQueue<>();
        AdaptiveCpuGate gate = gate(2);
        work(gate, connect(broker.factory()), message -> {
            tried.add(text(message));
            throw new IOException("on purpose");
        });

        Await.until("it is in the other queue", () -> ready(failed) == 1);
        assertThat(tried).containsExactly("0", "0", "0", "0");
        assertThat(ready(queue)).isZero();
        Await.until("no slot is held", () -> gate.snapshot().inFlight() == 0);
    }

    @Test
    void whereAConnectionBreaksTheOtherWorkerDoesTheSession() throws Exception {
        List<Socket> sockets = new ArrayList<>();
        ConnectionFactory breaking = broker.factory();
        breaking.setSocketConfigurator(sockets::add);
        breaking.setNetworkRecoveryInterval(100);
        CountDownLatch end = new CountDownLatch(1);
        BlockingQueue<String> begun = new LinkedBlockingQueue<>();
        BlockingQueue<String> done = new LinkedBlockingQueue<>();
        send(1);
        AdaptiveCpuGate gate = gate(1);
        work(gate, connect(breaking), message -> {
            begun.add(text(message));
            end.await();
        });
        assertThat(begun.poll(20, TimeUnit.SECONDS)).isEqualTo("0");
        AdaptiveCpuGate other = gate(1);
        work(other, connect(broker.factory()), message -> done.add(text(message)));

        sockets.get(0).close();
        assertThat(done.poll(20, TimeUnit.SECONDS)).isEqualTo("0");

        other.close();
        Await.until("the other one has no slot", () -> other.snapshot().inFlight() == 0);
        end.countDown(); // the acknowledgement of this session comes to nothing
        send(1);
        assertThat(begun.poll(20, TimeUnit.SECONDS)).as("connected again").isEqualTo("0");
        assertThat(sockets).hasSize(2);
    }

    @Test
    void closingTheGateLetsSessionsEndAndLeavesTheRestInTheQueue() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        BlockingQueue<String> begun = new LinkedBlockingQueue<>();
        send(5);
        AdaptiveCpuGate gate = gate(2);
        Connection connection = connect(broker.factory());
        work(gate, connection, message -> {
            begun.add(text(message));
            end.await();
        });
        Await.until("two sessions run", () -> begun.size() == 2);

        gate.close();
        end.countDown();
        new RabbitSnippets().stop(gate, connection, threads);
        assertThat(begun).hasSize(2);
        assertThat(ready(queue)).isEqualTo(3);
    }

    @Test
    void anInterruptedSessionGivesItsMessageBack() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        send(1);
        AdaptiveCpuGate gate = gate(1);
        work(gate, connect(broker.factory()), message -> {
            begun.countDown();
            new CountDownLatch(1).await();
        });
        begun.await();
        assertThat(ready(queue)).isZero();

        threads.shutdownNow();
        assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
        Await.until("the message is back", () -> ready(queue) == 1);
        GetResponse again = channel.basicGet(queue, true);
        assertThat(again.getEnvelope().isRedeliver()).isTrue();
        assertThat(gate.snapshot().inFlight()).isZero();
    }

    /** What the page says of another way to write it. */
    @Test
    void aPrefetchHoldsMessagesAndChangesForNewConsumersOnly() throws Exception {
        BlockingQueue<Long> delivered = new LinkedBlockingQueue<>();
        channel.basicQos(4);
        channel.basicConsume(
                queue,
                false,
                (tag, message) -> delivered.add(message.getEnvelope().getDeliveryTag()),
                tag -> {});
        send(10);
        for (int i = 0; i < 4; i++) {
            assertThat(delivered.poll(20, TimeUnit.SECONDS)).isNotNull();
        }
        Await.until("the others can have six", () -> ready(queue) == 6);

        channel.basicQos(1);
        channel.basicAck(1, false);
        assertThat(delivered.poll(20, TimeUnit.SECONDS))
                .as("four are still held")
                .isEqualTo(5);
    }
}
