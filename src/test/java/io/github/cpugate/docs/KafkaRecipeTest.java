package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.testing.Await;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the recipe of docs/fleet/kafka.md with a real server. */
@Tag("slow")
class KafkaRecipeTest {

    @TempDir
    static Path folder;

    private static KafkaBroker broker; // started by the first test, so that each test is skipped without it
    private static Admin admin;
    private static KafkaProducer<String, String> producer;

    private final KafkaSnippets recipe = new KafkaSnippets();
    private final String topic = UUID.randomUUID().toString(); // the group has the same name
    private final List<AdaptiveCpuGate> gates = new ArrayList<>();
    private final ExecutorService threads = Sessions.threads();

    @AfterAll
    static void stopBroker() throws Exception {
        if (broker != null) {
            producer.close();
            admin.close();
            broker.close();
        }
    }

    @BeforeEach
    void createTopic() throws Exception {
        if (broker == null) {
            broker = new KafkaBroker(folder);
            Map<String, Object> address = Map.of("bootstrap.servers", broker.address());
            admin = Admin.create(address);
            producer = new KafkaProducer<>(address, new StringSerializer(), new StringSerializer());
        }
        admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        recipe.setUp(admin, topic, "dlq." + topic, (short) 1);
    }

    @AfterEach
    void close() throws InterruptedException {
        gates.forEach(AdaptiveCpuGate::close);
        assertThat(end()).isTrue();
    }

    /** Ends the workers, whose gates are closed; returns whether they have ended. */
    private boolean end() throws InterruptedException {
        threads.shutdown();
        return threads.awaitTermination(20, TimeUnit.SECONDS);
    }

    private AdaptiveCpuGate gate(int slots) {
        AdaptiveCpuGate gate = Races.gate(slots);
        gates.add(gate);
        return gate;
    }

    private void send(int records) throws Exception {
        for (int i = 0; i < records; i++) {
            producer.send(new ProducerRecord<>(topic, Integer.toString(i))).get();
        }
    }

    /** Sets for how long a record that is not acknowledged is kept from other consumers. */
    private void lock(Duration time) throws Exception {
        ConfigEntry duration = new ConfigEntry("share.record.lock.duration.ms", Long.toString(time.toMillis()));
        admin.incrementalAlterConfigs(Map.of(
                        new ConfigResource(ConfigResource.Type.GROUP, topic),
                        List.of(new AlterConfigOp(duration, AlterConfigOp.OpType.SET))))
                .all()
                .get();
    }

    private Map<String, Object> config(String address) {
        return recipe.config(address, topic);
    }

    private void work(AdaptiveCpuGate gate, String address, KafkaSnippets.Work work) {
        KafkaSnippets.Worker worker = new KafkaSnippets.Worker(gate, config(address), topic, work);
        for (int i = 0; i < gate.snapshot().maxSlots(); i++) {
            threads.execute(worker);
        }
    }

    private void work(AdaptiveCpuGate gate, KafkaSnippets.Work work) {
        work(gate, broker.address(), work);
    }

    @Test
    void twoWorkersDoEachSessionOnceAndNeverMoreThanTheirSlots() throws Exception {
        Sessions sessions = new Sessions(5);
        send(100);
        for (int slots : new int[] {2, 3}) {
            Sessions.Machine machine = sessions.machine(slots);
            work(gate(slots), machine::run);
        }

        sessions.awaitDone(IntStream.range(0, 100).mapToObj(Integer::toString).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"oneSlot", "headroom"})
    void anEmptyTopicHoldsNoSlotAndDoesNotRaiseTheLimit(String policy) throws Exception {
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .maxSlots(8)
                .sampler(() -> CpuSample.of(5))
                .policy(policy.equals("headroom") ? StepPolicy.headroom() : StepPolicy.oneSlot())
                .build();
        gates.add(gate);
        BlockingQueue<String> done = new LinkedBlockingQueue<>();
        work(gate, done::add);

        Await.until("the slot is paused", () -> gate.snapshot().paused() == 1);
        for (int step = 0; step < 10; step++) {
            assertThat(gate.step().limitAfter()).isEqualTo(1);
        }
        assertThat(gate.snapshot()).returns(0, GateSnapshot::inFlight).returns(0, GateSnapshot::waiting);
        gate.trySlot().orElseThrow().close(); // there for other work

        send(1);
        assertThat(done.poll(20, TimeUnit.SECONDS)).isEqualTo("0");
    }

    @Test
    void aSessionThatFailsIsTriedFiveTimesAndThenInTheOtherTopic() throws Exception {
        BlockingQueue<String> tried = new LinkedBlockingQueue<>();
        work(gate(2), message -> {
            tried.add(message);
            if (message.equals("0")) {
                throw new IOException("on purpose");
            }
        });
        send(2);

        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", broker.address()));
        try (KafkaConsumer<String, String> failed =
                new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> partition = List.of(new TopicPartition("dlq." + topic, 0));
            failed.assign(partition);
            failed.seekToBeginning(partition);
            assertThat(only(failed.poll(Await.DEADLINE)).value()).isEqualTo("0");
        }
        Await.until("the other session was tried, too", () -> tried.contains("1"));
        assertThat(tried).containsExactlyInAnyOrder("0", "0", "0", "0", "0", "1");
    }

