package io.github.cpugate.docs;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.policy.StepPolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class Batch {

    public static void main(String[] args) throws Exception {
        List<String> prompts = Files.readAllLines(Path.of(args[0]));
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .targetCpu(70) // percent of the host
                .maxSlots(64)
                .policy(StepPolicy.headroom())
                .build();
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(gate, main))); // Ctrl-C, and SIGTERM

        ExecutorService threads = Executors.newCachedThreadPool(); // or virtual threads; the gate decides how many run
        List<Future<String>> answers = new ArrayList<>();
        for (String prompt : prompts) {
            answers.add(threads.submit(() -> {
                try (Slot slot = gate.slot()) { // waits its turn; first come, first served
                    return stream(prompt);
                }
            }));
        }
        for (Future<String> answer : answers) {
            try {
                System.out.println(answer.get());
            } catch (ExecutionException e) {
                System.err.println(e.getCause());
            }
        }
        threads.shutdown();
    }

    private static void end(AdaptiveCpuGate gate, Thread main) {
        gate.close(); // callers in line get a GateClosedException; does not wait for sessions
        try {
            if (!gate.awaitIdle(Duration.ofSeconds(30))) {
                System.err.println(gate.snapshot().inFlight() + " sessions still run");
            }
            main.join(5_000); // until the answers have been printed
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String stream(String prompt) {
        return prompt; // your own streaming call
    }
}
