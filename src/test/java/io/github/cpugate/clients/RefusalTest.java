package io.github.cpugate.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.openai.errors.OpenAIServiceException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests which exceptions of real clients are refusals. */
class RefusalTest {

    private final FakeService service = new FakeService();

    RefusalTest() throws IOException {}

    @AfterEach
    void close() {
        service.close();
    }

    private Throwable failure(Client.Kind kind, int status, String body, String... headers) {
        service.answer(status, body, headers);
        try (Client client = kind.of(service.url())) {
            return catchThrowable(client::stream);
        }
    }

    private Optional<Refusal> refusal(Client.Kind kind, int status, String body, String... headers) {
        Throwable failure = failure(kind, status, body, headers);
        assertThat(failure).isNotNull();
        try (Client client = kind.of(service.url())) {
            return client.refusal(failure);
        }
    }

    private static Optional<Refusal> refusal(String retryAfter) {
        return Optional.of(new Refusal(retryAfter));
    }

    static Stream<Arguments> answers() {
        Optional<Refusal> none = Optional.empty();
        return Stream.of(
                Arguments.of(429, List.of(), refusal(null)),
                Arguments.of(429, List.of("Retry-After", "7"), refusal("7")),
                Arguments.of(429, List.of("retry-after-ms", "1500", "retry-after", "2"), refusal("1.500")),
                Arguments.of(429, List.of("retry-after-ms", "soon", "retry-after", "2"), refusal("2")),
                Arguments.of(429, List.of("x-should-retry", "true"), refusal(null)),
                Arguments.of(429, List.of("x-should-retry", "false", "retry-after", "7"), none),
                Arguments.of(529, List.of(), refusal(null)),
                Arguments.of(503, List.of("retry-after", "7"), refusal("7")),
                Arguments.of(503, List.of(), none),
                Arguments.of(500, List.of("retry-after", "7"), none),
                Arguments.of(400, List.of("retry-after", "7"), none));
    }

    @ParameterizedTest
    @MethodSource("answers")
    void statusAndHeadersDecideWhetherAFailureIsARefusal(int status, List<String> headers, Optional<Refusal> expected) {
        for (Client.Kind kind : Client.Kind.values()) {
            assertThat(refusal(kind, status, "{}", headers.toArray(String[]::new)))
                    .as("%s", kind)
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @EnumSource
    void a429IsARefusalWithAnyBody(Client.Kind kind) {
        for (String body : List.of("", "busy", "[]", "{\"error\":\"busy\"}", "{\"error\":{\"code\":429}}")) {
            assertThat(refusal(kind, 429, body)).as(body).isEqualTo(refusal(null));
        }
    }

    /** OpenAI-compatible servers send numbers, for which the accessor of the client throws. */
    @Test
    void anOpenAiErrorCodeMayBeANumber() {
        Throwable failure = failure(Client.Kind.OPENAI, 429, "{\"error\":{\"code\":429,\"message\":\"busy\"}}");

        assertThat(catchThrowable(((OpenAIServiceException) failure)::code)).isNotNull();
        assertThat(OpenAi.refusal(failure)).isPresent();
    }

    @Test
    void aSpentBudgetIsNotARefusal() {
        for (String code : List.of("enforced_spend_limit_reached", "contract_spend_limit_reached")) {
            String body = "{\"error\":{\"type\":\"rate_limit_error\",\"details\":{\"error_code\":\"" + code + "\"}}}";
            assertThat(refusal(Client.Kind.ANTHROPIC, 429, body)).as(code).isEmpty();
        }
        String body = "{\"error\":{\"message\":\"m\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}";
        assertThat(refusal(Client.Kind.OPENAI, 429, body)).isEmpty();
    }

    @Test
    void anErrorInMidStreamIsNotARefusal() {
        String overloaded = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n";
        assertThat(refusal(Client.Kind.ANTHROPIC, 200, overloaded)).isEmpty();
        String tooMany = "data: {\"error\":{\"message\":\"m\",\"code\":\"rate_limit_exceeded\"}}\n\n";
        assertThat(refusal(Client.Kind.OPENAI, 200, tooMany)).isEmpty();
    }

    @Test
    void theResetsOfAnthropicCountIfThereIsNoRetryAfter() {
        String requests = "anthropic-ratelimit-requests-";
        String output = "anthropic-ratelimit-output-tokens-";
        String tokens = "anthropic-ratelimit-tokens-";
        String[] headers = {
            requests + "remaining", "0", requests + "reset", "2026-11-23T10:00:00Z",
            output + "remaining", "0", output + "reset", "2026-11-23T10:00:07Z",
            tokens + "remaining", "9000", tokens + "reset", "2026-11-23T10:00:30Z",
        };
        assertThat(refusal(Client.Kind.ANTHROPIC, 429, "", headers))
                .as("the later reset of the limits that are used up")
                .isEqualTo(refusal("Mon, 23 Nov 2026 10:00:07 GMT"));

        String[] more =
                Stream.concat(Stream.of(headers), Stream.of("retry-after", "3")).toArray(String[]::new);
        assertThat(refusal(Client.Kind.ANTHROPIC, 429, "", more)).isEqualTo(refusal("3"));
        assertThat(refusal(Client.Kind.ANTHROPIC, 429, "", requests + "remaining", "0", requests + "reset", "tomorrow"))
                .isEqualTo(refusal("tomorrow"));
    }
}
