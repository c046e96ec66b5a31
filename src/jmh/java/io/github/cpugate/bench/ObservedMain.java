package io.github.cpugate.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs {@link Observed} in rounds, each kind of observers in a JVM of its own, one after the other, so that a machine
 * that slows down for a minute does so for all of them. Argument: the number of rounds, 5 by default.
 */
public final class ObservedMain {

    /** The benchmarks, and what their tables say of them. */
    private static final String[][] TABLES = {
        {"step", "A step, which reads CPU through OSHI and moves the limit; times are those of single steps"},
        {"atOnce", "`slot()` and `close()`, with a slot free"},
        {"asFuture", "Two slots taken and given back, the second by `slotAsync()` after a wait"},
        {"inLine", "`slot()` and `close()` by eight threads with one slot"},
    };

    private ObservedMain() {}

    public static void main(String[] args) throws RunnerException {
        int rounds = args.length == 0 ? 5 : Integer.parseInt(args[0]);
        Machine.print("bench-observed", args);
        for (String[] table : TABLES) {
            Map<Observers, Figures> medians = new EnumMap<>(Observers.class);
            Map<Observers, Figures> late = new EnumMap<>(Observers.class);
            for (int round = 1; round <= rounds; round++) {
                List<Observers> order = new ArrayList<>(Arrays.asList(Observers.values()));
                Collections.rotate(order, round); // nobody always follows the same
                for (Observers each : order) {
                    System.err.printf("%s, round %d of %d: %s%n", table[0], round, rounds, each);
                    Result<?> result = run(table[0], each);
                    boolean isSampled = table[0].equals("step");
                    medians.computeIfAbsent(each, e -> new Figures())
                            .add(isSampled ? result.getStatistics().getPercentile(50) / 1000 : result.getScore());
                    late.computeIfAbsent(each, e -> new Figures())
                            .add(isSampled ? result.getStatistics().getPercentile(99) / 1000 : Double.NaN);
                }
            }
            print(table, rounds, medians, late);
        }
    }

    private static void print(
            String[] table, int rounds, Map<Observers, Figures> medians, Map<Observers, Figures> late) {
        boolean isSampled = table[0].equals("step");
        System.out.println(table[1] + ":\n");
        System.out.printf(
                "| observed by | %s, median of %d JVMs | least to most | against nobody |%s%n",
                isSampled ? "µs at the median" : "ns", rounds, isSampled ? " µs at the 99th percentile |" : "");
        System.out.println("| --- | --- | --- | --- |" + (isSampled ? " --- |" : ""));
        for (Observers each : Observers.values()) {
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %s | %s |%s%n",
                    each.label,
                    medians.get(each).cells("%.1f"),
                    medians.get(each).against(medians.get(Observers.NONE)),
                    isSampled ? " " + late.get(each).cell("%.0f") + " |" : "");
        }
        System.out.println();
    }

    private static Result<?> run(String benchmark, Observers observers) throws RunnerException {
        var options = new OptionsBuilder()
                .include("\\b" + Observed.class.getSimpleName() + "\\." + benchmark + "$")
                .param("observers", observers.name())
                .forks(1)
                .jvmArgsAppend("-Doshi.util.memoizer.expiration=0")
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true);
        if (!Machine.launcher().equals("java")) {
            options = options.jvm(Machine.launcher());
        }
        return new Runner(options.build()).run().iterator().next().getPrimaryResult();
    }
}
