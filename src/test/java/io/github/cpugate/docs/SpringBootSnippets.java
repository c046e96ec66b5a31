package io.github.cpugate.docs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.GateFullException;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;

/** The snippets of docs/streams/spring-boot.md. */
class SpringBootSnippets {

    static volatile UnaryOperator<String> model = prompt -> prompt;

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

        @GetMapping("/stream")
        StreamingResponseBody stream(@RequestParam("prompt") String prompt) {
            return out -> {
                try (Slot slot = gate.slot()) { // on a thread of Spring's, after this method has returned
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
            DeferredResult<String> result = new DeferredResult<>();
            CompletableFuture<String> answer = gate.callAsync(() -> streamAsync(prompt));
            result.onTimeout(() -> answer.cancel(true)); // leaves the line, or cancels the stage
            result.onError(failure -> answer.cancel(true)); // the client has gone
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

        @ExceptionHandler({GateClosedException.class, GateFullException.class})
        ResponseEntity<Void> unavailable() {
            return ResponseEntity.status(503).build();
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
