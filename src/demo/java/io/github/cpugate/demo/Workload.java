package io.github.cpugate.demo;

import com.anthropic.client.AnthropicClient;
import io.github.cpugate.cpu.CpuSample;
import java.io.IOException;
import java.util.Collections;
import java.util.Locale;

/**
 * Sessions cut to this machine: each asks for about {@code demand} cores while its answers stream in.
 *
 * <p>One answer's view is a single thread's work and had better not take more than a quarter of a core, or it would
 * fall behind. So a session has as many answers at once as it takes.
 */
public record Workload(AnthropicClient client, String model, double demand) {

    /** So many sessions saturate the host: a fixed dozen then overloads it by two fifths. */
    public static final double SESSIONS_TO_SATURATE = 8.5;

    static final double CORES_PER_STREAM = 0.25;

    private static final int TO_WARM_UP = 36;
    private static final int TOGETHER = 6;

    /** A session whose answers have up to {@code maxTokens} tokens. */
    public Session session(int maxTokens) {
        double coresPerStream = demand / streams();
        return new Session(client, model, maxTokens, streams(), (long) (coresPerStream * ModelServer.PIECE_NANOS));
    }

    private int streams() {
        return (int) Math.max(1, Math.round(demand / CORES_PER_STREAM));
    }

    /** Runs some sessions, so that the first that count do not pay for loading and compiling. */
    public void warmUp(int maxTokens) throws InterruptedException, IOException {
        var unused = new Batch(
                        Collections.nCopies(TO_WARM_UP, session(maxTokens)), () -> CpuSample.of(Double.NaN), tick -> {})
                .run(Limiter.fixed(TOGETHER), () -> 0, null);
    }

    /** How many requests warming up and {@code sessions} sessions take. */
    int requests(int sessions) {
        return (TO_WARM_UP + sessions) * streams();
    }

    public String describe() {
        return String.format(
                Locale.ROOT,
                "A session asks for %.2f cores: %d answer%s at once, rendered anew at each piece",
                demand,
                streams(),
                streams() == 1 ? "" : "s");
    }
}
