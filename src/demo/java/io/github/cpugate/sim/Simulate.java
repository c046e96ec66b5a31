package io.github.cpugate.sim;

import io.github.cpugate.sim.Comparison.Seeds;
import io.github.cpugate.sim.ServiceRun.Manners;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Prints what the rules do in the scenarios, as the tables of the documentation. */
public final class Simulate {

    /** Scenarios of which every figure is printed, under every rule: first five, and then five more. */
    private static final List<Set<String>> SHOWN = List.of(
            Set.of(
                    "2 cores, 10 s",
                    "64 cores, 30 s",
                    "8 cores, background of 40 %",
                    "8 cores, after 4 periods",
                    "8 cores, two gates"),
            Set.of(
                    "2 cores, 40 s",
                    "2 cores, one of them taken for 20 s",
                    "8 cores, 100 every 2 min",
                    "8 cores, four times as costly midway",
                    "8 cores, in child processes"));

    private Simulate() {}

    /**
     * Prints the tables; takes about a minute on two processors.
     *
     * @param args none; or two seeds: then prints the table of bounds from the one to the other, and what is not within
     *     them
     */
    public static void main(String[] args) {
        if (args.length == 2) {
            var others = comparisons(new Seeds(Long.parseLong(args[0]), Long.parseLong(args[1])));
            System.out.println(bounds(others));
            System.out.println(broken(others));
            return;
        }
        System.out.println(figures(0));
        System.out.println(bounds(comparisons(Seeds.DOCUMENTED)));
        System.out.println(figures(1));
        System.out.println(dips());
    }

    /** Every scenario, under the plain rule and {@code headroom()}. */
    static Map<Scenarios, List<Comparison>> comparisons(Seeds seeds) {
        Map<Scenarios, List<Comparison>> all = new EnumMap<>(Scenarios.class);
        for (Scenarios group : Scenarios.values()) {
            all.put(group, Comparison.ofAll(group.list(), EnumSet.of(Rules.ONE_SLOT, Rules.HEADROOM), seeds));
        }
        return all;
    }

    /** The figures of {@code headroom()} that are not within their bounds, a line each. */
    static String broken(Map<Scenarios, List<Comparison>> all) {
        StringBuilder lines = new StringBuilder();
        all.values()
                .forEach(group -> group.forEach(compared -> {
                    for (Bound bound : Bound.values()) {
                        double measured = bound.measured(compared);
                        double limit = bound.limit(compared.scenario());
                        if (!(measured <= limit)) { // or is not a number
                            lines.append(String.format(
                                    Locale.ROOT,
                                    "%s: %s: %.3f, above %.2f%n",
                                    compared.scenario().name,
                                    bound.label,
                                    measured,
                                    limit));
                        }
                    }
                }));
        return lines.toString();
    }

    /** A table for each group: {@code headroom()} against the oracle and the plain rule. */
    static String bounds(Map<Scenarios, List<Comparison>> all) {
        StringBuilder tables = new StringBuilder();
        all.forEach((group, comparisons) -> {
            tables.append("| ")
                    .append(group.title)
                    .append(" | oracle | batch / oracle | batch / plain | arrives | over | p95 stretch |\n")
                    .append("| --- | --- | --- | --- | --- | --- | --- |\n");
            comparisons.forEach(compared -> tables.append(boundsRow(compared)));
            tables.append('\n');
        });
        return tables.toString();
    }

    private static String boundsRow(Comparison compared) {
        Outcome oracle = compared.oracle();
        Outcome plain = compared.rules().get(Rules.ONE_SLOT);
        Outcome headroom = compared.rules().get(Rules.HEADROOM);
        return String.format(
                Locale.ROOT,
                "| %s | %.0f slots, %s | %.2f× | %.2f× | %s | %s, %s, %s | %.2f, %.2f, %.2f |%n",
                compared.scenario().name,
                compared.slots(),
                percent(oracle.meanCpu()),
                Bound.BATCH.measured(compared),
                Bound.PLAIN_BATCH.measured(compared),
                arrival(headroom),
                percent(oracle.over()),
                percent(plain.over()),
                percent(headroom.over()),
                oracle.p95Stretch(),
                plain.p95Stretch(),
                headroom.p95Stretch());
    }

