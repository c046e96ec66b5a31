package io.github.cpugate.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Compares each decision of {@code headroom()} with a recorded one, on plants with hundreds of small slots, where a
 * slight change of a formula shows. The recording, {@code headroom.txt}, says what the policy does, not what it should
 * do: the simulation judges that. Replace a line of it by the one that the failed test shows, if the change is wanted.
 */
class HeadroomTraceTest {

    private static final int STEPS = 160;

    /** What happens to a gate at a target of 70 %, unless a run says otherwise. */
    enum Run {
        SMALL_SLOTS,
        LATE_FIRST_TOKENS {
            @Override
            void set(Plant plant) {
                plant.deadTime = 3.5;
            }
        },
        LATE_FIRST_TOKENS_OF_LARGE_SLOTS {
            @Override
            void set(Plant plant) {
                plant.deadTime = 2;
                plant.cost = 4.3;
            }
        },
        WAVES {
            @Override
            void set(Plant plant) {
                plant.deadTime = 1;
                plant.factor = step -> step / 10 % 2 == 0 ? 1.25 : 0.75;
            }
        },
        DEARER_AND_CHEAPER {
            @Override
            void set(Plant plant) {
                plant.factor = step -> step < 50 ? 1 : step < 100 ? 2.2 : 0.6;
            }
        },
        A_STRANGER_COMES_AND_GOES {
            @Override
            void set(Plant plant) {
                plant.others = step -> step >= 60 && step < 110 ? 31 : 4;
            }
        },
        CHILD_PROCESSES {
            @Override
            void set(Plant plant) {
                plant.cost = 0.05;
                plant.childProcesses = 3;
                plant.others = step -> 7;
                plant.factor = step -> step < 80 ? 1 : 1.4;
            }
        },
        OVERLOAD_BY_OTHERS {
            @Override
            void set(Plant plant) {
                plant.others = step -> step >= 40 && step < 75 ? 93 : 0;
                plant.minSlots = 3;
            }
        },
        OWN_CPU_UNKNOWN {
            @Override
            void set(Plant plant) {
                plant.ownKnown = step -> 0;
                plant.others = step -> step < 90 ? 5 : 20;
            }
        },
        OWN_CPU_UNKNOWN_AT_TIMES {
            @Override
            void set(Plant plant) {
                plant.ownKnown = step -> step % 30 < 28 && (step < 70 || step > 76) ? 1 : 0;
                plant.others = step -> 15;
            }
        },
        OWN_CPU_OF_A_QUOTA {
            @Override
            void set(Plant plant) {
                plant.cores = step -> step < 55 ? 64 : step < 110 ? 16 : 48;
            }
        },
        SCOPE_CHANGES_DURING_THE_CLIMB {
            @Override
            void set(Plant plant) {
                plant.deadTime = 1;
                plant.base = 4;
                plant.cores = step -> step < 5 ? 64 : 24;
            }
        },
        SCOPE_CHANGES_BESIDE_STRANGERS {
            @Override
            void set(Plant plant) {
                plant.cores = step -> step / 40 % 2 == 0 ? 64 : 48;
                plant.others = step -> step / 40 % 2 == 0 ? 10 : step % 40 < 20 ? 25 : 15;
                plant.target = step -> step / 40 % 2 == 0 ? 70 : 66;
            }
        },
        TARGET_MOVES {
            @Override
            void set(Plant plant) {
                plant.target = step -> step < 60 ? 70 : step < 110 ? 41 : 82;
                plant.others = step -> step < 60 ? 2 : 9;
            }
        },
        TARGET_MOVES_AT_EACH_STEP {
            @Override
            void set(Plant plant) {
                plant.target = step -> 60 + step % 7;
                plant.others = step -> 8 + step % 3;
            }
        },
        A_STRANGER_IN_STEP_WITH_THE_SESSIONS {
            @Override
            void set(Plant plant) {
                plant.factor = step -> step / 15 % 2 == 0 ? 1 : 1.2;
                plant.others = step -> step / 15 % 2 == 0 ? 1 : 30;
            }
        },
        A_FEW_LARGE_SLOTS {
            @Override
            void set(Plant plant) {
                plant.cost = 26;
            }
        },
        DEMAND_ENDS_AND_RETURNS {
            @Override
            void set(Plant plant) {
                plant.demand = step -> step >= 45 && step < 80 ? 30 : step >= 80 && step < 90 ? 0 : 100_000;
            }
        },
        THE_LIMIT_IS_MOVED_FROM_OUTSIDE {
            @Override
            void set(Plant plant) {
                plant.maxSlots = step -> step < 70 ? 1000 : step < 100 ? 90 : 700;
                plant.moved = step -> step == 50 ? -120 : step == 140 ? 80 : 0;
            }
        },
        AN_IDLE_JVM_ON_FEW_CORES {
            @Override
            void set(Plant plant) {
                plant.cores = step -> 2;
                plant.base = 0.3;
                plant.cost = 0.05;
                plant.others = step -> 11;
            }
        };

