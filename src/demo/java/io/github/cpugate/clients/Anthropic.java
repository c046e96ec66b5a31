package io.github.cpugate.clients;

import com.anthropic.core.http.AsyncStreamResponse;
import com.anthropic.core.http.Headers;
import com.anthropic.errors.AnthropicServiceException;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The Anthropic client in a {@link Retrying}. */
public final class Anthropic {

    /** These come as 429 too, and last until somebody pays or the month ends. */
    private static final Set<String> SPENT = Set.of("enforced_spend_limit_reached", "contract_spend_limit_reached");

    private Anthropic() {}

    /** What a failed call says, if it was refused. An error in mid-stream is none: part of the answer was consumed. */
    public static Optional<Refusal> refusal(Throwable failure) {
        if (!(failure instanceof AnthropicServiceException e)
                || e.errorCode().filter(SPENT::contains).isPresent()) {
            return Optional.empty();
        }
        return Refusal.of(
                        e.statusCode(),
                        name -> e.headers().values(name).stream().findFirst())
                .map(said -> said.retryAfter() == null ? new Refusal(reset(e.headers())) : said);
    }

    /**
     * When the limits that are used up will be full again. That is later than need be, and which of them refused is not
     * told: so only if there is no Retry-After.
     */
    private static @Nullable String reset(Headers headers) {
        return Stream.of("requests", "tokens", "input-tokens", "output-tokens")
                .map(limit -> "anthropic-ratelimit-" + limit)
                .filter(limit -> headers.values(limit + "-remaining").contains("0"))
                .flatMap(limit -> headers.values(limit + "-reset").stream())
                .max(Comparator.naturalOrder())
                .map(Anthropic::httpDate)
                .orElse(null);
    }

    /** From RFC 3339, in UTC. */
    private static String httpDate(String text) {
        try {
            return DateTimeFormatter.RFC_1123_DATE_TIME.format(OffsetDateTime.parse(text));
        } catch (DateTimeParseException e) {
            return text; // the gate logs what it does not understand
        }
    }

    /**
     * Consumes a stream on the client's threads. Subscribes to it, since one that nobody subscribes to does not end.
     *
     * @param each is given each event; if it throws, the future fails with that
     * @param result makes the session's result when the stream has ended, or was closed
     * @return a future of the result; to cancel it closes the stream
     */
    public static <E, T> CompletableFuture<T> consume(
            AsyncStreamResponse<E> stream, Consumer<? super E> each, Supplier<T> result) {
        var unusedStream = stream.subscribe(each::accept); // before all that may close it: it may have failed already
        CompletableFuture<T> outcome = stream.onCompleteFuture().thenApply(unused -> result.get());
        var unusedEnd = outcome.whenComplete((value, failure) -> stream.close());
        return outcome;
    }
}
