package io.github.cpugate.sim;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Prints how long a batch takes in fleets whose machines share nothing but a queue. */
public final class Fleets {

    private Fleets() {}

    /** Fleets of one size, which differ by the seed. */
    enum Size {
        TEN("10", 10, 5, 0.02, 0.08),
        HUNDRED("100", 100, 1, 0.02, 0.08),
        THOUSAND("1,000", 1000, 1, 0.02, 0.08),
        DEAR("100, 10 to 30 % a session", 100, 3, 0.1, 0.3);

        final String label;
        private final int machines;
        private final int seeds;
        private final double demandFrom;
        private final double demandTo;

        Size(String label, int machines, int seeds, double demandFrom, double demandTo) {
            this.label = label;
            this.machines = machines;
            this.seeds = seeds;
            this.demandFrom = demandFrom;
            this.demandTo = demandTo;
        }

        FleetScenario fleet(long seed) {
            return new FleetScenario(machines, seed, demandFrom, demandTo);
        }

        /** What each of these rules comes to, with each seed. */
        Map<FleetRule, List<FleetOutcome>> outcomes(FleetRule... rules) {
            List<FleetScenario> fleets =
                    LongStream.rangeClosed(1, seeds).mapToObj(this::fleet).toList();
            List<List<FleetOutcome>> outcomes = Arrays.stream(rules)
                    .parallel()
                    .map(rule -> fleets.stream()
                            .map(fleet -> FleetRun.of(fleet, rule))
                            .toList())
                    .toList();
            Map<FleetRule, List<FleetOutcome>> byRule = new EnumMap<>(FleetRule.class);
            IntStream.range(0, rules.length).forEach(i -> byRule.put(rules[i], outcomes.get(i)));
            return byRule;
        }
    }

    /** What each rule comes to in fleets of every size. */
    static Map<Size, Map<FleetRule, List<FleetOutcome>>> outcomes() {
        Map<Size, Map<FleetRule, List<FleetOutcome>>> all = new EnumMap<>(Size.class);
        for (Size size : Size.values()) {
            all.put(size, size.outcomes(FleetRule.values()));
        }
        return all;
    }

    static String batches(Map<Size, Map<FleetRule, List<FleetOutcome>>> all) {
        StringBuilder table = new StringBuilder();
        table.append("""
                | machines | limit | batch / ideal | queue empty | CPU | above | over | p95 stretch | strangers |
                | --- | --- | --- | --- | --- | --- | --- | --- | --- |
                """);
        all.forEach((size, rules) -> rules.forEach((rule, of) -> table.append(format(
                "| %s | %s | %.2f× | %.2f× | %.0f %% | %.1f | %.0f %% | %.2f | %.0f %% |%n",
                size.label,
                rule.label,
                mean(of, FleetOutcome::batch),
                mean(of, FleetOutcome::emptyAt),
                mean(of, FleetOutcome::cpu),
                mean(of, FleetOutcome::above),
                mean(of, FleetOutcome::over),
                mean(of, FleetOutcome::p95Stretch),
                mean(of, FleetOutcome::strangers)))));
        return table.toString();
    }

    /** How often the queue is asked, under {@code headroom()}. */
    static String polls(Map<Size, Map<FleetRule, List<FleetOutcome>>> all) {
        StringBuilder table = new StringBuilder();
        table.append("""
                | machines | polls a second | in the busiest second | queue empty |
                | --- | --- | --- | --- |
                """);
        for (Size size : List.of(Size.TEN, Size.HUNDRED, Size.THOUSAND)) {
            List<FleetOutcome> of = all.get(size).get(FleetRule.HEADROOM);
            table.append(format(
                    "| %s | %.0f | %.0f | %.0f |%n",
                    size.label,
                    mean(of, FleetOutcome::polls),
                    mean(of, FleetOutcome::mostPolls),
                    mean(of, FleetOutcome::idlePolls)));
        }
        return table.toString();
    }

    /** What the visibility timeout does, in a fleet of ten machines under {@code headroom()}. */
    static String timeouts() {
        StringBuilder table = new StringBuilder();
        table.append("""
                | visibility timeout | done again | batch / ideal | last sessions | last sessions, a machine dies |
                | --- | --- | --- | --- | --- |
                """);
        for (double seconds : new double[] {10, 20, 30}) {
            table.append(timeoutRow(format("%.0f s", seconds), seconds, false));
        }
        for (double seconds : new double[] {10, 30, 300}) {
            table.append(timeoutRow(format("%.0f s, renewed", seconds), seconds, true));
        }
        return table.toString();
    }

    private static String timeoutRow(String label, double seconds, boolean renews) {
        FleetScenario fleet = Size.TEN.fleet(1).timeout(seconds, renews);
        FleetOutcome outcome = FleetRun.of(fleet, FleetRule.HEADROOM);
        FleetOutcome oneDies = FleetRun.of(fleet.oneDiesLast(), FleetRule.HEADROOM);
        return format(
                "| %s | %.0f %% | %.2f× | %.0f s | %.0f s |%n",
                label, outcome.again(), outcome.batch(), outcome.tail(), oneDies.tail());
    }

    private static double mean(List<FleetOutcome> outcomes, ToDoubleFunction<FleetOutcome> of) {
        return outcomes.stream().mapToDouble(of).average().orElseThrow();
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /**
     * Prints the tables. Takes about a minute on two processors.
     *
     * @param args none
     */
    public static void main(String[] args) {
        Map<Size, Map<FleetRule, List<FleetOutcome>>> outcomes = outcomes();
        System.out.println(batches(outcomes));
        System.out.println(polls(outcomes));
        System.out.println(timeouts());
    }
}