        void set(Plant plant) {}
    }

    /** A host whose CPU a gate's sessions use, some steps after they have begun. */
    private static final class Plant {
        double base = 1.5;
        double cost = 0.21;
        double deadTime;
        double childProcesses; // CPU, of the sessions' own
        int minSlots = 1;
        IntUnaryOperator maxSlots = step -> 100_000;
        IntUnaryOperator moved = step -> 0; // the limit, by somebody else
        IntUnaryOperator ownKnown = step -> 1;
        IntUnaryOperator demand = step -> 100_000;
        IntToDoubleFunction cores = step -> 64;
        IntToDoubleFunction factor = step -> 1;
        IntToDoubleFunction others = step -> 0;
        IntToDoubleFunction target = step -> 70;

        private final SplittableRandom noise = new SplittableRandom(42);
        private final double[] held = new double[STEPS + 1];
        private final StepPolicy policy = StepPolicy.headroom();

        String limits() {
            StringBuilder text = new StringBuilder();
            int limit = minSlots;
            for (int step = 0; step < STEPS; step++) {
                limit = Math.max(minSlots, Math.min(maxSlots.applyAsInt(step), limit + moved.applyAsInt(step)));
                held[step] = Math.min(limit, demand.applyAsInt(step));
                StepInput seen = StepInput.of(sample(step), target.applyAsDouble(step), limit)
                        .withInFlight((int) held[step])
                        .withMinSlots(minSlots)
                        .withMaxSlots(maxSlots.applyAsInt(step))
                        .withLimitReached(demand.applyAsInt(step) >= limit);
                limit = policy.decide(seen).limit();
                text.append(' ').append(limit);
            }
            return text.toString();
        }

        private CpuSample sample(int step) {
            double scale = 64 / cores.applyAsDouble(step);
            double wanted = scale
                    * (base + cost * factor.applyAsDouble(step) * using(step) * (0.97 + 0.06 * noise.nextDouble()));
            double own = Math.min(100 - others.applyAsDouble(step), wanted);
            double cpu = Math.min(100, own * (1 + childProcesses) + others.applyAsDouble(step));
            return CpuSample.of(
                    new CpuReading(
                            cpu,
                            ownKnown.applyAsInt(step) == 1 ? own : Double.NaN,
                            2_000_000_000L,
                            "cores " + cores.applyAsDouble(step),
                            cores.applyAsDouble(step)),
                    cpu);
        }

        private double using(int step) {
            double at = step - deadTime;
            int before = (int) Math.floor(at);
            double part = at - before;
            return (1 - part) * held(before) + part * held(before + 1);
        }

        private double held(int step) {
            return step < 0 ? 0 : held[step];
        }
    }

    @ParameterizedTest
    @EnumSource
    void decidesAsRecorded(Run run) throws IOException {
        Plant plant = new Plant();
        run.set(plant);
        assertThat(run + ":" + plant.limits()).isEqualTo(recorded(run));
    }

    private static String recorded(Run run) throws IOException {
        try (InputStream in = HeadroomTraceTest.class.getResourceAsStream("headroom.txt");
                Stream<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines()) {
            return lines.filter(line -> line.startsWith(run + ":")).collect(Collectors.joining());
        }
    }
}
