package io.github.cpugate.docs;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.cpu.CpuSample;
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

    @ControllerAdvice
    static class Closed {

        @ExceptionHandler(GateClosedException.class)
        ResponseEntity<Void> closed() {
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
