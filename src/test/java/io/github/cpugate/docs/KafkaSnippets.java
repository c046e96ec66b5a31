package io.github.cpugate.docs;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The snippets of docs/fleet/kafka.md. */
class KafkaSnippets {

    private static final Logger LOG = LoggerFactory.getLogger(KafkaSnippets.class);

    /** What a worker does with a record. */
    interface Work {
        void run(String message) throws Exception;
    }

    /** Takes records from a topic, each in a slot of the gate. Run it on as many threads as the gate may have slots. */
    static final class Worker implements Runnable {

        private final AdaptiveCpuGate gate;
        private final Map<String, Object> config;
        private final String topic;
        private final Work work; // your own session
        private final ReentrantLock polling = new ReentrantLock();

        Worker(AdaptiveCpuGate gate, Map<String, Object> config, String topic, Work work) {
            this.gate = gate;
            this.config = config;
            this.topic = topic;
            this.work = work;
        }

        @Override
        public void run() {
            try {
                while (!gate.snapshot().closed()) {
                    take();
                    TimeUnit.SECONDS.sleep(1);
                }
            } catch (GateClosedException | InterruptedException | InterruptException e) {
                LOG.debug("the worker ends", e);
            }
        }

        private void take() throws InterruptedException {
            try (KafkaShareConsumer<String, String> consumer = // of this thread alone
                    new KafkaShareConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
                consumer.subscribe(List.of(topic));
                while (true) {
                    next(consumer);
                }
            } catch (InterruptException e) {
                throw e;
            } catch (KafkaException e) {
                LOG.warn("the consumer failed; its record goes to another worker", e);
            }
        }

        private void next(KafkaShareConsumer<String, String> consumer) throws InterruptedException {
            polling.lockInterruptibly(); // one thread polls at a time: see below
            try (Slot slot = gate.slot()) { // first the slot, then the record
                ConsumerRecord<String, String> record = poll(consumer, slot);
                polling.unlock();
                session(consumer, record);
            } finally {
                if (polling.isHeldByCurrentThread()) {
                    polling.unlock();
                }
            }
        }

        private ConsumerRecord<String, String> poll(KafkaShareConsumer<String, String> consumer, Slot slot)
                throws InterruptedException {
            ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
            if (records.isEmpty()) {
                slot.pause(); // an empty topic holds no slot
                while (records.isEmpty() && !gate.snapshot().closed()) {
                    records = consumer.poll(Duration.ofSeconds(1));
                }
                slot.resume(); // ahead of callers that have not been admitted yet; throws if the gate is closed
            }
            return records.iterator().next();
        }

        private void session(KafkaShareConsumer<String, String> consumer, ConsumerRecord<String, String> record)
                throws InterruptedException {
            if (!commit(consumer, record, AcknowledgeType.RENEW)) {
                return; // the record waited too long for a slot, and another worker has it
            }
            FutureTask<Void> session = new FutureTask<>(() -> {
                work.run(record.value());
                return null;
            });
            Thread thread = new Thread(session);
            thread.start();
            boolean mine;
            try {
                do {
                    thread.join(consumer.acquisitionLockTimeoutMs().orElse(30_000) / 3);
                    mine = !thread.isAlive() || commit(consumer, record, AcknowledgeType.RENEW);
                } while (mine && thread.isAlive());
            } finally {
                thread.interrupt(); // a session that has ended does not notice
                thread.join();
            }
            if (mine) {
                commit(consumer, record, hasFailed(session) ? AcknowledgeType.RELEASE : AcknowledgeType.ACCEPT);
            }
        }

        /** Returns whether the record was still this worker's. */
        private boolean commit(
                KafkaShareConsumer<String, String> consumer,
                ConsumerRecord<String, String> record,
                AcknowledgeType type) {
            consumer.acknowledge(record, type);
            for (Optional<KafkaException> failure : consumer.commitSync().values()) {
                if (failure.isPresent()) {
                    LOG.warn("the record goes to another worker", failure.get());
                    return false;
                }
            }
            if (type == AcknowledgeType.RENEW) {
                consumer.poll(Duration.ZERO); // returns the same record; without commitSync it would fetch another one
            }
            return true;
        }

        private boolean hasFailed(FutureTask<Void> session) throws InterruptedException {
            try {
                session.get();
                return false;
            } catch (ExecutionException e) {
                LOG.warn("a session failed", e.getCause());
                return true;
            }
        }
    }

    void run(String servers, Work work) throws Exception {
        AdaptiveCpuGate gate =
                AdaptiveCpuGate.builder().targetCpu(70).maxSlots(12).build();
        ExecutorService threads = Executors.newCachedThreadPool();
        Worker worker = new Worker(gate, config(servers, "workers"), "sessions", work);
        for (int i = 0; i < 12; i++) {
            threads.execute(worker);
        }
        stop(gate, threads);
    }

    void stop(AdaptiveCpuGate gate, ExecutorService threads) throws Exception {
        gate.close(); // takes no further record; sessions run to their end, and are acknowledged
        threads.shutdown();
        if (!threads.awaitTermination(1, TimeUnit.MINUTES)) {
            threads.shutdownNow(); // interrupts sessions: their records go to other workers
        }
    }

    Map<String, Object> config(String servers, String group) {
        return Map.of(
                "bootstrap.servers",
                servers,
                "group.id",
                group,
                "share.acknowledgement.mode",
                "explicit",
                "share.acquire.mode",
                "record_limit", // else a poll takes whole batches, and fetches ahead
                "max.poll.records",
                1);
    }

    void setUp(Admin admin, String group, String failed, short copies) throws Exception {
        Map<String, String> forFailures = Map.of("errors.deadletterqueue.group.enable", "true");
        admin.createTopics(List.of(new NewTopic(failed, 1, copies).configs(forFailures)))
                .all()
                .get();
        admin.incrementalAlterConfigs(Map.of(
                        new ConfigResource(ConfigResource.Type.GROUP, group),
                        List.of(
                                set("share.auto.offset.reset", "earliest"), // else older records are skipped
                                set("errors.deadletterqueue.topic.name", failed), // "dlq.sessions"
                                set("errors.deadletterqueue.copy.record.enable", "true"))))
                .all()
                .get();
    }

    private static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    }
}
