package io.github.cpugate.observe;

import io.github.cpugate.Bottleneck;
import io.github.cpugate.HostShare;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
import java.time.Duration;
import java.time.Instant;

/** Makes the lines that a gate writes to its journal about its steps. */
final class JournaledStep {

    static final Instant START = Instant.parse("2026-11-22T12:00:00Z");

    private JournaledStep() {}

    static String line(
            String gate,
            int seconds,
            CpuSample cpu,
            int limitBefore,
            int cpuLimit,
            int apiCeiling,
            int refusals,
            int waiting,
            Bottleneck bottleneck,
            long heldBackMillis,
            Reason reason,
            HostShare hostShare) {
        StepReport step = new StepReport(
                gate,
                Duration.ofSeconds(seconds),
                cpu,
                70,
                limitBefore,
                Math.min(cpuLimit, apiCeiling),
                cpuLimit,
                apiCeiling,
                2,
                8,
                limitBefore,
                limitBefore,
                waiting,
                0,
                0,
                3,
                0,
                1,
                0,
                refusals,
                bottleneck,
                heldBackBy(bottleneck, heldBackMillis),
                waiting > 0,
                reason,
                hostShare);
        return JournalFormat.JSON_LINES.line(START.plusSeconds(seconds), step);
    }

    private static Bottleneck.Times heldBackBy(Bottleneck bottleneck, long millis) {
        return new Bottleneck.Times(
                Duration.ofMillis(bottleneck == Bottleneck.CPU ? millis : 0),
                Duration.ofMillis(bottleneck == Bottleneck.API ? millis : 0),
                Duration.ofMillis(bottleneck == Bottleneck.MAX_SLOTS ? millis : 0));
    }
}
