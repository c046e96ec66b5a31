package io.github.cpugate.sim;

import java.util.List;

/** Hosts that several gates share, and what {@code shareHost} has to keep to on each. */
final class SharedScenarios {

    private static final double FOR_EVER = Double.POSITIVE_INFINITY;

    private SharedScenarios() {}

    static List<SharedScenario> all() {
        return List.of(
                of("2 cores, 2 gates, 20 s apart", 2)
                        .gates(2, 20, 200, 0.11, 10)
                        .bounds(13, 15, 0.99, 0)
                        .inBand(85, 85),
                of("2 cores, 3 gates, 20 s apart", 2)
                        .gates(3, 20, 200, 0.11, 10)
                        .bounds(16, 16, 0.95, 0),
                of("2 cores, 8 gates, 10 s apart", 2)
                        .gates(8, 10, 100, 0.08, 10)
                        .bounds(40, 40, 0.95, 0),
                of("8 cores, 2 gates, 60 s apart", 8)
                        .gates(2, 60, 600, 0.17, 20)
                        .bounds(18, 16, 0.99, 0)
                        .inBand(0, 95),
                of("8 cores, 3 gates, 60 s apart", 8)
                        .gates(3, 60, 500, 0.17, 20)
                        .bounds(FOR_EVER, 16, 0.99, 0)
                        .inBand(0, 95),
                of("8 cores, 8 gates, 20 s apart", 8)
                        .gates(8, 20, 200, 0.17, 20)
                        .bounds(FOR_EVER, 16, 0.99, 0)
                        .inBand(0, 95),
                of("64 cores, 2 gates, 60 s apart", 64)
                        .gates(2, 60, 5000, 0.17, 20)
                        .bounds(FOR_EVER, 16, 0.99, 0)
                        .inBand(0, 95),
                of("64 cores, 8 gates, 20 s apart", 64)
                        .gates(8, 20, 1500, 0.17, 20)
                        .bounds(FOR_EVER, 16, 0.99, 0)
                        .inBand(0, 95),
                of("64 cores, 8 gates at once", 64)
                        .gates(8, 0, 1500, 0.17, 20)
                        .bounds(FOR_EVER, 16, 0.99, 0)
                        .inBand(0, 95),
                of("2 cores, sessions of 60 s", 2).gates(2, 20, 80, 0.11, 60).bounds(36, 36, 0.95, 0),
                of("8 cores, sessions of 60 s, newcomer of 5 s", 8)
                        .gate(0, 150, 0.17, 60)
                        .gate(60, 1600, 0.17, 5)
                        .bounds(45, 45, 0.95, 0),
                of("8 cores, sessions of 5 s, newcomer of 60 s", 8)
                        .gate(0, 1600, 0.17, 5)
                        .gate(60, 150, 0.17, 60)
                        .bounds(45, 45, 0.95, 0),
                of("8 cores, 0.05 and 0.5 cores a session", 8)
                        .gate(0, 2000, 0.05, 10)
                        .gate(60, 250, 0.5, 10)
                        .bounds(40, 15, 0.99, 0)
                        .batch(1.13),
                of("8 cores, 0.5 and 0.05 cores a session", 8)
                        .gate(0, 250, 0.5, 10)
                        .gate(60, 2000, 0.05, 10)
                        .bounds(40, 15, 0.99, 0)
                        .batch(1.13),
                of("8 cores, 2 gates, others use 30 %", 8)
                        .gates(2, 60, 400, 0.17, 20)
                        .background(t -> 2.4)
                        .bounds(20, 20, 0.97, 4),
                of("8 cores, 3 gates, others use 50 % for 100 s", 8)
                        .gates(3, 60, 400, 0.17, 20)
                        .background(t -> t > 200 && t < 300 ? 4 : 0)
                        .bounds(20, 20, 0.97, 4));
    }

    /** Hosts on which the process of a gate is killed. */
    static List<SharedScenario> killed() {
        return List.of(
                of("2 cores, 3 gates, the last is killed", 2)
                        .gates(3, 20, 200, 0.11, 10)
                        .killedAt(120),
                of("8 cores, 2 gates, the first is killed", 8)
                        .gate(0, 800, 0.17, 20)
                        .killedAt(150)
                        .gate(60, 500, 0.17, 20));
    }

    /** Other hosts, without bounds of their own. */
    static List<SharedScenario> others() {
        SharedScenario late = of("8 cores, 3 gates, first token after 4 s", 8).gates(3, 60, 300, 0.17, 20);
        late.gates.forEach(gate -> gate.work.firstToken(4, 4));
        SharedScenario later =
                of("8 cores, newcomer's first token after 10 s", 8).gates(2, 60, 600, 0.17, 20);
        later.last().work.firstToken(10, 10);
        SharedScenario children = of("8 cores, one in child processes", 8).gates(2, 60, 500, 0.17, 20);
        children.gates.get(0).work.children(0.95);
        SharedScenario allChildren = of("8 cores, all in child processes", 8).gates(2, 60, 500, 0.17, 20);
        allChildren.gates.forEach(gate -> gate.work.children(0.95));
        SharedScenario unknown = of("8 cores, own CPU unknown", 8).gates(2, 60, 500, 0.17, 20);
        unknown.gates.forEach(gate -> gate.work.ownUnknown());
        SharedScenario oneJvm = of("8 cores, 2 gates of one JVM", 8).gates(2, 60, 500, 0.17, 20);
        oneJvm.gates.forEach(gate -> gate.jvm = 1);
        SharedScenario slow = of("8 cores, newcomer with a period of 10 s", 8).gates(2, 60, 500, 0.17, 20);
        slow.last().work.period = 10;
        SharedScenario quick = of("8 cores, newcomer with a period of 0.5 s", 8).gates(2, 60, 500, 0.17, 20);
        quick.last().work.period = 0.5;
        SharedScenario floor = of("8 cores, first with a floor of 20", 8).gates(2, 60, 500, 0.17, 20);
        floor.gates.get(0).work.minSlots = 20;
        SharedScenario ceiling = of("8 cores, newcomer with a ceiling of 10", 8)
                .gate(0, 600, 0.17, 20)
                .gate(60, 150, 0.17, 20);
        ceiling.last().work.maxSlots = 10;
        SharedScenario little = of("8 cores, newcomer of little demand", 8).gates(2, 60, 600, 0.17, 20);
        little.last().work.bursts(1, 4);
        SharedScenario just = of("8 cores, newcomer of just its part", 8).gates(2, 60, 500, 0.17, 20);
        just.last().work.bursts(1, 1.25);
        SharedScenario cheap = of("8 cores, newcomer costs next to nothing", 8)
                .gates(1, 0, 600, 0.17, 20)
                .gate(60, 4000, 0.002, 30);
        cheap.last().work.maxSlots = 256;
        SharedScenario target = of("8 cores, targets of 70 and 50 %", 8).gates(2, 60, 500, 0.17, 20);
        target.last().work.target = 50;
        SharedScenario outside = of("8 cores, newcomer does not share", 8).gates(2, 60, 400, 0.17, 20);
        outside.last().shares = false;
        SharedScenario lone = of("8 cores, lone", 8).gates(1, 0, 600, 0.17, 20);
        return List.of(
                late,
                later,
                children,
                allChildren,
                unknown,
                oneJvm,
                slow,
                quick,
                floor,
                ceiling,
                little,
                just,
                cheap,
                target,
                outside,
                lone);
    }

    private static SharedScenario of(String name, int cores) {
        return new SharedScenario(name, cores);
    }
}
