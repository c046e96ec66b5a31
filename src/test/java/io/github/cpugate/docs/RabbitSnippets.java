package io.github.cpugate.docs;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.ShutdownSignalException;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The snippets of docs/fleet/rabbitmq.md. */
class RabbitSnippets {

    private static final Logger LOG = LoggerFactory.getLogger(RabbitSnippets.class);

    /** What a worker does with a message. */
    interface Work {
        void run(byte[] message) throws Exception;
    }

    /**
     * Takes messages from a queue, each in a slot of the gate. Run it on as many threads as the gate may have slots.
     */
    static final class Worker implements Runnable {

        private final AdaptiveCpuGate gate;
        private final Connection connection;
        private final String queue;
        private final Work work; // your own session
        private final ReentrantLock asking = new ReentrantLock();

        Worker(AdaptiveCpuGate gate, Connection connection, String queue, Work work) {
            this.gate = gate;
            this.connection = connection;
            this.queue = queue;
            this.work = work;
        }

        @Override
        public void run() {
            try {
                while (!gate.snapshot().closed()) {
                    take();
                    TimeUnit.SECONDS.sleep(1); // meanwhile the client connects again
                }
            } catch (GateClosedException | InterruptedException e) {
                LOG.debug("the worker ends", e);
            }
        }

        private void take() throws InterruptedException {
            try (Channel channel = connection.createChannel()) { // of this thread alone
                while (true) {
                    next(channel);
                }
            } catch (IOException | TimeoutException | ShutdownSignalException e) {
                LOG.warn("no connection; what is not acknowledged goes to another worker", e);
            }
        }

        private void next(Channel channel) throws IOException, InterruptedException {
            asking.lockInterruptibly(); // one thread at a time: if all asked an empty queue, the limit would rise
            try (Slot slot = gate.slot()) { // first the slot, then the message
                GetResponse message = channel.basicGet(queue, false);
                while (message == null) {
                    slot.pause(); // an empty queue holds no slot
                    TimeUnit.SECONDS.sleep(1);
                    slot.resume();
                    message = channel.basicGet(queue, false);
                }
                asking.unlock();
                session(channel, message);
            } finally {
                if (asking.isHeldByCurrentThread()) {
                    asking.unlock();
                }
            }
        }

        private void session(Channel channel, GetResponse message) throws IOException {
            long tag = message.getEnvelope().getDeliveryTag();
            try {
                work.run(message.getBody());
            } catch (Exception e) {
                LOG.warn("a session failed; its message goes back into the queue", e);
                if (e instanceof InterruptedException) {
                    Thread.currentThread().interrupt(); // ends this thread at its next wait
                }
                channel.basicNack(tag, false, true);
                return;
            }
            channel.basicAck(tag, false); // only now is the message gone from the queue
        }
    }

    void run(ConnectionFactory factory, Work work) throws Exception {
        AdaptiveCpuGate gate =
                AdaptiveCpuGate.builder().targetCpu(70).maxSlots(12).build();
        Connection connection = factory.newConnection();
        ExecutorService threads = Executors.newCachedThreadPool(); // or virtual threads
        Worker worker = new Worker(gate, connection, "sessions", work);
        for (int i = 0; i < 12; i++) {
            threads.execute(worker);
        }
        stop(gate, connection, threads);
    }

    void stop(AdaptiveCpuGate gate, Connection connection, ExecutorService threads) throws Exception {
        gate.close(); // takes no further message; sessions run to their end, and are acknowledged
        threads.shutdown();
        if (!threads.awaitTermination(1, TimeUnit.MINUTES)) {
            threads.shutdownNow(); // interrupts sessions: their messages go back into the queue
        }
        connection.close();
    }

    void declare(Channel channel, String queue, String failed) throws IOException {
        Map<String, Object> arguments = new HashMap<>(Map.of("x-queue-type", "quorum"));
        channel.queueDeclare(failed, true, false, false, arguments);
        arguments.put("x-delivery-limit", 3); // after the first try
        arguments.put("x-dead-letter-exchange", "");
        arguments.put("x-dead-letter-routing-key", failed);
        channel.queueDeclare(queue, true, false, false, arguments);
    }
}
