package io.github.cpugate.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateListener;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Slot;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.observe.GateMetrics;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.testing.Await;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.NoUniqueBeanDefinitionException;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;

/** Tests what the auto-configuration makes of properties and beans. */
class CpuGateAutoConfigurationTest {

    private static AnnotationConfigApplicationContext context(Map<String, Object> properties, Class<?>... beans) {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("test", properties));
        for (Class<?> each : beans) {
            context.register(each); // before the auto-configuration, as in an application
        }
        context.register(CpuGateAutoConfiguration.class);
        context.refresh();
        return context;
    }

    @Test
    void withoutPropertiesTheGateHasItsDefaults() {
        try (var context = context(Map.of())) {
            assertThat(context.getBean(AdaptiveCpuGate.class).snapshot())
                    .returns(70.0, GateSnapshot::targetCpu)
                    .returns(1, GateSnapshot::minSlots)
                    .returns(16, GateSnapshot::maxSlots);
            assertThat(context.getBeansOfType(GateMetrics.class))
                    .as("there is no registry")
                    .isEmpty();
        }
    }

    @Test
    void anInvalidPropertyIsNamed() {
        assertThatThrownBy(() -> context(Map.of("cpugate.target-cpu", "0.7")).close())
                .rootCause()
                .hasMessage("targetCpu must be a percentage in (1, 100], was 0.7 (did you mean 70?)");
    }

    @Test
    void aPolicyIsChosenByName() {
        assertThat(CpuGateProperties.Policy.HEADROOM.make()).hasToString("headroom");
        assertThat(CpuGateProperties.Policy.ONE_SLOT.make()).hasToString("oneSlot");
        try (var context = context(Map.of("cpugate.policy", "headroom"))) {
            assertThat(context.getBean(CpuGateProperties.class).policy()).isEqualTo(CpuGateProperties.Policy.HEADROOM);
        }
    }

    @Configuration
    static class TwoSamplers {

        @Bean
        CpuSampler first() {
            return () -> CpuSample.of(12);
        }

        @Bean
        CpuSampler second() {
            return () -> CpuSample.of(13);
        }
    }

    @Test
    void ofTwoSamplersNoneIsChosenInSilence() {
        assertThatThrownBy(() -> context(Map.of(), TwoSamplers.class).close())
                .rootCause()
                .isInstanceOf(NoUniqueBeanDefinitionException.class)
                .hasMessageContaining("first,second");
    }

    @Test
    void theLineTheLeakWarningAndTheSharedDirectoryAreProperties(@TempDir Path folder) {
        Path shared = folder.resolve("shared");
        Map<String, Object> properties = Map.of(
                "cpugate.max-slots", "1",
                "cpugate.max-waiting", "1",
                "cpugate.leak-warning", "10m",
                "cpugate.share-host", shared.toString(),
                "cpugate.period", "1h");
        try (var context = context(properties, NoOtherLoad.class)) {
            AdaptiveCpuGate gate = context.getBean(AdaptiveCpuGate.class);
            assertThat(gate.trySlot()).isPresent();
            CompletableFuture<Slot> next = gate.slotAsync();

            assertThat(gate.slotAsync()).isCompletedExceptionally();
            assertThat(next.cancel(false)).isTrue();
            var unused = gate.step();
            assertThat(shared).isDirectoryContaining("glob:**.gate");
            assertThat(context.getBean(CpuGateProperties.class).leakWarning()).isEqualTo(Duration.ofMinutes(10));
        }
    }

    @Configuration
    static class NoOtherLoad {

        @Bean
        CpuSampler sampler() {
            return () -> CpuSample.of(12);
        }
    }

    @Configuration
    static class Parts {

        static final List<StepReport> REPORTS = new CopyOnWriteArrayList<>();

        @Bean
        CpuSampler sampler() {
            return () -> CpuSample.of(12);
        }

        @Bean
        StepPolicy policy() {
            return seen -> seen.hold(Reason.SETTLING);
        }

        @Bean
        GateListener listener() {
            return REPORTS::add;
        }

        @Bean
        MeterRegistry registry() {
            return new SimpleMeterRegistry();
        }
    }

    @Test
    void beansOfTheApplicationArePartsOfTheGate() {
        try (var context = context(Map.of("cpugate.name", "parts", "cpugate.period", "1h"), Parts.class)) {
            AdaptiveCpuGate gate = context.getBean(AdaptiveCpuGate.class);

            assertThat(gate.step()).returns(Reason.SETTLING, StepReport::reason);
            assertThat(gate.snapshot().cpu().raw()).isEqualTo(12);
            gate.close(); // delivers what is pending
            Await.until("the listener has the report", () -> !Parts.REPORTS.isEmpty());
            assertThat(context.getBean(GateMetrics.class)).isNotNull();
        }
    }

    @Configuration
    static class Own {

        @Bean
        AdaptiveCpuGate own() {
            return AdaptiveCpuGate.builder().name("own").manual().build();
        }
    }

    @Test
    void aGateOfTheApplicationReplacesTheOneFromPropertiesAndIsClosedToo() {
        AdaptiveCpuGate gate;
        try (var context = context(Map.of("cpugate.name", "other"), Own.class)) {
            gate = context.getBean(AdaptiveCpuGate.class);
            assertThat(gate.snapshot().gate()).isEqualTo("own");
            assertThat(context.getBean(CpuGateLifecycle.class).isRunning()).isTrue();

            context.stop();
            assertThat(gate.snapshot().closed()).isTrue();
        }
    }

    @Test
    void springFindsTheAutoConfigurationAndItsProperties() throws IOException {
        Path resources = Path.of("src/main/resources/META-INF");

        assertThat(Files.readString(
                        resources.resolve("spring/org.springframework.boot.autoconfigure.AutoConfiguration.imports")))
                .isEqualToIgnoringWhitespace(CpuGateAutoConfiguration.class.getName());
        String metadata = Files.readString(resources.resolve("spring-configuration-metadata.json"));
        for (var component : CpuGateProperties.class.getRecordComponents()) {
            String property = component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
            assertThat(metadata)
                    .contains("\"cpugate." + property + "\"")
                    .contains(component.getType().getName());
        }
    }
}
