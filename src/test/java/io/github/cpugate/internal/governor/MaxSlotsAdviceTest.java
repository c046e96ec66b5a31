package io.github.cpugate.internal.governor;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.Bottleneck;
import io.github.cpugate.HostShare;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MaxSlotsAdviceTest {

    private static final CpuSample LOW = CpuSample.of(40, 23);

    private final MaxSlotsAdvice advice = new MaxSlotsAdvice();
    private final List<MaxSlotsAdvice.Finding> findings = new ArrayList<>();
    private long seconds;

    /** Makes steps, 2 s apart, for that time. */
    private void steps(int forSeconds, CpuSample cpu, int limit, int maxSlots, Bottleneck bottleneck, long heldMillis) {
        for (int i = 0; i < forSeconds; i += 2) {
            seconds += 2;
            MaxSlotsAdvice.Finding finding = advice.afterStep(new StepReport(
                    "batch",
                    Duration.ofSeconds(seconds),
                    cpu,
                    70,
                    limit,
                    limit,
                    limit,
                    maxSlots,
                    1,
                    maxSlots,
                    limit,
                    limit,
                    5,
                    0,
                    0,
                    3,
                    0,
                    0,
                    0,
                    0,
                    bottleneck,
                    new Bottleneck.Times(Duration.ZERO, Duration.ZERO, Duration.ofMillis(heldMillis)),
                    true,
                    Reason.AT_CEILING,
                    HostShare.ALONE));
            if (finding != null) {
                findings.add(finding);
            }
        }
    }

    private void heldBack(int forSeconds) {
        steps(forSeconds, LOW, 16, 16, Bottleneck.MAX_SLOTS, 2000);
    }

    private void notHeldBack(int forSeconds) {
        steps(forSeconds, LOW, 16, 16, Bottleneck.NONE, 0);
    }

    @Test
    void aLimitThatIsHeldBackForAMinuteIsReportedOnce() {
        heldBack(60);
        assertThat(findings).isEmpty();
        heldBack(600);
        assertThat(findings).containsExactly(new MaxSlotsAdvice.Finding(16, Duration.ofSeconds(60), 23, 70));
    }

    @Test
    void aBreakBeginsTheMinuteAnew() {
        for (int i = 0; i < 5; i++) {
            heldBack(50);
            notHeldBack(2);
        }
        assertThat(findings).isEmpty();
    }

    @Test
    void itIsReportedAgainOnlyAfterAMinuteWithoutIt() {
        heldBack(100);
        notHeldBack(58);
        heldBack(100);
        assertThat(findings).hasSize(1);
        notHeldBack(60);
        heldBack(100);
        assertThat(findings).hasSize(2);
    }

    @Test
    void aMinuteWithoutItAddsUpOverNoRecurrence() {
        heldBack(100);
        for (int i = 0; i < 5; i++) {
            notHeldBack(40);
            heldBack(40);
        }
        heldBack(100);
        assertThat(findings).hasSize(1);
    }

    @Test
    void nothingIsReportedUnlessAllConditionsHold() {
        steps(200, CpuSample.of(10, 56), 16, 16, Bottleneck.MAX_SLOTS, 2000); // CPU is near the target
        steps(200, CpuSample.of(Double.NaN, 23), 16, 16, Bottleneck.MAX_SLOTS, 2000); // CPU is unknown
        steps(200, LOW, 15, 16, Bottleneck.CPU, 0); // the limit is lower
        steps(200, LOW, 16, 16, Bottleneck.NONE, 2000); // the line is empty now
        steps(200, LOW, 16, 16, Bottleneck.MAX_SLOTS, 1000); // the line was empty in between
        assertThat(findings).isEmpty();
    }

    @Test
    void anotherMaxSlotsBeginsTheMinuteAnew() {
        heldBack(40);
        steps(60, LOW, 32, 32, Bottleneck.MAX_SLOTS, 2000);
        assertThat(findings).isEmpty();
        steps(2, LOW, 32, 32, Bottleneck.MAX_SLOTS, 2000);
        assertThat(findings).extracting(MaxSlotsAdvice.Finding::maxSlots).containsExactly(32);
    }
}
