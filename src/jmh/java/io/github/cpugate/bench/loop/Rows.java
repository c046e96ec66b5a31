package io.github.cpugate.bench.loop;

import io.github.cpugate.bench.Figures;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The rounds of all contenders, and the table and the panels that they make. */
final class Rows {

    private final Terms terms;
    private final Map<Contender, List<Outcome>> outcomes = new EnumMap<>(Contender.class);

    Rows(Terms terms) {
        this.terms = terms;
    }

    void add(Contender contender, Outcome outcome) {
        outcomes.computeIfAbsent(contender, key -> new ArrayList<>()).add(outcome);
    }

    String table(double aloneCpu) {
        List<String> lines = new ArrayList<>();
        lines.add(format(
                "| | batch, s | over the best constant's | CPU, %% | swing, points | within %.0f ± %.0f, %% of the time "
                        + "| above %.0f %%, s | p95 session over alone | slots |",
                Terms.TARGET, Outcome.BAND, Terms.TARGET + Outcome.OVER));
        lines.add("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        lines.add(format(
                "| one session alone | | | %s | | | | 1.00× | 1 |",
                Double.isNaN(aloneCpu) ? "–" : format("%.0f", aloneCpu)));
        Figures best = outcomes.containsKey(Contender.BEST_CONSTANT)
                ? figures(Contender.BEST_CONSTANT, Outcome::seconds)
                : null;
        outcomes.keySet().forEach(contender -> lines.add(row(contender, best)));
        return String.join(System.lineSeparator(), lines);
    }

    private String row(Contender contender, @Nullable Figures best) {
        Figures seconds = figures(contender, Outcome::seconds);
        return format(
                "| %s | %s | %s | %s | %s | %s | %s | %s | %s |",
                contender.label(terms),
                seconds.range("%.1f"),
                best == null ? "" : format("%.2f×", seconds.median() / best.median()),
                cell(contender, Outcome::cpu, "%.0f"),
                cell(contender, Outcome::swing, "%.0f"),
                cell(contender, Outcome::inBand, "%.0f"),
                cell(contender, Outcome::secondsOver, "%.0f"),
                cell(contender, Outcome::stretch, "%.2f×"),
                cell(contender, Outcome::slots, "%.1f"));
    }

    /** Without a figure if a round was too short to have one. */
    private String cell(Contender contender, ToDoubleFunction<Outcome> figure, String format) {
        return outcomes.get(contender).stream().mapToDouble(figure).anyMatch(Double::isNaN)
                ? "–"
                : figures(contender, figure).range(format);
    }

    private Figures figures(Contender contender, ToDoubleFunction<Outcome> figure) {
        Figures figures = new Figures();
        outcomes.get(contender).forEach(outcome -> figures.add(figure.applyAsDouble(outcome)));
        return figures;
    }

    /** One for each contender: the round whose batch time is the median. */
    List<Picture.Panel> panels() {
        List<Picture.Panel> panels = new ArrayList<>();
        outcomes.forEach((contender, rounds) -> {
            Outcome middle = rounds.stream()
                    .sorted(Comparator.comparingDouble(Outcome::seconds))
                    .toList()
                    .get((rounds.size() - 1) / 2);
            panels.add(new Picture.Panel(contender.label(terms), note(middle), middle.ticks(), List.of()));
        });
        return panels;
    }

    static String note(Outcome outcome) {
        return format(
                "%.1f s, CPU %.0f ± %.0f %%, p95 %.2f×",
                outcome.seconds(), outcome.cpu(), outcome.swing(), outcome.stretch());
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
