package io.github.cpugate.spring;

import io.github.cpugate.policy.StepPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The properties {@code cpugate.*} of a Spring Boot application. What is not set has the default of
 * {@link io.github.cpugate.AdaptiveCpuGate.Builder}, which also refuses invalid values.
 *
 * @param targetCpu the CPU target in percent, as in {@code 70}
 * @param minSlots the floor
 * @param maxSlots the highest limit
 * @param initialSlots the limit to start from
 * @param period the time from the end of one step to the beginning of the next, as in {@code 2s}
 * @param policy {@code one-slot} or {@code headroom}
 * @param name the gate's name, in logs and metrics
 * @param maxWaiting callers that may wait in line at once
 * @param leakWarning after what time a slot that is still held is reported, as in {@code 10m}
 * @param shareHost the directory through which the gates of the machine share its CPU
 */
@ConfigurationProperties("cpugate")
public record CpuGateProperties(
        @Nullable Double targetCpu,
        @Nullable Integer minSlots,
        @Nullable Integer maxSlots,
        @Nullable Integer initialSlots,
        @Nullable Duration period,
        @Nullable Policy policy,
        @Nullable String name,
        @Nullable Integer maxWaiting,
        @Nullable Duration leakWarning,
        @Nullable Path shareHost) {

    /** The policies that can be named in a property. A bean of type {@link StepPolicy} replaces them. */
    public enum Policy {
        /** {@link StepPolicy#oneSlot()}. */
        ONE_SLOT(StepPolicy::oneSlot),
        /** {@link StepPolicy#headroom()}. */
        HEADROOM(StepPolicy::headroom);

        @SuppressWarnings("ImmutableEnumChecker") // makes a new one at each call
        private final Supplier<StepPolicy> maker;

        Policy(Supplier<StepPolicy> maker) {
            this.maker = maker;
        }

        StepPolicy make() {
            return maker.get();
        }
    }
}