    private static String percent(double value) {
        return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.0f %%", value);
    }

    private static String arrival(Outcome outcome) {
        return outcome.arrival() > 100 ? "–" : String.format(Locale.ROOT, "%.0f", outcome.arrival());
    }

    /** Some scenarios under every rule, every figure. */
    static String figures(int page) {
        List<Scenario> shown = Scenarios.all().stream()
                .filter(scenario -> SHOWN.get(page).contains(scenario.name))
                .toList();
        StringBuilder tables = new StringBuilder();
        for (Comparison compared : Comparison.ofAll(shown, Arrays.asList(Rules.values()), Seeds.DOCUMENTED)) {
            Scenario scenario = compared.scenario();
            boolean several = scenario.gates > 1;
            tables.append("| ")
                    .append(scenario.name)
                    .append(" | batch / work bound | CPU | in band | over | arrives | p95 stretch |")
                    .append(several ? " Jain's index |\n" : "\n")
                    .append("| --- | --- | --- | --- | --- | --- | --- |")
                    .append(several ? " --- |\n" : "\n");
            String oracle = String.format(Locale.ROOT, "oracle: %.0f slots", compared.slots());
            tables.append(figuresRow(oracle, compared.oracle(), several));
            compared.rules().forEach((rule, outcome) -> tables.append(figuresRow(rule.label, outcome, several)));
            tables.append('\n');
        }
        return tables.toString();
    }

    private static String figuresRow(String name, Outcome outcome, boolean several) {
        return String.format(
                Locale.ROOT,
                "| %s | %.2f× | %.0f ± %.0f %% | %s | %s | %s | %.2f |%s%n",
                name,
                outcome.overBound(),
                outcome.meanCpu(),
                outcome.swing(),
                percent(outcome.inBand()),
                percent(outcome.over()),
                arrival(outcome),
                outcome.p95Stretch(),
                several ? String.format(Locale.ROOT, " %.2f |", outcome.jain()) : "");
    }

    /** What the gate does about a service that refuses, and what other manners come to. */
    static String dips() {
        StringBuilder table = new StringBuilder();
        table.append("| sessions, dip | policy | a refused session | down | up | refused | once found | median, most |"
                + " batch | without a limit |\n"
                + "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        for (Dip dip : Dip.SHOWN) {
            boolean inFull = dip.equals(Dip.SHOWN.get(0));
            for (Rules rule : List.of(Rules.ONE_SLOT, Rules.HEADROOM)) {
                for (Manners manners : inFull ? Manners.values() : new Manners[] {Manners.TELLS}) {
                    table.append(dipRow(dip, rule, manners));
                }
            }
        }
        return table.toString();
    }

    private static String dipRow(Dip dip, Rules rule, Manners manners) {
        Dip.Found found = dip.mean(rule, manners);
        boolean tells = manners == Manners.TELLS;
        return String.format(
                Locale.ROOT,
                "| %.0f s, %d steps of %d | %s | %s | %s | %s | %.1f %% | %s | %d, %d | %.0f s | %.0f s |%n",
                dip.length(),
                dip.steps(),
                dip.low(),
                rule.label,
                manners.label,
                tells ? String.format(Locale.ROOT, "%.0f", found.down()) : "–",
                tells ? String.format(Locale.ROOT, "%.0f", found.up()) : "–",
                found.refused(),
                tells ? String.format(Locale.ROOT, "%.1f %%", found.settled()) : "–",
                found.median(),
                found.most(),
                found.seconds(),
                dip.secondsWithoutLimit(rule));
    }
}
