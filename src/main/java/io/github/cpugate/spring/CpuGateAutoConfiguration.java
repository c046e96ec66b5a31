package io.github.cpugate.spring;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateListener;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.observe.GateMetrics;
import io.github.cpugate.policy.StepPolicy;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Makes a gate from the properties {@code cpugate.*}, unless the application has a bean of that type; shows it in
 * Micrometer; and closes it before the web server stops.
 *
 * <p>All beans of the type {@link GateListener} are given to the gate, and so is a bean of the type {@link StepPolicy}
 * or {@link CpuSampler}; of several, one must be primary.
 */
@AutoConfiguration(
        afterName = {
            "org.springframework.boot.actuate.autoconfigure.metrics.CompositeMeterRegistryAutoConfiguration", // 3.5
            "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration" // 4.0
        })
@EnableConfigurationProperties(CpuGateProperties.class)
public class CpuGateAutoConfiguration {

    /** Called by Spring. */
    public CpuGateAutoConfiguration() {}

    /**
     * {@return the gate of the application} {@link CpuGateLifecycle} closes it.
     *
     * @param properties what is configured
     * @param policy a bean in place of the configured policy
     * @param sampler a bean in place of the default sampler
     * @param listeners beans that receive the reports
     */
    @Bean(destroyMethod = "")
    @ConditionalOnMissingBean
    public AdaptiveCpuGate cpuGate(
            CpuGateProperties properties,
            ObjectProvider<StepPolicy> policy,
            ObjectProvider<CpuSampler> sampler,
            ObjectProvider<GateListener> listeners) {
        AdaptiveCpuGate.Builder builder = AdaptiveCpuGate.builder();
        ifSet(properties.targetCpu(), builder::targetCpu);
        ifSet(properties.minSlots(), builder::minSlots);
        ifSet(properties.maxSlots(), builder::maxSlots);
        ifSet(properties.initialSlots(), builder::initialSlots);
        ifSet(properties.period(), builder::period);
        ifSet(properties.policy(), named -> builder.policy(named.make()));
        ifSet(properties.name(), builder::name);
        ifSet(properties.maxWaiting(), builder::maxWaiting);
        ifSet(properties.leakWarning(), builder::leakWarning);
        ifSet(properties.shareHost(), builder::shareHost);
        policy.ifAvailable(builder::policy);
        sampler.ifAvailable(builder::sampler);
        listeners.orderedStream().forEach(builder::listener);
        return builder.build();
    }

    private static <T> void ifSet(@Nullable T value, Consumer<T> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }

    /**
     * {@return what closes the gate before the web server stops}
     *
     * @param gate the gate of the application
     */
    @Bean
    @ConditionalOnSingleCandidate(AdaptiveCpuGate.class)
    @ConditionalOnMissingBean
    public CpuGateLifecycle cpuGateLifecycle(AdaptiveCpuGate gate) {
        return new CpuGateLifecycle(gate);
    }

    /** Shows the gate in Micrometer. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(MeterRegistry.class)
    static class Metrics {

        Metrics() {}

        @Bean
        @ConditionalOnSingleCandidate(MeterRegistry.class)
        @ConditionalOnMissingBean
        GateMetrics gateMetrics(MeterRegistry registry) {
            return new GateMetrics(registry);
        }
    }
}
