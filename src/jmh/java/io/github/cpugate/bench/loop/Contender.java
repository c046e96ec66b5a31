package io.github.cpugate.bench.loop;

import com.netflix.concurrency.limits.limit.AIMDLimit;
import com.netflix.concurrency.limits.limit.Gradient2Limit;
import com.netflix.concurrency.limits.limit.VegasLimit;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.demo.Limiter;
import io.github.cpugate.policy.StepPolicy;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Who is compared. Each gets the same bounds and start, as far as it has any, and else the defaults of its release. A
 * limiter that goes by latency is told that of each session, from admission to end, by its own clock.
 */
enum Contender {
    FIXED_24(terms -> "fixed 24, too many", terms -> Limiter.fixed(24)),
    BEST_CONSTANT(
            terms -> "fixed " + terms.bestConstant() + ", the best constant",
            terms -> Limiter.fixed(terms.bestConstant())),
    ONE_SLOT(terms -> "gate, `oneSlot`", terms -> gate(terms, StepPolicy.oneSlot())),
    UNCONDITIONAL(
            terms -> "gate, `oneSlot().unconditional`",
            terms -> gate(terms, StepPolicy.oneSlot().unconditional())),
    HEADROOM(terms -> "gate, `headroom`", terms -> gate(terms, StepPolicy.headroom())),
    AIMD(
            terms -> "concurrency-limits 0.5.4 `AIMDLimit`",
            terms -> new NetflixLimiter(AIMDLimit.newBuilder()
                    .initialLimit(Terms.MIN_SLOTS)
                    .minLimit(Terms.MIN_SLOTS)
                    .maxLimit(Terms.MAX_SLOTS)
                    .timeout(Math.round(1e9 * terms.congestedSeconds()), TimeUnit.NANOSECONDS)
                    .build())),
    VEGAS(
            terms -> "concurrency-limits 0.5.4 `VegasLimit`",
            terms -> new NetflixLimiter(VegasLimit.newBuilder()
                    .initialLimit(Terms.MIN_SLOTS)
                    .maxConcurrency(Terms.MAX_SLOTS)
                    .build())),
    GRADIENT2(
            terms -> "concurrency-limits 0.5.4 `Gradient2Limit`",
            terms -> new NetflixLimiter(Gradient2Limit.newBuilder()
                    .initialLimit(Terms.MIN_SLOTS)
                    .minLimit(Terms.MIN_SLOTS)
                    .maxConcurrency(Terms.MAX_SLOTS)
                    .build())),
    TEMPORAL(terms -> "Temporal 1.38.0, ramp of 50 ms", terms -> new TemporalLimiter(Duration.ofMillis(50))),
    TEMPORAL_SLOW(
            terms -> "Temporal 1.38.0, ramp of " + terms.ramp().toMillis() + " ms",
            terms -> new TemporalLimiter(terms.ramp()));

    @SuppressWarnings("ImmutableEnumChecker") // a function without state
    private final Function<Terms, String> label;

    @SuppressWarnings("ImmutableEnumChecker")
    private final Function<Terms, Limiter> maker;

    Contender(Function<Terms, String> label, Function<Terms, Limiter> maker) {
        this.label = label;
        this.maker = maker;
    }

    String label(Terms terms) {
        return label.apply(terms);
    }

    /** Makes one that has seen nothing yet. */
    Limiter make(Terms terms) {
        return maker.apply(terms);
    }

    private static Limiter gate(Terms terms, StepPolicy policy) {
        return Limiter.gate(AdaptiveCpuGate.builder()
                .targetCpu(Terms.TARGET)
                .minSlots(Terms.MIN_SLOTS)
                .maxSlots(Terms.MAX_SLOTS)
                .period(terms.period())
                .policy(policy)
                .build());
    }
}
