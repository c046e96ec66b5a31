package io.github.cpugate.observe;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Binding.Side;
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
 * Shows a gate to JMX, where its state can be read, and its target and bounds be set: see {@link GateMXBean}.
 *
 * <pre>{@code
 * AdaptiveCpuGate gate = AdaptiveCpuGate.builder().name("batch").build();
 * Jmx jmx = Jmx.register(gate);
 * }</pre>
 *
 * <p>Its name there is {@code io.github.cpugate:type=Gate,name="batch"}, always in quotes, with what JMX would take for
 * syntax escaped by a backslash. It is there until {@link #close()}, after the gate's own too, so that sessions that
 * still run can be seen to end. A registration does not keep a gate from being found to be garbage.
 *
 * <p>Thread-safe.
 */
public final class Jmx implements AutoCloseable {

    /** Who looks whether a name is taken, and takes it, is not to be disturbed. */
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
     * Registers a gate with the platform's MBean server. Takes the place of a gate of the same name that is closed.
     *
     * @param gate a gate, named so that an operator knows it
     * @return the registration; close it when the gate is done with
     * @throws IllegalStateException if an open gate of that name is registered
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
            throw new IllegalStateException("gate '" + gate + "' cannot be named for JMX", e);
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
            throw new IllegalStateException("an open gate is registered as " + name + " already", e);
        } catch (JMException e) {
            throw new IllegalStateException(name + " cannot be registered", e);
        } finally {
            LOCK.unlock();
        }
    }

    /** Removes the gate from JMX, unless another of its name has taken its place. May be called again. */
    @Override
    public void close() {
        LOCK.lock();
        try {
            if (bean.registered) {
                server.unregisterMBean(name);
            }
        } catch (InstanceNotFoundException e) {
            // Somebody else removed it at this moment.
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
        private final WeakReference<AdaptiveCpuGate> gate; // its governor ends if nobody but JMX refers to it
        private volatile boolean registered;

        Bean(AdaptiveCpuGate gate) {
            this.name = gate.snapshot().gate();
            this.gate = new WeakReference<>(gate);
        }

        private AdaptiveCpuGate gate() {
            AdaptiveCpuGate there = gate.get();
            if (there == null) {
                throw new IllegalStateException("gate '" + name + "' was dropped");
            }
            return there;
        }

        private GateSnapshot seen() {
            return gate().snapshot();
        }

        @Override
        public String getName() {
            return name;
        }

        @Override
        public int getLimit() {
            return seen().limit();
        }

        @Override
        public int getCpuLimit() {
            return seen().cpuLimit();
        }

        @Override
        public int getApiCeiling() {
            return seen().apiCeiling();
        }

        @Override
        public int getMinSlots() {
            return seen().minSlots();
        }

        @Override
        public int getMaxSlots() {
            return seen().maxSlots();
        }

        @Override
        public int getInFlight() {
            return seen().inFlight();
        }

        @Override
        public int getWaiting() {
            return seen().waiting();
        }

        @Override
        public long getAdmitted() {
            return seen().admitted();
        }

        @Override
        public long getTimedOut() {
            return seen().timedOut();
        }

        @Override
        public long getRateLimited() {
            return seen().rateLimited();
        }

        @Override
        public Side getBinding() {
            return seen().binding().side();
        }

        @Override
        public double getSecondsBoundByCpu() {
            return seconds(seen().binding().cpu());
        }

        @Override
        public double getSecondsBoundByApi() {
            return seconds(seen().binding().api());
        }

        @Override
        public double getSecondsBoundByMaxSlots() {
            return seconds(seen().binding().maxSlots());
        }

        private static double seconds(Duration duration) {
            return duration.toNanos() / 1e9;
        }

        @Override
        public double getRawCpu() {
            return seen().cpu().raw();
        }

        @Override
        public double getSmoothedCpu() {
            return seen().cpu().smoothed();
        }

        @Override
        public double getOwnCpu() {
            return seen().cpu().own();
        }

        @Override
        public double getOthersCpu() {
            return seen().cpu().others();
        }

        @Override
        public String getScope() {
            return seen().cpu().scope();
        }

        @Override
        public Health getHealth() {
            return seen().cpu().health();
        }

        @Override
        public String getDetail() {
            return seen().cpu().detail();
        }

        @Override
        public boolean isClosed() {
            AdaptiveCpuGate there = gate.get();
            return there == null || there.snapshot().closed();
        }

        @Override
        public double getTargetCpu() {
            return seen().targetCpu();
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
