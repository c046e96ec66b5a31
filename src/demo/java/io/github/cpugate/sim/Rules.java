package io.github.cpugate.sim;

import com.netflix.concurrency.limits.limit.AIMDLimit;
import com.netflix.concurrency.limits.limit.Gradient2Limit;
import com.netflix.concurrency.limits.limit.VegasLimit;
import io.github.cpugate.policy.StepPolicy;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The rules that are compared. */
enum Rules {
    ONE_SLOT("`oneSlot()`", () -> Rule.of(StepPolicy.oneSlot())),
    UNCONDITIONAL("`unconditional()`", () -> Rule.of(StepPolicy.oneSlot().unconditional())),
    HEADROOM("`headroom()`", () -> Rule.of(StepPolicy.headroom())),
    AIMD(
            "AIMD",
            () -> new LatencyRule((scenario, max) -> AIMDLimit.newBuilder()
                    .initialLimit(scenario.minSlots)
                    .minLimit(scenario.minSlots)
                    .maxLimit(max)
                    .timeout((long) (2e9 * scenario.aloneSeconds()), TimeUnit.NANOSECONDS)
                    .build())),
    VEGAS(
            "Vegas",
            () -> new LatencyRule((scenario, max) -> VegasLimit.newBuilder()
                    .initialLimit(scenario.minSlots)
                    .maxConcurrency(max)
                    .build())),
    GRADIENT2(
            "Gradient2",
            () -> new LatencyRule((scenario, max) -> Gradient2Limit.newBuilder()
                    .initialLimit(scenario.minSlots)
                    .minLimit(scenario.minSlots)
                    .maxConcurrency(max)
                    .build())),
    PID("PID, 50 ms", () -> new PidRule(0.05)),
    SLOW_PID("PID, 1 s", () -> new PidRule(1));

    final String label;

    @SuppressWarnings("ImmutableEnumChecker") // makes a new one at each call
    private final Supplier<Rule> maker;

    Rules(String label, Supplier<Rule> maker) {
        this.label = label;
        this.maker = maker;
    }

    /** Makes one that has seen nothing yet. */
    Rule make() {
        return maker.get();
    }
}
