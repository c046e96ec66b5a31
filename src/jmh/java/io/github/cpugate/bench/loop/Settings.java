package io.github.cpugate.bench.loop;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;

/**
 * How long, and who.
 *
 * @param rounds that each contender runs
 * @param sessions of a batch
 * @param period of the gates
 * @param ramp of Temporal's second run
 * @param contenders of the rounds
 * @param disturbed contenders of the run with another process and an idle minute
 * @param tokens lengths of the sessions, which take turns, so that they do not end in step
 * @param calm seconds before the other process
 * @param busy seconds of the other process
 * @param idle seconds between the two batches of that run
 * @param given the options that were given, to print them again
 */
record Settings(
        int rounds,
        int sessions,
        Duration period,
        Duration ramp,
        Set<Contender> contenders,
        Set<Contender> disturbed,
        List<Integer> tokens,
        int calm,
        int busy,
        int idle,
        String given) {

    private static final List<String> NAMES = List.of(
            "loop.smoke",
            "loop.rounds",
            "loop.sessions",
            "loop.period",
            "loop.ramp",
            "loop.contenders",
            "loop.disturbed");

    /** The shortest period in which OSHI surely has new counters. */
    private static final int SHORTEST_PERIOD = 400;

    /** Reads {@code loop.*}; an empty value is none. */
    static Settings of(Properties properties) {
        boolean smoke = Boolean.parseBoolean(properties.getProperty("loop.smoke"));
        int period = number(properties, "loop.period", 1000, SHORTEST_PERIOD);
        Set<Contender> usual = EnumSet.complementOf(EnumSet.of(Contender.UNCONDITIONAL));
        return new Settings(
                number(properties, "loop.rounds", smoke ? 1 : 3, 1),
                number(properties, "loop.sessions", smoke ? 12 : 72, 1),
                Duration.ofMillis(period),
                Duration.ofMillis(number(properties, "loop.ramp", period / 2, 1)),
                contenders(
                        properties,
                        "loop.contenders",
                        smoke ? EnumSet.of(Contender.ONE_SLOT, Contender.TEMPORAL) : usual),
                contenders(
                        properties,
                        "loop.disturbed",
                        smoke ? EnumSet.of(Contender.ONE_SLOT) : EnumSet.of(Contender.ONE_SLOT, Contender.HEADROOM)),
                smoke ? List.of(50, 100) : List.of(430, 530, 630, 730, 830),
                smoke ? 1 : 8,
                smoke ? 1 : 20,
                smoke ? 2 : 60,
                given(properties));
    }

    private static int number(Properties properties, String name, int usual, int least) {
        String text = properties.getProperty(name, "");
        if (text.isBlank()) {
            return usual;
        }
        try {
            int value = Integer.parseInt(text.strip());
            if (value >= least) {
                return value;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new IllegalArgumentException(name + " must be a whole number of at least " + least + ", was " + text);
    }

    private static Set<Contender> contenders(Properties properties, String name, Set<Contender> usual) {
        String text = properties.getProperty(name, "");
        if (text.isBlank()) {
            return usual;
        }
        Set<Contender> chosen = EnumSet.noneOf(Contender.class);
        for (String word : text.split(",", -1)) {
            chosen.add(Arrays.stream(Contender.values())
                    .filter(contender -> contender.name().equalsIgnoreCase(word.strip()))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(
                            name + " must be some of " + Arrays.toString(Contender.values()) + ", was " + text)));
        }
        return chosen;
    }

    private static String given(Properties properties) {
        List<String> options = new ArrayList<>();
        for (String name : NAMES) {
            String value = properties.getProperty(name, "");
            if (!value.isBlank()) {
                options.add(" -D" + name + "=" + value);
            }
        }
        return String.join("", options);
    }

    boolean wants(Contender contender) {
        return contenders.contains(contender) || disturbed.contains(contender);
    }

    /** Seconds that a batch takes at the target, with one session's length for the tail. */
    double batchSeconds() {
        double session =
                1 + 0.008 * tokens.stream().mapToInt(each -> each).average().orElseThrow(); // the server's pace
        return session * (1 + sessions / (Terms.SESSIONS_TO_SATURATE * Terms.TARGET / 100));
    }

    /** Seconds that all of it takes, or thereabouts; those that overload the host are done sooner. */
    double totalSeconds() {
        double sweep = wants(Contender.BEST_CONSTANT) ? 2.5 * batchSeconds() : 0;
        double inTurn = rounds * contenders.size() * 0.9 * batchSeconds();
        double disturbing = disturbed.size() * (calm + 1.5 * busy + 0.5 * batchSeconds() + idle + 15);
        return 8 + 3.5 * tokens.size() + sweep + inTurn + disturbing;
    }
}
