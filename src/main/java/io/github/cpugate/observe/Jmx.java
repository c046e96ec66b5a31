package io.github.cpugate.observe;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.internal.log.Log;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;
import javax.management.StandardMBean;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

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
 * the gate itself has been closed, so that the end of its last sessions can be observed. Of several gates with one name
 * JMX shows the open one that was registered last. A registration does not keep a gate from being garbage-collected.
 *
 * <p>Thread-safe.
 */
public final class Jmx implements AutoCloseable {

    private static final Log LOG = new Log(Jmx.class.getName());
    private static final AtomicBoolean FAULT_LOGGED = new AtomicBoolean();

    /** Held while a gate is added to its bean or removed from it, and while a bean is registered or unregistered. */
    private static final ReentrantLock LOCK = new ReentrantLock();

    private static final Map<ObjectName, Bean> BEANS = new HashMap<>(); // those that have gates; guarded by LOCK

    private final Bean bean;
    private final WeakReference<AdaptiveCpuGate> gate; // weak, so that the governor ends if only JMX refers to the gate

    private Jmx(Bean bean, AdaptiveCpuGate gate) {
        this.bean = bean;
        this.gate = new WeakReference<>(gate);
    }

    /**
     * Registers a gate with the platform's MBean server. Replaces a closed gate of the same name. Hides an open one of
     * the same name, until this gate or its registration is closed.
     *
     * <p>If the JVM has no MBean server, since the JDK fails to make it as it does in some containers, a warning is
     * logged once, and the registration does nothing.
     *
     * @param gate a gate with a name that an operator recognizes
     * @return the registration; close it when the gate is no longer used
     * @throws IllegalStateException if other code, such as this class in another class loader, has registered an open
     *     gate of the same name
     */
    public static Jmx register(AdaptiveCpuGate gate) {
        String name = gate.snapshot().gate();
        ObjectName objectName = objectName(name);
        LOCK.lock();
        try {
            Bean known = BEANS.get(objectName);
            Jmx jmx = new Jmx(known == null ? new Bean(objectName, new Gates(name)) : known, gate);
            jmx.register();
            return jmx;
        } finally {
            LOCK.unlock();
        }
    }

    private static ObjectName objectName(String gate) {
        try {
            return new ObjectName("io.github.cpugate:type=Gate,name=" + ObjectName.quote(gate));
        } catch (MalformedObjectNameException e) {
            throw new IllegalStateException("gate '" + gate + "' has a name that JMX does not accept", e);
        }
    }

    private static @Nullable MBeanServer server() {
        try {
            return ManagementFactory.getPlatformMBeanServer();
        } catch (RuntimeException | LinkageError e) { // JDK-8287073, for example
            if (!FAULT_LOGGED.getAndSet(true)) {
                LOG.log(
                        Level.WARN,
                        e,
                        "gates are not registered with JMX, which does not work in this JVM (logged once)");
            }
            return null;
        }
    }

    /** Under the lock. */
    private void register() {
        bean.gates.all.removeIf(each -> !isOpen(each.get()));
        bean.gates.all.add(gate);
        try {
            bean.register();
            BEANS.put(bean.name, bean);
        } finally {
            if (!bean.registered) {
                bean.gates.all.remove(gate);
            }
        }
    }

    /** Removes the gate from JMX, unless another gate of its name has replaced it. May be called again. */
    @Override
    public void close() {
        LOCK.lock();
        try {
            bean.gates.all.remove(gate);
            if (bean.gates.all.isEmpty()) {
                BEANS.remove(bean.name, bean);
                bean.unregister();
            }
        } finally {
            LOCK.unlock();
        }
    }

    /** {@return the name under which the gate is registered} */
    @Override
    public String toString() {
        return bean.name.toString();
    }

    private static boolean isOpen(@Nullable AdaptiveCpuGate gate) {
        return gate != null && !gate.snapshot().closed();
    }

    /** The gates that are registered under one name, the newest last. Implements {@link GateMXBean} for one of them. */
    private static final class Gates implements InvocationHandler {

        private final String name;
        private final List<WeakReference<AdaptiveCpuGate>> all = new CopyOnWriteArrayList<>();

        Gates(String name) {
            this.name = name;
        }

