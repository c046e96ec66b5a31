package io.github.cpugate.sim;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** What the rules are tried on. */
enum Scenarios {
    SIZES("Machines of any size, sessions of any length") {
        @Override
        List<Scenario> list() {
            return List.of(
                    of("2 cores, 10 s").sessions(150, 0.17, 10),
                    of("2 cores, 40 s").sessions(80, 0.17, 40),
                    of("2 cores, many small sessions, 20 s").host(2, 64).sessions(300, 0.05, 20),
                    of("4 cores, 30 s").host(4, 64).sessions(400, 0.15, 30),
                    of("16 cores, 30 s").host(16, 256).sessions(1600, 0.15, 30),
                    of("64 cores, 30 s").host(64, 1024).sessions(6400, 0.15, 30),
                    of("256 cores, 30 s").host(256, 4096).sessions(25_600, 0.15, 30),
                    eight("8 cores, 1 s").sessions(6000, 0.3, 1),
                    eight("8 cores, 10 min").sessions(150, 0.2, 600),
                    of("64 cores, 10 min").host(64, 512).sessions(1200, 0.2, 600),
                    of("256 cores, 1 s").host(256, 2048).sessions(200_000, 0.3, 1),
                    of("4 cores, sessions that cost next to nothing")
                            .host(4, 16)
                            .sessions(400, 0.005, 20),
                    of("2 cores, a quarter of the host each").sessions(60, 0.5, 20));
        }
    },
    BACKGROUND("Others want CPU too") {
        @Override
        List<Scenario> list() {
            return List.of(
                    of("2 cores, background of 0.8 cores")
                            .sessions(100, 0.17, 10)
                            .background(t -> 0.8),
                    background40(2, 100),
                    background40(8, 320),
                    background40(64, 2560),
                    background40(256, 10_240),
                    of("2 cores, one of them taken for 20 s")
                            .sessions(150, 0.17, 10)
                            .background(t -> t >= 60 && t < 80 ? 1 : 0),
                    eight("8 cores, 20 % by turns of 60 s")
                            .sessions(600, 0.17, 20)
                            .background(t -> (long) (t / 60) % 2 == 0 ? 0 : 1.6),
                    eight("8 cores, 20 to 50 %, another every 5 s")
                            .sessions(500, 0.17, 20)
                            .background(t -> 8 * (0.2 + 0.3 * random((long) (t / 5)))),
                    eight("8 cores, half of them for 2 s every minute")
                            .sessions(500, 0.17, 20)
                            .background(t -> (long) t % 60 < 2 ? 4 : 0),
                    eight("8 cores, 90 % for a minute")
                            .sessions(400, 0.17, 20)
                            .background(t -> t >= 60 && t < 120 ? 7.2 : 0),
                    eight("8 cores, other work of 30 % in the same process")
                            .sessions(400, 0.17, 20)
                            .ownBackground(2.4));
        }
    },
    FIRST_TOKEN("Sessions that cost only after their first token") {
        @Override
        List<Scenario> list() {
            return List.of(
                    of("2 cores, after 0.8 periods").sessions(150, 0.24, 10).firstToken(1.6, 1.6),
                    eight("8 cores, after 0.5 periods").sessions(500, 0.17, 20).firstToken(1, 1),
                    of("64 cores, after 1.5 periods")
                            .host(64, 1024)
                            .sessions(6400, 0.15, 30)
                            .firstToken(3, 3),
                    eight("8 cores, after 2.3 periods").sessions(500, 0.17, 20).firstToken(4.6, 4.6),
                    late("2 cores, after 1 period", 1).sessions(150, 0.17, 20),
                    late("2 cores, after 2 periods", 2).sessions(150, 0.17, 20),
                    late("2 cores, after 4 periods", 4).sessions(150, 0.17, 20),
                    late("2 cores, small sessions, after 2 periods", 2)
                            .host(2, 64)
                            .sessions(300, 0.08, 20),
                    late("2 cores, small sessions, after 4 periods", 4)
                            .host(2, 64)
                            .sessions(300, 0.08, 20),
                    of("2 cores, after 4 to 12 s, 0.3 cores each")
                            .sessions(120, 0.3, 10)
                            .firstToken(4, 12),
                    eight("8 cores, after 0 to 4 periods")
                            .sessions(500, 0.17, 20)
                            .firstToken(0, 8),
                    late("8 cores, after 4 periods", 4).host(8, 128).sessions(800, 0.15, 30),
                    late("64 cores, after 4 periods", 4).host(64, 1024).sessions(6400, 0.15, 30),
                    late("256 cores, after 4 periods", 4).host(256, 4096).sessions(25_600, 0.15, 30),
                    late("2 cores, background of 40 %, after 2 periods", 2)
                            .host(2, 64)
                            .sessions(100, 0.08, 20)
                            .background(t -> 0.8),
                    late("64 cores, background of 40 %, after 4 periods", 4)
                            .host(64, 512)
                            .sessions(4000, 0.15, 30)
                            .background(t -> 25.6));
        }
    },
    DEMAND("Sessions that come otherwise than all at once") {
        @Override
        List<Scenario> list() {
            return List.of(
                    eight("8 cores, 100 every 2 min").sessions(600, 0.3, 10).bursts(100, 120),
                    of("2 cores, 20 every 90 s").sessions(160, 0.17, 10).bursts(20, 90),
                    eight("8 cores, one every 2 s: half of what the host can do")
                            .sessions(300, 0.3, 10)
                            .steadily(60, 120),
                    eight("8 cores, two a second: more than the target allows")
                            .sessions(600, 0.3, 10)
                            .steadily(240, 120));
        }
    },
    WORK("Work that is not as it was") {
        @Override
        List<Scenario> list() {
            return List.of(
                    eight("8 cores, four times as costly midway")
                            .sessions(600, 0.1, 20)
                            .costs(i -> i < 300 ? 1 : 4),
                    eight("8 cores, a quarter as costly midway")
                            .host(8, 128)
                            .sessions(900, 0.4, 20)
                            .costs(i -> i < 150 ? 1 : 0.25),
                    eight("8 cores, cheap and costly ones by turns of 30")
                            .sessions(600, 0.1, 20)
                            .costs(i -> i / 30 % 2 == 0 ? 1 : 3),
                    of("2 cores, sessions that differ by up to 80 %")
                            .sessions(150, 0.17, 10)
                            .jitter(0.8),
                    eight("8 cores, in child processes").sessions(500, 0.17, 20).children(0.95),
                    eight("8 cores, half in child processes")
                            .sessions(500, 0.17, 20)
                            .children(0.5),
                    of("64 cores, in child processes")
                            .host(64, 512)
                            .sessions(6000, 0.15, 30)
                            .children(0.95),
                    eight("8 cores, in child processes, background of 30 %")
                            .sessions(400, 0.17, 20)
                            .children(0.95)
                            .background(t -> 2.4),
                    eight("8 cores, in child processes, after 2 periods")
                            .sessions(500, 0.17, 20)
                            .children(0.95)
                            .firstToken(4, 4),
                    eight("8 cores, in child processes, four times as costly midway")
                            .sessions(600, 0.1, 20)
                            .children(0.95)
                            .costs(i -> i < 300 ? 1 : 4));
        }
    },
    SETTINGS("Other gates, other settings, other sensors") {
        @Override
        List<Scenario> list() {
            return List.of(
                    of("2 cores, two gates").sessions(80, 0.1, 20).gates(2),
                    eight("8 cores, two gates").sessions(300, 0.17, 20).gates(2),
                    eight("8 cores, own share unknown").sessions(500, 0.17, 20).ownUnknown(),
                    eight("8 cores, noise of 4 points").sessions(500, 0.17, 20).noise(4),
                    eight("8 cores, alpha 0.1").sessions(500, 0.17, 20).smoothing(0.1, 2),
                    eight("8 cores, alpha 1").sessions(500, 0.17, 20).smoothing(1, 2),
                    eight("8 cores, period of 0.5 s").sessions(500, 0.17, 20).smoothing(0.3, 0.5),
                    eight("8 cores, period of 10 s").sessions(1000, 0.17, 20).smoothing(0.3, 10));
        }
    };

    final String title;

    Scenarios(String title) {
        this.title = title;
    }

    /** Makes them anew. */
    abstract List<Scenario> list();

    static List<Scenario> all() {
        return Stream.of(values()).flatMap(group -> group.list().stream()).toList();
    }

    private static Scenario of(String name) {
        return new Scenario(name);
    }

    private static Scenario eight(String name) {
        return of(name).host(8, 64);
    }

    private static Scenario late(String name, int periods) {
        return of(name).firstToken(2 * periods, 2 * periods);
    }

    private static Scenario background40(int cores, int sessions) {
        return of(cores + " cores, background of 40 %")
                .host(cores, 16 * cores)
                .sessions(sessions, 0.15, 30)
                .background(t -> 0.4 * cores);
    }

    /** From 0 to 1, the same for the same n. */
    private static double random(long n) {
        return new SplittableRandom(n).nextDouble();
    }
}
