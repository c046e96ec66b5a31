package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Bottleneck;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSample.Health;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Processes;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import javax.management.Attribute;
import javax.management.JMX;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.management.RuntimeMBeanException;
import javax.management.StandardMBean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class JmxTest {

    private final MBeanServer server = ManagementFactory.getPlatformMBeanServer();

    private static AdaptiveCpuGate gate(String name) {
        return AdaptiveCpuGate.builder()
                .name(name)
                .manual()
                .initialSlots(2)
                .sampler(() -> CpuSample.of(new CpuReading(95, 60, 0, "cgroup /a (0.5 cores)", 0.5), 90))
                .build();
    }

    private static ObjectName name(String gate) throws Exception {
        return new ObjectName("io.github.cpugate:type=Gate,name=" + ObjectName.quote(gate));
    }

    private GateMXBean proxy(String gate) throws Exception {
        return JMX.newMXBeanProxy(server, name(gate), GateMXBean.class);
    }

    @Test
    void theAttributesShowTheStateOfTheGate() throws Exception {
        try (AdaptiveCpuGate gate = gate("shown");
                Jmx jmx = Jmx.register(gate)) {
            assertThat(jmx).hasToString("io.github.cpugate:type=Gate,name=\"shown\"");
            GateMXBean bean = proxy("shown");
            assertThat(bean.getHealth()).isEqualTo(Health.STARTING);
            assertThat(bean.getRawCpu()).isNaN();
            assertThat(bean.getDetail()).isEqualTo("no reading yet");
            gate.step(); // down to one slot
            try (Slot held = gate.slot()) {
                assertThat(held).isNotNull();
                assertThat(gate.trySlot(Duration.ofNanos(1))).isEmpty();
                var unused = gate.slotAsync();
                assertThat(bean.getName()).isEqualTo("shown");
                assertThat(bean.getLimit()).isEqualTo(1);
                assertThat(bean.getMinSlots()).isEqualTo(1);
                assertThat(bean.getMaxSlots()).isEqualTo(16);
                assertThat(bean.getInFlight()).isEqualTo(1);
                assertThat(bean.getWaiting()).isEqualTo(1);
                assertThat(bean.getAdmitted()).isEqualTo(1);
                assertThat(bean.getTimedOut()).isEqualTo(1);
                assertThat(bean.getTargetCpu()).isEqualTo(70);
                assertThat(bean.getRawCpu()).isEqualTo(95);
                assertThat(bean.getSmoothedCpu()).isEqualTo(90);
                assertThat(bean.getOwnCpu()).isEqualTo(60);
                assertThat(bean.getOthersCpu()).isEqualTo(35);
                assertThat(bean.getScope()).isEqualTo("cgroup /a (0.5 cores)");
                assertThat(bean.getHealth()).isEqualTo(Health.OK);
                assertThat(bean.getDetail()).isEmpty();
                assertThat(bean.isClosed()).isFalse();
                gate.close();
                assertThat(bean.isClosed()).isTrue();
                assertThat(bean.getInFlight()).as("the session still runs").isEqualTo(1);
            }
        }
        assertThat(server.isRegistered(name("shown"))).isFalse();
    }

    @Test
    void theAttributesShowTheBottleneckAndTheSecondsHeldBack() throws Exception {
        try (HeldBackGate heldBack = new HeldBackGate();
                Jmx jmx = Jmx.register(heldBack.gate)) {
            assertThat(jmx).isNotNull();
            GateMXBean bean = proxy("held-back");
            assertThat(bean.getApiCeiling()).as("no API ceiling").isEqualTo(bean.getMaxSlots());
            heldBack.run();
            assertThat(bean.getLimit()).isEqualTo(2);
            assertThat(bean.getCpuLimit()).isEqualTo(3);
            assertThat(bean.getApiCeiling()).isEqualTo(2);
            assertThat(bean.getRateLimited()).isEqualTo(2);
            assertThat(bean.getBottleneck()).as("no caller is in line").isEqualTo(Bottleneck.NONE);
            assertThat(bean.getSecondsHeldBackByCpu()).isEqualTo(1);
            assertThat(bean.getSecondsHeldBackByApi()).isEqualTo(62.5);
            assertThat(bean.getSecondsHeldBackByMaxSlots()).isEqualTo(3);
            try (Slot one = heldBack.gate.slot();
                    Slot two = heldBack.gate.slot()) {
                assertThat(List.of(one, two)).hasSize(2);
                CompletableFuture<Slot> next = heldBack.gate.slotAsync();
                assertThat(bean.getBottleneck()).isEqualTo(Bottleneck.API);
                assertThat(next.cancel(false)).isTrue();
            }
        }
    }

    @Test
    void theAttributesShowPausedSessionsResumptionsAndRejections() throws Exception {
        try (PausedGate paused = new PausedGate();
                Jmx jmx = Jmx.register(paused.gate)) {
            assertThat(jmx).isNotNull();
            paused.run();
            GateMXBean bean = proxy("paused");
            assertThat(bean.getPaused()).isEqualTo(3);
            assertThat(bean.getBackingOff()).isEqualTo(1);
            assertThat(bean.getAdmitted()).isEqualTo(4);
            assertThat(bean.getResumed()).isEqualTo(2);
            assertThat(bean.getRejected()).isEqualTo(1);
        }
    }

    @Test
    void theTargetAndTheBoundsCanBeSet() throws Exception {
        try (AdaptiveCpuGate gate = gate("tuned");
                Jmx jmx = Jmx.register(gate)) {
            assertThat(jmx).isNotNull();
            server.setAttribute(name("tuned"), new Attribute("TargetCpu", 50.0));
            assertThat(gate.snapshot().targetCpu()).isEqualTo(50);
            Object[] bounds = {3, 8};
            var unused = server.invoke(name("tuned"), "setSlots", bounds, new String[] {"int", "int"});
            assertThat(gate.snapshot().minSlots()).isEqualTo(3);
            assertThat(gate.snapshot().limit()).isEqualTo(3);
            assertThat(gate.snapshot().maxSlots()).isEqualTo(8);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> proxy("tuned").setSlots(5, 4))
                    .withMessageContaining("maxSlots must be at least minSlots = 5, was 4");
        }
    }

    /** Returns the exception as a remote client receives it that has only the JDK's classes. */
    private static Throwable asReceivedRemotely(Throwable thrown) throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(thrown);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())) {
            @Override
            protected Class<?> resolveClass(ObjectStreamClass type) throws ClassNotFoundException {
                return Class.forName(type.getName(), false, ClassLoader.getPlatformClassLoader());
            }
        }) {
            return (Throwable) in.readObject();
        }
    }

    @Test
    void aClientWithoutTheLibraryCanReadTheExceptionText() throws Exception {
        try (AdaptiveCpuGate gate = gate("fraction");
                Jmx jmx = Jmx.register(gate)) {
            assertThat(jmx).isNotNull();
            ObjectName name = name("fraction");
            Throwable thrown = catchThrowable(() -> server.setAttribute(name, new Attribute("TargetCpu", 0.7)));
            assertThat(asReceivedRemotely(thrown))
                    .isInstanceOf(RuntimeMBeanException.class)
                    .hasMessageContaining("targetCpu must be a percentage in (1, 100], was 0.7 (did you mean 70?)");
            assertThat(gate.snapshot().targetCpu()).isEqualTo(70);
            for (var attribute : server.getMBeanInfo(name).getAttributes()) {
                Object value = server.getAttribute(name, attribute.getName());
                assertThat(value.getClass().getName()).as("a class of the JDK").startsWith("java.lang.");
            }
        }
    }

    @Test
    void aGateNameMayHaveAnyCharacters() throws Exception {
        for (String hostile : Set.of("a,type=b", "*?", "\"", "\\", "a=b:c", "two\nlines", "\0", "日本 🎌")) {
            try (AdaptiveCpuGate gate = gate(hostile);
                    Jmx jmx = Jmx.register(gate)) {
                assertThat(jmx).isNotNull();
                assertThat(name(hostile).isPattern()).isFalse();
                assertThat(proxy(hostile).getName()).isEqualTo(hostile);
            }
            assertThat(server.isRegistered(name(hostile))).isFalse();
        }
    }

    @Test
    void theNewestOpenGateOfANameIsShown() throws Exception {
        try (AdaptiveCpuGate first = gate("twin");
                AdaptiveCpuGate second = gate("twin");
                Jmx ofFirst = Jmx.register(first)) {
            Jmx ofSecond = Jmx.register(second);
            proxy("twin").setTargetCpu(30);
            assertThat(second.snapshot().targetCpu()).isEqualTo(30);
            assertThat(first.snapshot().targetCpu()).isEqualTo(70);
            second.close();
            assertThat(proxy("twin").isClosed()).as("the first gate is open").isFalse();
            assertThat(proxy("twin").getTargetCpu()).isEqualTo(70);
            ofSecond.close();
            assertThat(proxy("twin").getTargetCpu()).isEqualTo(70);
            first.close();
            assertThat(proxy("twin").isClosed()).isTrue();
            ofFirst.close();
            assertThat(server.isRegistered(name("twin"))).isFalse();
        }
    }

    @Test
    void aRebuiltGateStaysWhenTheOldRegistrationIsClosed() throws Exception {
        try (AdaptiveCpuGate old = gate("rebuilt");
                AdaptiveCpuGate rebuilt = gate("rebuilt");
                Jmx ofOld = Jmx.register(old);
                Jmx ofRebuilt = Jmx.register(rebuilt)) {
            rebuilt.setTargetCpu(30);
            ofOld.close();
            old.close();
            assertThat(proxy("rebuilt").getTargetCpu()).isEqualTo(30);
            ofRebuilt.close();
            assertThat(server.isRegistered(name("rebuilt"))).isFalse();
        }
    }

    /** A gate that this class has registered in another class loader. */
    public interface ElsewhereMBean {
        boolean isClosed();
    }

    /** Implements the MBean. */
    static final class Elsewhere implements ElsewhereMBean {

        private volatile boolean closed;

        @Override
        public boolean isClosed() {
            return closed;
        }
    }

    @Test
    void aGateThatOtherCodeHasRegisteredIsReplacedOnceItIsClosed() throws Exception {
        Elsewhere other = new Elsewhere();
        ObjectName name = name("elsewhere");
        var unused = server.registerMBean(new StandardMBean(other, ElsewhereMBean.class), name);
        try (AdaptiveCpuGate gate = gate("elsewhere")) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> Jmx.register(gate))
                    .withMessage("other code has registered an open gate as " + name);
            assertThat(server.getAttribute(name, "Closed")).isEqualTo(false);
            other.closed = true;
            try (Jmx jmx = Jmx.register(gate)) {
                assertThat(jmx).isNotNull();
                assertThat(proxy("elsewhere").getLimit()).isEqualTo(2);
                server.unregisterMBean(name);
                unused = server.registerMBean(new StandardMBean(other, ElsewhereMBean.class), name);
            }
            assertThat(server.isRegistered(name)).as("the bean of other code").isTrue();
        } finally {
            server.unregisterMBean(name);
        }
    }

    @Test
    void aNewGateReplacesAClosedGateOfTheSameName() throws Exception {
        AdaptiveCpuGate first = gate("again");
        Jmx old = Jmx.register(first);
        first.close();
        try (AdaptiveCpuGate second = gate("again");
                Jmx jmx = Jmx.register(second)) {
            second.setTargetCpu(30);
            assertThat(proxy("again").getTargetCpu()).isEqualTo(30);
            old.close();
            assertThat(server.isRegistered(name("again")))
                    .as("the name belongs to the second gate now")
                    .isTrue();
            jmx.close();
            assertThat(server.isRegistered(name("again"))).isFalse();
        }
    }

    @Test
    void aRegistrationDoesNotKeepAGateFromGarbageCollection() throws Exception {
        Jmx jmx = Jmx.register(gate("dropped"));
        GateMXBean bean = proxy("dropped");
        Await.until("the gate is garbage-collected", () -> {
            System.gc();
            return bean.isClosed();
        });
        assertThat(bean.getName()).isEqualTo("dropped");
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(bean::getLimit)
                .withMessageContaining("gate 'dropped' has been garbage-collected");
        jmx.close();
        assertThat(server.isRegistered(name("dropped"))).isFalse();
    }

    /** Registers a gate, and prints that it works. */
    public static final class WithoutJmx {

        private WithoutJmx() {}

        public static void main(String[] args) throws Exception {
            for (int i = 0; i < 2; i++) {
                try (AdaptiveCpuGate gate = gate("batch");
                        Jmx jmx = Jmx.register(gate)) {
                    System.out.println(gate.call(() -> jmx + " works"));
                }
            }
        }
    }

    /** As in containers where the JDK fails to make its MBean server: JDK-8287073. */
    @Test
    @Tag("slow")
    void aJvmWithoutAnMBeanServerLogsItOnceAndRunsTheGate() throws IOException {
        String output = Processes.outputOf(Processes.start(
                Processes.java("-Djavax.management.builder.initial=missing.Builder", WithoutJmx.class.getName())));

        assertThat(output.lines().filter(line -> line.endsWith(" works")))
                .as(output)
                .hasSize(2);
        assertThat(output).containsOnlyOnce("(logged once)").contains("missing.Builder");
    }
}
