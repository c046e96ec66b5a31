package io.github.cpugate.sim;

import java.util.List;

/** Hosts that several gates share. */
final class SharedScenarios {

    private SharedScenarios() {}

    static List<SharedScenario> all() {
        return List.of(
                of("2 cores, 2 gates, 20 s apart", 2).gates(2, 20, 200, 0.11, 10),
                of("2 cores, 3 gates, 20 s apart", 2).gates(3, 20, 200, 0.11, 10),
                of("2 cores, 8 gates, 10 s apart", 2).gates(8, 10, 100, 0.08, 10),
                of("8 cores, 2 gates, 60 s apart", 8).gates(2, 60, 600, 0.17, 20),
                of("8 cores, 3 gates, 60 s apart", 8).gates(3, 60, 500, 0.17, 20),
                of("8 cores, 8 gates, 20 s apart", 8).gates(8, 20, 200, 0.17, 20),
                of("64 cores, 2 gates, 60 s apart", 64).gates(2, 60, 5000, 0.17, 20),
                of("64 cores, 8 gates, 20 s apart", 64).gates(8, 20, 1500, 0.17, 20),
                of("64 cores, 8 gates at once", 64).gates(8, 0, 1500, 0.17, 20),
                of("2 cores, sessions of 60 s", 2).gates(2, 20, 80, 0.11, 60),
                of("8 cores, sessions of 60 s, newcomer of 5 s", 8)
                        .gate(0, 150, 0.17, 60)
                        .gate(60, 1600, 0.17, 5),
                of("8 cores, sessions of 5 s, newcomer of 60 s", 8)
                        .gate(0, 1600, 0.17, 5)
                        .gate(60, 150, 0.17, 60),
                of("8 cores, 0.05 and 0.5 cores a session", 8)
                        .gate(0, 2000, 0.05, 10)
                        .gate(60, 250, 0.5, 10),
                of("8 cores, 0.5 and 0.05 cores a session", 8)
                        .gate(0, 250, 0.5, 10)
                        .gate(60, 2000, 0.05, 10),
                of("8 cores, 2 gates, others use 30 %", 8)
                        .gates(2, 60, 400, 0.17, 20)
                        .background(t -> 2.4),
                of("8 cores, 3 gates, others use 50 % for 100 s", 8)
                        .gates(3, 60, 400, 0.17, 20)
                        .background(t -> t > 200 && t < 300 ? 4 : 0));
    }

    private static SharedScenario of(String name, int cores) {
        return new SharedScenario(name, cores);
    }
}
