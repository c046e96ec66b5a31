package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Await;
import io.github.cpugate.Binding.Side;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSample.Health;
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
    void itShowsTheGate() throws Exception {
        try (AdaptiveCpuGate gate = gate("shown");
                Jmx jmx = Jmx.register(gate)) {
            assertThat(jmx).hasToString("io.github.cpugate:type=Gate,name=\"shown\"");
            GateMXBean bean = proxy("shown");
            assertThat(bean.getHealth()).isEqualTo(Health.STARTING);
            assertThat(bean.getRawCpu()).isNaN();
            assertThat(bean.getDetail()).isEqualTo("no reading yet");
            gate.adjust(); // down to one slot
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
                assertThat(bean.getInFlight()).as("still running").isEqualTo(1);
            }
        }
        assertThat(server.isRegistered(name("shown"))).isFalse();
    }

    @Test
    void itShowsWhichSideHoldsCallersBackAndForHowLongEachDid() throws Exception {
        try (BoundGate bound = new BoundGate();
                Jmx jmx = Jmx.register(bound.gate)) {
            assertThat(jmx).isNotNull();
            GateMXBean bean = proxy("bound");
            assertThat(bean.getApiCeiling()).as("none").isEqualTo(bean.getMaxSlots());
            bound.run();
            assertThat(bean.getLimit()).isEqualTo(2);
            assertThat(bean.getCpuLimit()).isEqualTo(3);
            assertThat(bean.getApiCeiling()).isEqualTo(2);
            assertThat(bean.getRateLimited()).isEqualTo(2);
            assertThat(bean.getBinding()).as("nobody is in line").isEqualTo(Side.NONE);
            assertThat(bean.getSecondsBoundByCpu()).isEqualTo(1);
            assertThat(bean.getSecondsBoundByApi()).isEqualTo(62.5);
            assertThat(bean.getSecondsBoundByMaxSlots()).isEqualTo(3);
            try (Slot one = bound.gate.slot();
                    Slot two = bound.gate.slot()) {
                assertThat(List.of(one, two)).hasSize(2);
                CompletableFuture<Slot> next = bound.gate.slotAsync();
                assertThat(bean.getBinding()).isEqualTo(Side.API);
                assertThat(next.cancel(false)).isTrue();
            }
        }
    }

    @Test
    void targetAndBoundsCanBeSet() throws Exception {
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

    /** What a client far away sees, which has the JDK's classes and no others. */
    private static Throwable sent(Throwable thrown) throws IOException, ClassNotFoundException {
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
    void aClientWithoutTheLibraryIsToldWhatIsWrongWithAValue() throws Exception {
        try (AdaptiveCpuGate gate = gate("fraction");
                Jmx jmx = Jmx.register(gate)) {
            assertThat(jmx).isNotNull();
            ObjectName name = name("fraction");
            Throwable thrown = catchThrowable(() -> server.setAttribute(name, new Attribute("TargetCpu", 0.7)));
            assertThat(sent(thrown))
                    .isInstanceOf(RuntimeMBeanException.class)
                    .hasMessageContaining("targetCpu must be a percentage in (1, 100], was 0.7 (did you mean 70?)");
            assertThat(gate.snapshot().targetCpu()).isEqualTo(70);
            for (var attribute : server.getMBeanInfo(name).getAttributes()) {
                Object value = server.getAttribute(name, attribute.getName());
                assertThat(value.getClass().getName()).as("it has that class").startsWith("java.lang.");
            }
        }
    }

    @Test
    void anyNameWillDo() throws Exception {
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
    void aSecondOpenGateOfTheNameIsRefused() throws Exception {
        try (AdaptiveCpuGate first = gate("twin");
                AdaptiveCpuGate second = gate("twin");
                Jmx jmx = Jmx.register(first)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> Jmx.register(second))
                    .withMessageContaining("an open gate is registered as io.github.cpugate:type=Gate,name=\"twin\"");
            second.setTargetCpu(30);
            assertThat(proxy("twin").getTargetCpu()).as("the first").isEqualTo(70);
            assertThat(jmx).isNotNull();
        }
    }

    @Test
    void aClosedGateMakesRoomForOneOfItsName() throws Exception {
        AdaptiveCpuGate first = gate("again");
        Jmx old = Jmx.register(first);
        first.close();
        try (AdaptiveCpuGate second = gate("again");
                Jmx jmx = Jmx.register(second)) {
            second.setTargetCpu(30);
            assertThat(proxy("again").getTargetCpu()).isEqualTo(30);
            old.close();
            assertThat(server.isRegistered(name("again")))
                    .as("the name is no longer the first one's to give up")
                    .isTrue();
            jmx.close();
            assertThat(server.isRegistered(name("again"))).isFalse();
        }
    }

    @Test
    void aGateThatNobodyElseRefersToIsNotKept() throws Exception {
        Jmx jmx = Jmx.register(gate("dropped"));
        GateMXBean bean = proxy("dropped");
        Await.until("it is garbage", () -> {
            System.gc();
            return bean.isClosed();
        });
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(bean::getLimit)
                .withMessageContaining("gate 'dropped' was dropped");
        jmx.close();
        assertThat(server.isRegistered(name("dropped"))).isFalse();
    }
}
