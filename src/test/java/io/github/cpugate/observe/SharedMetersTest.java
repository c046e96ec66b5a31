package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Gates whose meters have the same name and tags in one registry, as one has that is rebuilt while the old is open. */
class SharedMetersTest {

    private final MeterRegistry registry = new SimpleMeterRegistry();

    private static AdaptiveCpuGate gate(String name, int maxSlots, MeterRegistry registry) {
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name(name)
                .manual()
                .maxSlots(maxSlots)
                .sampler(() -> CpuSample.of(10))
                .listener(new GateMetrics(registry))
                .build();
        gate.step(); // registers the meters
        return gate;
    }

    private static void admit(AdaptiveCpuGate gate, int callers) throws InterruptedException {
        for (int i = 0; i < callers; i++) {
            gate.slot().close();
        }
    }

    private double maxSlots() {
        return registry.get("cpugate.slots.max").gauge().value();
    }

    private double admitted() {
        return registry.get("cpugate.callers.admitted").functionCounter().count();
    }

    private double steps() {
        return registry.find("cpugate.steps").counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    @Test
    void theNewestGateOfANameIsShownAndStaysWhenTheOldOneCloses() {
        AdaptiveCpuGate old = gate("batch", 4, registry);
        int meters = registry.getMeters().size();
        AdaptiveCpuGate rebuilt = gate("batch", 8, registry);
        assertThat(maxSlots()).as("both are open").isEqualTo(8);
        old.close();
        assertThat(registry.getMeters()).hasSize(meters);
        assertThat(maxSlots()).isEqualTo(8);
        rebuilt.setSlots(1, 9);
        assertThat(maxSlots()).isEqualTo(9);
        rebuilt.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void theOlderGateOfANameIsShownAgainWhenTheNewestCloses() {
        AdaptiveCpuGate first = gate("batch", 4, registry);
        int meters = registry.getMeters().size();
        AdaptiveCpuGate second = gate("batch", 8, registry);
        AdaptiveCpuGate third = gate("batch", 12, registry);
        second.close();
        assertThat(maxSlots()).isEqualTo(12);
        third.close();
        assertThat(registry.getMeters()).hasSize(meters);
        assertThat(maxSlots()).isEqualTo(4);
        first.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void countersGoOnWhicheverGateOfANameCloses() throws InterruptedException {
        AdaptiveCpuGate first = gate("batch", 4, registry);
        admit(first, 5);
        AdaptiveCpuGate second = gate("batch", 8, registry);
        assertThat(admitted()).as("the new gate has admitted nobody").isEqualTo(5);
        admit(second, 3);
        admit(first, 1);
        assertThat(admitted()).isEqualTo(9);
        second.close();
        assertThat(admitted()).isEqualTo(9);
        admit(first, 1);
        first.step();
        assertThat(admitted()).isEqualTo(10);
        assertThat(steps()).isEqualTo(3);
        first.close();

        try (AdaptiveCpuGate third = gate("batch", 12, registry)) {
            admit(third, 1);
            assertThat(admitted()).as("the meters are new").isEqualTo(1);
        }
    }

    @Test
    void aClosedGateCountsNoFurtherSteps() {
        AdaptiveCpuGate old = gate("batch", 4, registry);
        try (AdaptiveCpuGate rebuilt = gate("batch", 8, registry)) {
            old.close();
            old.step();
            assertThat(steps()).isEqualTo(2);
            rebuilt.step();
            assertThat(steps()).isEqualTo(3);
        }
    }

    @Test
    void gatesWhoseNamesAFilterDropsShareTheirMeters() throws InterruptedException {
        registry.config().meterFilter(MeterFilter.ignoreTags("gate"));
        AdaptiveCpuGate x = gate("x", 4, registry);
        AdaptiveCpuGate y = gate("y", 8, registry);
        admit(x, 1);
        admit(y, 2);
        assertThat(maxSlots()).isEqualTo(8);
        y.close();
        assertThat(maxSlots()).isEqualTo(4);
        assertThat(admitted()).isEqualTo(3);
        x.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void aCompositeShowsTheRemainingGateToo() {
        CompositeMeterRegistry composite = new CompositeMeterRegistry();
        composite.add(registry);
        AdaptiveCpuGate old = gate("batch", 4, composite);
        AdaptiveCpuGate rebuilt = gate("batch", 8, composite);
        old.close();
        assertThat(maxSlots()).isEqualTo(8);
        rebuilt.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void aDeniedMeterIsMissingAndTheOthersAreShared() {
        registry.config().meterFilter(MeterFilter.denyNameStartsWith("cpugate.callers"));
        AdaptiveCpuGate old = gate("batch", 4, registry);
        AdaptiveCpuGate rebuilt = gate("batch", 8, registry);
        old.close();
        assertThat(maxSlots()).isEqualTo(8);
        assertThat(registry.find("cpugate.callers.admitted").functionCounter()).isNull();
        rebuilt.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void aClearedRegistryHasTheMetersOfBothGatesFromTheNextOn() throws InterruptedException {
        AdaptiveCpuGate old = gate("batch", 4, registry);
        admit(old, 1);
        registry.clear();
        old.step();
        assertThat(registry.getMeters()).isEmpty();
        AdaptiveCpuGate rebuilt = gate("batch", 8, registry);
        assertThat(maxSlots()).isEqualTo(8);
        rebuilt.close();
        assertThat(maxSlots()).isEqualTo(4);
        assertThat(admitted()).isEqualTo(1);
        old.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void aGateThatStartsWhileTheLastOneClosesHasAllItsMeters() {
        AdaptiveCpuGate old = gate("batch", 4, registry);
        int meters = registry.getMeters().size();
        AtomicReference<Caller<AdaptiveCpuGate>> starting = new AtomicReference<>();
        registry.config().onMeterRemoved(meter -> {
            if (starting.get() == null) {
                starting.set(Caller.start(() -> gate("batch", 8, registry)));
                Await.parked(starting.get().thread()); // until the old gate has removed its meters
            }
        });
        old.close();
        AdaptiveCpuGate rebuilt = starting.get().result();
        assertThat(registry.getMeters()).hasSize(meters);
        assertThat(maxSlots()).isEqualTo(8);
        rebuilt.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void aClosedRegistryHarmsNoGate() {
        AdaptiveCpuGate old = gate("batch", 4, registry);
        registry.close();
        AdaptiveCpuGate rebuilt = gate("batch", 8, registry);
        old.close();
        rebuilt.close();
        assertThat(gate("batch", 8, registry).step().limitAfter()).isPositive();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void twoMetricsOfOneGateInOneRegistryCountItsCallersOnce() throws InterruptedException {
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .sampler(() -> CpuSample.of(10))
                .listener(new GateMetrics(registry))
                .listener(new GateMetrics(registry))
                .build();
        gate.step();
        admit(gate, 2);
        assertThat(admitted()).isEqualTo(2);
        gate.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void anUnclosedGateDoesNotKeepItsRegistryFromGarbageCollection() {
        MeterRegistry dropped = new SimpleMeterRegistry();
        AdaptiveCpuGate gate = gate("batch", 4, dropped);
        WeakReference<MeterRegistry> reference = new WeakReference<>(dropped);
        assertThat(gate.snapshot().closed()).isFalse();
        gate = null;
        dropped = null;
        Await.until("the registry is collected", () -> {
            System.gc();
            return reference.get() == null;
        });
    }
}
