package io.github.cpugate.docs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.GateFullException;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.async.AsyncRequestTimeoutException;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The snippets of docs/streams/spring-boot.md. */
class SpringBootSnippets {

    static volatile UnaryOperator<String> model = prompt -> prompt;
    static volatile Duration longestWait = Duration.ofSeconds(20);
    static volatile Duration longestAnswer = Duration.ofSeconds(60);

    private static String stream(String prompt) {
        return model.apply(prompt);
    }

    @RestController
    static class Answers {

        private final AdaptiveCpuGate gate;

        Answers(AdaptiveCpuGate gate) {
            this.gate = gate;
        }

        @GetMapping("/answer")
        String answer(@RequestParam("prompt") String prompt) throws Exception {
            return gate.call(() -> stream(prompt));
        }
    }

    private static List<String> tokens(String prompt) {
        return List.of(model.apply(prompt).split("(?<= )", -1));
    }

    private static Flux<String> tokenFlux(String prompt) {
        return Flux.fromIterable(tokens(prompt));
    }

    private static <T> Flux<T> inSlot(AdaptiveCpuGate gate, Supplier<Flux<T>> stream) {
        return new ReactorSnippets().inSlot(gate, stream);
    }

    private static CompletableFuture<String> streamAsync(String prompt) {
        return CompletableFuture.supplyAsync(() -> model.apply(prompt));
    }

    @RestController
    @SuppressWarnings("FutureReturnValueIgnored") // that of whenComplete
    static class Streams {

        private final AdaptiveCpuGate gate;

        Streams(AdaptiveCpuGate gate) {
            this.gate = gate;
        }

        @GetMapping(path = "/flux", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
        Flux<String> flux(@RequestParam("prompt") String prompt) {
            return inSlot(gate, () -> tokenFlux(prompt))
                    .timeout(Mono.delay(longestWait), token -> Mono.never()); // for the first token
        }

        @GetMapping("/stream")
        StreamingResponseBody stream(@RequestParam("prompt") String prompt) {
            return out -> { // runs on a thread of Spring's, after this method has returned
                try (Slot slot = gate.trySlot(longestWait).orElseThrow(AsyncRequestTimeoutException::new)) {
                    for (String token : tokens(prompt)) {
                        out.write(token.getBytes(UTF_8));
                        out.flush();
                    }
                } catch (InterruptedException e) {
                    throw new InterruptedIOException("interrupted in line");
                }
            };
        }

        @GetMapping("/async")
        DeferredResult<String> async(@RequestParam("prompt") String prompt) {
            DeferredResult<String> result = new DeferredResult<>(longestAnswer.toMillis()); // the wait included
            CompletableFuture<String> answer = gate.callAsync(() -> streamAsync(prompt));
            result.onCompletion(() -> answer.cancel(true)); // timed out: leaves the line, or cancels the stage
            answer.whenComplete((text, failure) -> {
                if (failure == null) {
                    result.setResult(text);
                } else if (!answer.isCancelled()) {
                    result.setErrorResult(failure);
                }
            });
            return result;
        }
    }

    @ControllerAdvice
    static class Unavailable {

        @ExceptionHandler({
            GateClosedException.class, // the application shuts down
            GateFullException.class, // cpugate.max-waiting callers are in line
            AsyncRequestTimeoutException.class, // longestWait or longestAnswer has passed
            TimeoutException.class // the same, from Flux.timeout; if your client throws it too, tell them apart
        })
        ResponseEntity<Void> unavailable() {
            return ResponseEntity.status(503).header("Retry-After", "5").build(); // seconds
        }
    }

    /** For Spring Boot 3.5. */
    @Configuration
    static class HealthRecipe {

        @Bean
        HealthIndicator cpuGateHealthIndicator(AdaptiveCpuGate gate) {
            return () -> {
                GateSnapshot now = gate.snapshot();
                Health.Builder health = now.cpu().health() == CpuSample.Health.FAILING ? Health.down() : Health.up();
                return health.withDetail("limit", now.limit())
                        .withDetail("waiting", now.waiting())
                        .build();
            };
        }
    }
}
