package io.github.cpugate.demo;

import com.anthropic.client.AnthropicClient;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * Sessions cut to this machine: each asks for about {@code demand} cores while its answers stream in.
 *
 * <p>One answer's view is a single thread's work and had better not take more than a quarter of a core, or it would
 * fall behind. So a session has as many answers at once as it takes, and the length of the conversation that each view
 * renders anew makes up the rest: the longer it is, the more CPU a piece costs.
 */
public record Workload(AnthropicClient client, String model, int streams, String conversation, double demand) {

    /** So many sessions saturate the host: a fixed dozen then overloads it by two fifths. */
    public static final double SESSIONS_TO_SATURATE = 8.5;

    private static final double CORES_PER_STREAM = 0.25;
    private static final int FIRST_GUESS = 100_000;
    private static final int SHORTEST = 2_000;
    private static final int LONGEST = 4_000_000;
    private static final int TOGETHER = 6;
    /** Rounds of calibration after which the figure no longer falls. */
    public static final int ROUNDS = 10;

    /**
     * Cuts sessions to ask for {@code demand} cores, by running some: {@code rounds} times six together, each of up to
     * {@code maxTokens}. They warm up the code, too.
     */
    public static Workload calibrated(AnthropicClient client, String model, int maxTokens, double demand, int rounds)
            throws InterruptedException, IOException {
        int streams = streams(demand);
        Workload workload = ofLength(client, model, streams, FIRST_GUESS, demand);
        CpuSampler unmetered = () -> CpuSample.of(Double.NaN);
        double unhindered = Double.POSITIVE_INFINITY; // seconds that a session takes if nothing holds it up
        List<Double> perCharacter = new ArrayList<>(); // cores
        for (int round = 1; round <= rounds; round++) {
            // Under the load under which it is to run: code gets compiled, and work in a crowd costs other than alone.
            RunResult measured = new Batch(
                            Collections.nCopies(TOGETHER, workload.session(maxTokens)), unmetered, tick -> {})
                    .run(Limiter.fixed(TOGETHER), () -> 0, null);
            unhindered = Math.min(unhindered, Collections.min(measured.wallSeconds()));
            double asked = measured.cpuSeconds() / TOGETHER / unhindered;
            System.out.printf(Locale.ROOT, "  round %d of %d: a session asks for %.2f cores%n", round, rounds, asked);
            perCharacter.add(asked / workload.conversation.length());
            // A median, since rounds differ; of the last ones, since code gets faster for a while.
            List<Double> last = perCharacter.subList(Math.max(0, round - 3), round);
            int length = (int) (demand / RunResult.percentile(last, 50));
            workload = ofLength(client, model, streams, Math.max(SHORTEST, Math.min(LONGEST, length)), demand);
        }
        return workload;
    }

    private static int streams(double demand) {
        return (int) Math.max(1, Math.round(demand / CORES_PER_STREAM));
    }

    /** How many requests calibration and {@code sessions} sessions take. */
    static int requests(double demand, int sessions) {
        return (ROUNDS * TOGETHER + sessions) * streams(demand);
    }

    private static Workload ofLength(AnthropicClient client, String model, int streams, int length, double demand) {
        return new Workload(client, model, streams, Markdown.ofLength(length, 1), demand);
    }

    /** A session whose answers have up to {@code maxTokens} tokens. */
    public Session session(int maxTokens) {
        return new Session(client, model, maxTokens, streams, conversation);
    }

    public String describe() {
        return String.format(
                Locale.ROOT,
                "A session: %d answer%s at once, each piece rendered in a conversation of %d KB; to ask for %.2f cores",
                streams,
                streams == 1 ? "" : "s",
                conversation.length() / 1000,
                demand);
    }
}
