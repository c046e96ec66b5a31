package io.github.cpugate.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The before/after table of this machine, as Markdown. */
final class Table {

    private final double aloneSeconds;
    private final double aloneCpu;
    private final double target;
    private final int processors;
    private final List<String> rows = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    Table(double aloneSeconds, double aloneCpu, double target, int processors) {
        this.aloneSeconds = aloneSeconds;
        this.aloneCpu = aloneCpu;
        this.target = target;
        this.processors = processors;
    }

    /** Adds a run; with its bound, if it was to hold the target. */
    void add(String name, RunResult run, boolean holdsTarget) {
        RunResult.Steady steady = run.steady();
        double p95 = run.wallPercentile(95);
        rows.add(format(
                "| %s | %s | %s | %.1f s | %.2f× | %.1f s | %.1f s |",
                name,
                steady.seconds() == 0 ? "–" : format("%.0f ± %.0f %%", steady.meanCpu(), steady.sdCpu()),
                steady.seconds() == 0 ? "–" : format("%.1f", steady.meanInFlight()),
                p95,
                p95 / aloneSeconds,
                run.batchSeconds(),
                run.cpuSeconds()));
        notes.add(
                steady.seconds() == 0
                        ? format("%s: too short to be steady; try more sessions.", name)
                        : format(
                                "%s: steady for %d s, from %.0f s on until nobody waited.",
                                name, steady.seconds(), run.convergedAt()));
        if (holdsTarget) {
            double bound = run.cpuSeconds() / (target / 100 * processors);
            notes.add(format(
                    "%s: work bound at %.0f %%: %.1f CPU-seconds / (%.2f × %d processors) = %.1f s; it took %.2f× of it.",
                    name, target, run.cpuSeconds(), target / 100, processors, bound, run.batchSeconds() / bound));
        }
    }

    @Override
    public String toString() {
        List<String> lines = new ArrayList<>();
        lines.add("| | CPU, steady | sessions at once | session p95 | against alone | batch | CPU-seconds |");
        lines.add("| --- | --- | --- | --- | --- | --- | --- |");
        lines.add(format("| one alone | %.0f %% | 1 | %.1f s | 1.00× | | |", aloneCpu, aloneSeconds));
        lines.addAll(rows);
        lines.add("");
        lines.addAll(notes);
        return String.join(System.lineSeparator(), lines);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
