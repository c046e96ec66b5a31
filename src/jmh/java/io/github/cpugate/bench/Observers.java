package io.github.cpugate.bench;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.observe.GateMetrics;
import io.github.cpugate.observe.JfrEvents;
import io.github.cpugate.observe.Jmx;
import io.github.cpugate.observe.Journal;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import jdk.jfr.Recording;

/** Who looks at a gate that is measured. */
public enum Observers {
    NONE("nobody"),
    JFR_IDLE("Flight Recorder, nothing recorded"),
    JFR("Flight Recorder, recording"),
    METRICS("Micrometer, for Prometheus"),
    JFR_AND_METRICS("Flight Recorder, recording, and Micrometer"),
    ALL("all: both, JMX, a journal in JSON Lines and one in CSV");

    final String label;

    Observers(String label) {
        this.label = label;
    }

    private boolean has(Observers one) {
        return this == one || this == ALL || (this == JFR_AND_METRICS && (one == JFR || one == METRICS));
    }

    /** Builds the gate with them. What they need is left behind: a measured JVM does nothing else and ends. */
    AdaptiveCpuGate build(AdaptiveCpuGate.Builder builder) {
        if (has(JFR) || this == JFR_IDLE) {
            builder.listener(JfrEvents.create());
        }
        if (has(JFR)) {
            new Recording().start();
        }
        if (has(METRICS)) {
            builder.listener(new GateMetrics(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT)));
        }
        if (has(ALL)) {
            try {
                Path folder = Files.createTempDirectory("gate");
                builder.listener(Journal.jsonLines(folder.resolve("gate.jsonl")))
                        .listener(Journal.csv(folder.resolve("gate.csv")));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        AdaptiveCpuGate gate = builder.build();
        if (has(ALL)) {
            var unused = Jmx.register(gate);
        }
        return gate;
    }
}