    @Test
    void aSessionLongerThanTheLockKeepsItsRecord() throws Exception {
        lock(Duration.ofSeconds(4));
        CountDownLatch end = new CountDownLatch(1);
        BlockingQueue<String> begun = new LinkedBlockingQueue<>();
        send(1);
        work(gate(1), message -> {
            begun.add(message);
            end.await();
        });
        assertThat(begun.poll(20, TimeUnit.SECONDS)).isEqualTo("0");

        producer.send(new ProducerRecord<>(topic, "1")).get();
        try (KafkaShareConsumer<String, String> first = consumer();
                KafkaShareConsumer<String, String> second = consumer()) {
            assertThat(next(first)).isEqualTo("1");
            assertThat(next(second))
                    .as("the lock on the later record has expired")
                    .isEqualTo("1");
        }
        end.countDown();
        gates.forEach(AdaptiveCpuGate::close);
        assertThat(end()).isTrue();
        try (KafkaShareConsumer<String, String> third = consumer()) {
            assertThat(next(third)).as("the first record is done").isEqualTo("1");
        }
        assertThat(begun).isEmpty();
    }

    private KafkaShareConsumer<String, String> consumer() {
        KafkaShareConsumer<String, String> consumer =
                new KafkaShareConsumer<>(config(broker.address()), new StringDeserializer(), new StringDeserializer());
        consumer.subscribe(List.of(topic));
        return consumer;
    }

    private static ConsumerRecord<String, String> only(ConsumerRecords<String, String> records) {
        assertThat(records.count()).isOne();
        return records.iterator().next();
    }

    /** Waits for a record, and does not acknowledge it. */
    private static String next(KafkaShareConsumer<String, String> consumer) {
        return only(consumer.poll(Await.DEADLINE)).value();
    }

    @Test
    void whereAConnectionBreaksTheOtherWorkerDoesTheSession() throws Exception {
        BlockingQueue<String> begun = new LinkedBlockingQueue<>();
        BlockingQueue<String> done = new LinkedBlockingQueue<>();
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        lock(Duration.ofSeconds(12));
        send(1);
        work(gate(1), broker.breakableAddress(), message -> {
            begun.add(message);
            try {
                end.await();
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
        });
        assertThat(begun.poll(20, TimeUnit.SECONDS)).isEqualTo("0");
        AdaptiveCpuGate other = gate(1);
        work(other, done::add);

        broker.breakConnections();
        assertThat(done.poll(20, TimeUnit.SECONDS)).isEqualTo("0");
        assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();

        other.close();
        Await.until(
                "the other one has no slot",
                () -> other.snapshot().inFlight() == 0 && other.snapshot().paused() == 0);
        send(1);
        assertThat(begun.poll(20, TimeUnit.SECONDS)).as("connected again").isEqualTo("0");
        end.countDown();
    }

    @Test
    void anInterruptedWorkerGivesItsRecordBack() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        AdaptiveCpuGate gate = gate(2);
        work(gate, message -> {
            begun.countDown();
            try {
                new CountDownLatch(1).await();
            } finally {
                ended.countDown();
            }
        });
        send(1);
        begun.await();
        Await.until(
                "one thread runs the session, and one polls",
                () -> gate.snapshot().paused() == 1);

        threads.shutdownNow();
        assertThat(end()).isTrue();
        assertThat(ended.getCount()).as("sessions that still run").isZero();
        assertThat(gate.snapshot()).returns(0, GateSnapshot::inFlight).returns(0, GateSnapshot::paused);
        try (KafkaShareConsumer<String, String> other = consumer()) {
            ConsumerRecord<String, String> record = only(other.poll(Await.DEADLINE));
            assertThat(record.deliveryCount()).contains((short) 2);
        }
    }

    @Test
    void aRecordThatWaitsForASlotForTooLongIsLeftToOthers() throws Exception {
        lock(Duration.ofSeconds(2));
        BlockingQueue<String> mine = new LinkedBlockingQueue<>();
        BlockingQueue<String> others = new LinkedBlockingQueue<>();
        AdaptiveCpuGate gate = gate(1);
        work(gate, mine::add);
        Await.until("the slot is paused", () -> gate.snapshot().paused() == 1);
        try (Slot otherWork = gate.slot()) {
            send(1);
            Await.until("the session waits for its slot", () -> gate.snapshot().waiting() == 1);
            work(gate(1), others::add);
            assertThat(others.poll(20, TimeUnit.SECONDS)).isEqualTo("0");
        }
        Await.until(
                "the slot is paused again",
                () -> gate.snapshot().paused() == 1 && gate.snapshot().resumed() > 0);
        assertThat(mine).isEmpty();
    }

    @Test
    void closingTheGateLetsSessionsEndAndLeavesTheRestInTheTopic() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        BlockingQueue<String> begun = new LinkedBlockingQueue<>();
        send(5);
        AdaptiveCpuGate gate = gate(2);
        work(gate, message -> {
            begun.add(message);
            end.await();
        });
        Await.until("two sessions run", () -> begun.size() == 2);

        gate.close();
        end.countDown();
        recipe.stop(gate, threads);
        assertThat(begun).containsExactlyInAnyOrder("0", "1");
        try (KafkaShareConsumer<String, String> next = consumer()) {
            assertThat(next(next)).isEqualTo("2");
        }
    }

    /** What the page says of Kafka itself, and why only one consumer of a worker polls at a time. */
    @Test
    void aConsumerThatFoundNothingTakesTheNextRecordUnasked() throws Exception {
        lock(Duration.ofSeconds(1));
        try (KafkaShareConsumer<String, String> idle = consumer();
                KafkaShareConsumer<String, String> busy = consumer()) {
            short deliveries = 1;
            for (int tries = 0; deliveries == 1 && tries < 5; tries++) { // between two of its fetches it takes none
                assertThat(idle.poll(Duration.ofSeconds(1)).isEmpty()).isTrue();
                send(1);
                ConsumerRecord<String, String> record = only(busy.poll(Await.DEADLINE));
                deliveries = record.deliveryCount().orElseThrow();
                busy.acknowledge(record);
                busy.commitSync();
            }
            assertThat(deliveries).as("the other consumer let the lock expire").isEqualTo((short) 2);
        }
    }
}
