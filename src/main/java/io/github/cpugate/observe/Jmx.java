package io.github.cpugate.observe;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Bottleneck;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.cpu.CpuSample.Health;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanRegistration;
import javax.management.MBeanServer;
import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;

/**
 * Registers a gate in JMX, where its state can be read, and its target and bounds can be set: see {@link GateMXBean}.
 *
 * <pre>{@code
 * AdaptiveCpuGate gate = AdaptiveCpuGate.builder().name("batch").build();
 * Jmx jmx = Jmx.register(gate);
 * }</pre>
 *
 * <p>The gate's name in JMX is {@code io.github.cpugate:type=Gate,name="batch"}. It is always quoted, and a backslash
 * escapes the characters that JMX would take for syntax. The gate stays registered until {@link #close()}, even after
 * the gate itself has been closed, so that the end of its last sessions can be observed. A registration does not keep a
 * gate from being garbage-collected.
 *
 * <p>Thread-safe.
 */
public final class Jmx implements AutoCloseable {

    /** Held from the check whether a name is taken until the name is registered. */
    private static final ReentrantLock LOCK = new ReentrantLock();

    private final MBeanServer server;
    private final ObjectName name;
    private final Bean bean;

    private Jmx(MBeanServer server, ObjectName name, Bean bean) {
        this.server = server;
        this.name = name;
        this.bean = bean;
    }

    /**
     * Registers a gate with the platform's MBean server. Replaces a closed gate of the same name.
     *
     * @param gate a gate with a name that an operator recognizes
     * @return the registration; close it when the gate is no longer used
     * @throws IllegalStateException if an open gate of the same name is registered
     */
    public static Jmx register(AdaptiveCpuGate gate) {
        Bean bean = new Bean(gate);
        Jmx jmx = new Jmx(ManagementFactory.getPlatformMBeanServer(), objectName(bean.getName()), bean);
        jmx.register();
        return jmx;
    }

    private static ObjectName objectName(String gate) {
        try {
            return new ObjectName("io.github.cpugate:type=Gate,name=" + ObjectName.quote(gate));
        } catch (MalformedObjectNameException e) {
            throw new IllegalStateException("gate '" + gate + "' has a name that JMX does not accept", e);
        }
    }

    private void register() {
        LOCK.lock();
        try {
            if (server.isRegistered(name) && Boolean.TRUE.equals(server.getAttribute(name, "Closed"))) {
                server.unregisterMBean(name);
            }
            var unused = server.registerMBean(bean, name);
        } catch (InstanceAlreadyExistsException e) {
            throw new IllegalStateException("an open gate is already registered as " + name, e);
        } catch (JMException e) {
            throw new IllegalStateException(name + " cannot be registered", e);
        } finally {
            LOCK.unlock();
        }
    }

    /** Removes the gate from JMX, unless another gate of its name has replaced it. May be called again. */
    @Override
    public void close() {
        LOCK.lock();
        try {
            if (bean.registered) {
                server.unregisterMBean(name);
            }
        } catch (InstanceNotFoundException e) {
            // Other code has just removed it.
        } catch (JMException e) {
            throw new IllegalStateException(name + " cannot be unregistered", e);
        } finally {
            LOCK.unlock();
        }
    }

    /** {@return the name under which the gate is registered} */
    @Override
    public String toString() {
        return name.toString();
    }

    private static final class Bean implements GateMXBean, MBeanRegistration {

        private final String name;
        private final WeakReference<AdaptiveCpuGate> gate; // weak: its governor ends if only JMX refers to it
        private volatile boolean registered;

        Bean(AdaptiveCpuGate gate) {
            this.name = gate.snapshot().gate();
            this.gate = new WeakReference<>(gate);
        }

        private AdaptiveCpuGate gate() {
            AdaptiveCpuGate current = gate.get();
            if (current == null) {
                throw new IllegalStateException("gate '" + name + "' has been garbage-collected");
            }
            return current;
        }

        private GateSnapshot snapshot() {
            return gate().snapshot();
        }

        @Override
        public String getName() {
            return name;
        }

        @Override
        public int getLimit() {
            return snapshot().limit();
        }

        @Override
        public int getCpuLimit() {
            return snapshot().cpuLimit();
        }

        @Override
        public int getApiCeiling() {
            return snapshot().apiCeiling();
        }

        @Override
        public int getMinSlots() {
            return snapshot().minSlots();
        }

        @Override
        public int getMaxSlots() {
            return snapshot().maxSlots();
        }

        @Override
        public int getInFlight() {
            return snapshot().inFlight();
        }

        @Override
        public int getWaiting() {
            return snapshot().waiting();
        }

        @Override
        public long getAdmitted() {
            return snapshot().admitted();
        }

        @Override
        public long getTimedOut() {
            return snapshot().timedOut();
        }

        @Override
        public long getRateLimited() {
            return snapshot().rateLimited();
        }

        @Override
        public Bottleneck getBottleneck() {
            return snapshot().bottleneck();
        }

        @Override
        public double getSecondsHeldBackByCpu() {
            return seconds(snapshot().heldBack().cpu());
        }

        @Override
        public double getSecondsHeldBackByApi() {
            return seconds(snapshot().heldBack().api());
        }

        @Override
        public double getSecondsHeldBackByMaxSlots() {
            return seconds(snapshot().heldBack().maxSlots());
        }

        private static double seconds(Duration duration) {
            return duration.toNanos() / 1e9;
        }

        @Override
        public double getRawCpu() {
            return snapshot().cpu().raw();
        }

        @Override
        public double getSmoothedCpu() {
            return snapshot().cpu().smoothed();
        }

        @Override
        public double getOwnCpu() {
            return snapshot().cpu().own();
        }

        @Override
        public double getOthersCpu() {
            return snapshot().cpu().others();
        }

        @Override
        public String getScope() {
            return snapshot().cpu().scope();
        }

        @Override
        public Health getHealth() {
            return snapshot().cpu().health();
        }

        @Override
        public String getDetail() {
            return snapshot().cpu().detail();
        }

        @Override
        public boolean isClosed() {
            AdaptiveCpuGate current = gate.get();
            return current == null || current.snapshot().closed();
        }

        @Override
        public double getTargetCpu() {
            return snapshot().targetCpu();
        }

        @Override
        public void setTargetCpu(double percent) {
            gate().setTargetCpu(percent);
        }

        @Override
        public void setSlots(int minSlots, int maxSlots) {
            gate().setSlots(minSlots, maxSlots);
        }

        @Override
        public ObjectName preRegister(MBeanServer server, @Nullable ObjectName name) {
            return Objects.requireNonNull(name);
        }

        @Override
        public void postRegister(Boolean done) {
            registered = done;
        }

        @Override
        public void preDeregister() {}

        @Override
        public void postDeregister() {
            registered = false;
        }
    }
}
