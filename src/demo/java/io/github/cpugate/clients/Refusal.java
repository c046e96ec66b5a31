package io.github.cpugate.clients;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A service's answer that it would serve this request if it were asked less.
 *
 * @param retryAfter when to ask again, in the words of a Retry-After header; null if the service did not say
 */
public record Refusal(@Nullable String retryAfter) {

    /**
     * Tells a refusal from other answers.
     *
     * @param status the answer's HTTP status
     * @param header the first value of the header of that name, in whatever case
     */
    public static Optional<Refusal> of(int status, Function<String, Optional<String>> header) {
        // The clients' own retries, which are off here, heed it too: to ask again will not help.
        if (header.apply("x-should-retry").filter("false"::equals).isPresent()) {
            return Optional.empty();
        }
        String retryAfter = header.apply("retry-after-ms") // no standard, but finer than its whole seconds
                .filter(text -> text.matches("[0-9]{1,9}"))
                .map(millis -> new BigDecimal(millis).movePointLeft(3).toPlainString())
                .or(() -> header.apply("retry-after"))
                .orElse(null);
        return switch (status) {
            // 429: we are over our limit. 529, Anthropic's: all users together are over what it can do. That is
            // nobody's limit, but what helps is the same, to ask for less at once, and later.
            case 429, 529 -> Optional.of(new Refusal(retryAfter));
            // Overloaded, or broken: only who says when to come again asks for patience (RFC 9110, 15.6.4).
            case 503 -> Optional.ofNullable(retryAfter).map(Refusal::new);
            default -> Optional.empty();
        };
    }
}
