package io.github.cpugate.clients;

import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.util.Optional;

/** A status other than success, which java.net.http returns like any, for a {@link Retrying}. */
public final class HttpStatusException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int status;
    private final transient HttpHeaders headers;

    private HttpStatusException(HttpResponse<?> response) {
        super("HTTP " + response.statusCode() + " from " + response.uri());
        this.status = response.statusCode();
        this.headers = response.headers();
    }

    /** Returns the response if it is a success, and throws otherwise. */
    public static <T> HttpResponse<T> check(HttpResponse<T> response) {
        if (response.statusCode() / 100 != 2) {
            throw new HttpStatusException(response);
        }
        return response;
    }

    /** What a failed call says, if it was refused. */
    public static Optional<Refusal> refusal(Throwable failure) {
        return failure instanceof HttpStatusException e
                ? Refusal.of(e.status, e.headers::firstValue)
                : Optional.empty();
    }
}
