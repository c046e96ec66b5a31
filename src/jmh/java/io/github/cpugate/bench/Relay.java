package io.github.cpugate.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/**
 * What a slot costs that a blocked caller waits for. A line stands before eight held slots, these are given back, and
 * each caller that is served gives its slot back at once, so that the slots run down the line. Then the same with a
 * line that is refilled. The peers alternate, round by round.
 *
 * <p>Arguments: {@code virtual} for virtual threads, {@code short} to try it, names of {@link Peers} for these only.
 */
public final class Relay {

    private static final Set<Peers> COMPARED = EnumSet.of(
            Peers.FAIR,
            Peers.UNFAIR,
            Peers.RESILIENCE4J,
            Peers.FAILSAFE,
            Peers.NETFLIX,
            Peers.GATE,
            Peers.ONE_WORD,
            Peers.BARE);

    private static final int REFILLED_CALLERS = 1_000;
    private static final int REFILLS = 20;

    private final Threads threads;
    private final boolean isShort;
    private final Set<Peers> compared;

    /** Who is not run any more in this table, and why: what took too long would take longer with a longer line. */
    private final Map<Peers, String> givenUp = new EnumMap<>(Peers.class);

    private Relay(List<String> words) {
        this.threads = words.contains("virtual") ? Threads.VIRTUAL : Threads.PLATFORM;
        this.isShort = words.contains("short");
        Set<Peers> asked = EnumSet.noneOf(Peers.class);
        Arrays.stream(Peers.values())
                .filter(peer -> words.contains(peer.name()))
                .forEach(asked::add);
        this.compared = asked.isEmpty() ? COMPARED : asked;
    }

    private void beginTable() {
        givenUp.clear();
        if (threads == Threads.VIRTUAL && Runtime.version().feature() < 24) {
            givenUp.put(Peers.NETFLIX, "left out: before Java 24 each caller in line pins a carrier thread");
        }
    }

    /** What one peer came to. */
    private static final class Row {
        final Figures figures = new Figures();
        final Figures wakeUps = new Figures();
        int fewest = Integer.MAX_VALUE;
        int most;
        String remark;

        void add(Line.Result result, double figure) {
            figures.add(figure);
            if (!Double.isNaN(result.wakeUpsPerSlot())) {
                wakeUps.add(result.wakeUpsPerSlot());
            }
            fewest = Math.min(fewest, result.fewest());
            most = Math.max(most, result.most());
        }

        /** Two cells: the figure, or why there is none. */
        String main(String format) {
            return remark != null || figures.isEmpty() ? remark + " | " : figures.cells(format);
        }

        String against(Map<Peers, Row> rows) {
            Row fair = rows.get(Peers.FAIR);
            return fair == null || remark != null ? "" : figures.against(fair.figures);
        }
    }

    private interface Run {
        Line.Result of(Peers peer, int callers) throws Exception;
    }

    public static void main(String[] args) throws Exception {
        Machine.print("bench-relay", args);
        Relay relay = new Relay(Arrays.asList(args));
        if (relay.threads == Threads.PLATFORM) {
            System.out.printf(
                    Locale.ROOT,
                    "Counted while nothing is handed on: %.3f wake-ups per caller.%n%n",
                    Line.idle(Peers.FAIR, 100));
        }
        relay.oneByOne();
        relay.once();
        relay.refilled();
    }

    private void oneByOne() throws Exception {
        table(
                "one slot given back at a time",
                3,
                7,
                peer -> true,
                (peer, callers) -> Line.oneByOne(peer, callers, Math.min(callers, 100), threads));
    }

    private void once() throws Exception {
        table(
                "eight slots run down the line",
                5,
                15,
                peer -> true,
                (peer, callers) -> Line.once(peer, callers, threads));
    }

    private void table(String title, int warmUps, int counted, Predicate<Peers> which, Run run) throws Exception {
        beginTable();
        System.out.printf(
                "| %s: callers in line | | µs per slot | least to most | against fair | wake-ups per slot |%n", title);
        System.out.println("| --- | --- | --- | --- | --- | --- |");
        int[] sizes = threads == Threads.VIRTUAL ? new int[] {100, 1_000, 10_000} : new int[] {10, 100, 1_000};
        for (int callers : sizes) {
            Map<Peers, Row> rows = rounds(callers, warmUps, counted, which, run, Line.Result::microsPerSlot);
            rows.forEach((peer, row) -> System.out.printf(
                    Locale.ROOT,
                    "| %,d | %s | %s | %s | %s |%n",
                    callers,
                    peer.label,
                    row.main("%.2f"),
                    row.against(rows),
                    row.wakeUps.cell("%.2f")));
        }
        System.out.println();
    }

    private void refilled() throws Exception {
        beginTable();
        Map<Peers, Row> rows = rounds(
                REFILLED_CALLERS,
                2,
                8,
                peer -> peer != Peers.BARE,
                (peer, callers) -> Line.refilled(peer, callers, REFILLS, threads),
                Line.Result::slotsPerSecond);
        System.out.printf(
                Locale.ROOT,
                "| %,d callers, line refilled | slots a second | least to most | against fair | wake-ups per slot "
                        + "| slots of one caller, fewest to most |%n",
                REFILLED_CALLERS);
        System.out.println("| --- | --- | --- | --- | --- | --- |");
        rows.forEach((peer, row) -> System.out.printf(
                Locale.ROOT,
                "| %s | %s | %s | %s | %s |%n",
                peer.label,
                row.main("%,.0f"),
                row.against(rows),
                row.wakeUps.cell("%.2f"),
                row.figures.isEmpty() ? "" : row.fewest + "–" + row.most));
    }

    /** Runs the peers one after the other, again and again. The first rounds warm up, and are not counted. */
    private Map<Peers, Row> rounds(
            int callers,
            int warmUps,
            int counted,
            Predicate<Peers> which,
            Run run,
            ToDoubleFunction<Line.Result> figure)
            throws Exception {
        Map<Peers, Row> rows = new EnumMap<>(Peers.class);
        List<Peers> peers = compared.stream().filter(which).toList();
        peers.forEach(peer -> rows.put(peer, new Row()));
        int rounds = isShort ? 3 : warmUps + counted;
        for (int round = 1; round <= rounds; round++) {
            System.err.printf("%d callers, round %d of %d%n", callers, round, rounds);
            List<Peers> order = new ArrayList<>(peers);
            Collections.rotate(order, round); // nobody always follows the same
            for (Peers peer : order) {
                Row row = rows.get(peer);
                if (row.remark == null) {
                    row.remark = givenUp.get(peer);
                }
                if (row.remark != null) {
                    continue;
                }
                Line.Result result = run.of(peer, callers);
                if (result == null) {
                    givenUp.put(peer, String.format(Locale.ROOT, "not done in %d s", Line.SECONDS));
                    row.remark = givenUp.get(peer);
                } else if (round > (isShort ? 1 : warmUps)) {
                    row.add(result, figure.applyAsDouble(result));
                }
            }
        }
        return rows;
    }
}
