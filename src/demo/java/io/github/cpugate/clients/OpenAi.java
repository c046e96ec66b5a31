package io.github.cpugate.clients;

import com.openai.core.JsonObject;
import com.openai.core.JsonString;
import com.openai.core.http.AsyncStreamResponse;
import com.openai.errors.OpenAIServiceException;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The OpenAI client in a {@link Retrying}. */
public final class OpenAi {

    private OpenAi() {}

    /**
     * What a failed call says, if it was refused. An error in mid-stream is none: part of the answer was consumed. The
     * {@code x-ratelimit-reset} headers are left alone: they tell when a limit will be full again, not which refused.
     */
    public static Optional<Refusal> refusal(Throwable failure) {
        if (!(failure instanceof OpenAIServiceException e) || isSpent(e)) {
            return Optional.empty();
        }
        return Refusal.of(
                e.statusCode(), name -> e.headers().values(name).stream().findFirst());
    }

    /** Comes as 429 too, and lasts until somebody pays. Not by {@code code()}: it throws if that is a number. */
    private static boolean isSpent(OpenAIServiceException e) {
        return e.body() instanceof JsonObject error
                && error.values().get("code") instanceof JsonString code
                && code.value().equals("insufficient_quota");
    }

    /**
     * Consumes a stream on the client's threads. Subscribes to it, since one that nobody subscribes to does not end.
     *
     * @param each is given each piece; if it throws, the future fails with that
     * @param result makes the session's result when the stream has ended, or was closed
     * @return a future of the result; once it is cancelled, the stream is closed at its next piece
     */
    public static <E, T> CompletableFuture<T> consume(
            AsyncStreamResponse<E> stream, Consumer<? super E> each, Supplier<T> result) {
        CompletableFuture<T> outcome = stream.onCompleteFuture().thenApply(unused -> result.get());
        var unusedStream = stream.subscribe(piece -> {
            // close() from outside would wait for this piece too, over HTTP/1.1, and might leave the connection open.
            if (outcome.isDone()) {
                throw new CancellationException("nobody wants the rest");
            }
            each.accept(piece);
        });
        return outcome;
    }
}