        /** The newest gate that is open, or else the newest; null if all have been garbage-collected. */
        private @Nullable AdaptiveCpuGate shown() {
            AdaptiveCpuGate shown = null;
            for (WeakReference<AdaptiveCpuGate> each : all) {
                AdaptiveCpuGate gate = each.get();
                if (gate != null && (isOpen(gate) || !isOpen(shown))) {
                    shown = gate;
                }
            }
            return shown;
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
                throws ReflectiveOperationException {
            if (method.getDeclaringClass() == Object.class) {
                return method.invoke(this, arguments);
            }
            if (method.getName().equals("getName")) {
                return name;
            }
            AdaptiveCpuGate gate = shown();
            if (method.getName().equals("isClosed")) {
                return !isOpen(gate);
            }
            if (gate == null) {
                throw new IllegalStateException("gate '" + name + "' has been garbage-collected");
            }
            if (arguments == null) {
                return read(method.getName(), gate.snapshot());
            }
            if (arguments.length == 1) {
                gate.setTargetCpu((double) arguments[0]);
            } else {
                gate.setSlots((int) arguments[0], (int) arguments[1]);
            }
            return null;
        }

        private static Object read(String getter, GateSnapshot now) {
            return switch (getter) {
                case "getLimit" -> now.limit();
                case "getCpuLimit" -> now.cpuLimit();
                case "getApiCeiling" -> now.apiCeiling();
                case "getMinSlots" -> now.minSlots();
                case "getMaxSlots" -> now.maxSlots();
                case "getInFlight" -> now.inFlight();
                case "getWaiting" -> now.waiting();
                case "getPaused" -> now.paused();
                case "getBackingOff" -> now.backingOff();
                case "getAdmitted" -> now.admitted();
                case "getResumed" -> now.resumed();
                case "getTimedOut" -> now.timedOut();
                case "getRejected" -> now.rejected();
                case "getRateLimited" -> now.rateLimited();
                case "getBottleneck" -> now.bottleneck();
                case "getSecondsHeldBackByCpu" -> now.heldBack().cpu().toNanos() / 1e9;
                case "getSecondsHeldBackByApi" -> now.heldBack().api().toNanos() / 1e9;
                case "getSecondsHeldBackByMaxSlots" -> now.heldBack().maxSlots().toNanos() / 1e9;
                case "getRawCpu" -> now.cpu().raw();
                case "getSmoothedCpu" -> now.cpu().smoothed();
                case "getOwnCpu" -> now.cpu().own();
                case "getOthersCpu" -> now.cpu().others();
                case "getThrottledCpu" -> now.cpu().throttled();
                case "getPeers" -> now.hostShare().peers();
                case "getShare" -> now.hostShare().percent();
                case "getPeersCpu" -> now.hostShare().peersCpu();
                case "getScope" -> now.cpu().scope();
                case "getHealth" -> now.cpu().health();
                case "getDetail" -> now.cpu().detail();
                case "getTargetCpu" -> now.targetCpu();
                default -> throw new UnsupportedOperationException(getter);
            };
        }
    }

    /** The bean that JMX has under one name. */
    private static final class Bean extends StandardMBean {

        private final ObjectName name;
        private final Gates gates;
        private volatile boolean registered;

        Bean(ObjectName name, Gates gates) {
            super(
                    (GateMXBean) Proxy.newProxyInstance(
                            GateMXBean.class.getClassLoader(), new Class<?>[] {GateMXBean.class}, gates),
                    GateMXBean.class,
                    true);
            this.name = name;
            this.gates = gates;
        }

        /** Does nothing if it is registered. Replaces the bean of a closed gate that other code has registered. */
        void register() {
            MBeanServer server = registered ? null : server();
            if (server == null) {
                return;
            }
            try {
                if (server.isRegistered(name) && Boolean.TRUE.equals(server.getAttribute(name, "Closed"))) {
                    server.unregisterMBean(name);
                }
                var unused = server.registerMBean(this, name);
            } catch (InstanceAlreadyExistsException e) {
                throw new IllegalStateException("other code has registered an open gate as " + name, e);
            } catch (JMException e) {
                throw new IllegalStateException(name + " cannot be registered", e);
            }
        }

        /** Does nothing if it is not registered, since other code may have registered a bean under the name. */
        void unregister() {
            MBeanServer server = registered ? server() : null;
            if (server == null) {
                return;
            }
            try {
                server.unregisterMBean(name);
            } catch (InstanceNotFoundException e) {
                // Other code has just removed it.
            } catch (JMException e) {
                throw new IllegalStateException(name + " cannot be unregistered", e);
            }
        }

        @Override
        public void postRegister(Boolean done) {
            super.postRegister(done);
            registered = done;
        }

        @Override
        public void postDeregister() {
            super.postDeregister();
            registered = false;
        }
    }
}
