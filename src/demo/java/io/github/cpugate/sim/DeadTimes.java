package io.github.cpugate.sim;

import io.github.cpugate.policy.StepPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Compares {@code headroom()} with the plain rule where the dead time changes while {@link ManySlots} are at rest. */
public final class DeadTimes {

    private static final int[] DEAD_TIMES = {0, 1, 2, 3, 5};
    private static final double TOLERANCE = 5; // points of the time

    private DeadTimes() {}

    private record Change(int from, int to, int steps, int sessionSteps, double headroom, double plain) {

        static Change of(int from, int to, int steps, int sessionSteps) {
            return new Change(
                    from,
                    to,
                    steps,
                    sessionSteps,
                    ManySlots.percentOverAfterDrift(StepPolicy::headroom, from, to, steps, sessionSteps),
                    ManySlots.percentOverAfterDrift(StepPolicy::oneSlot, from, to, steps, sessionSteps));
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "dead time %d to %d over %d steps, sessions of %d: over %.0f %% (%.0f %%)",
                    from,
                    to,
                    steps,
                    sessionSteps,
                    headroom,
                    plain);
        }
    }

    /**
     * Prints the changes after which CPU is above 80 % for more of the time than under the plain rule. Takes some
     * seconds.
     *
     * @param args none
     */
    public static void main(String[] args) {
        List<Change> changes = new ArrayList<>();
        for (int from : DEAD_TIMES) {
            for (int to : DEAD_TIMES) {
                for (int sessionSteps : new int[] {8, 15, 25, 40}) {
                    if (from != to && sessionSteps > 2 + Math.max(from, to)) {
                        changes.add(Change.of(from, to, 0, sessionSteps));
                        changes.add(Change.of(from, to, 50, sessionSteps));
                    }
                }
            }
        }
        List<Change> worse = changes.stream()
                .filter(change -> change.headroom > change.plain + TOLERANCE)
                .toList();
        worse.forEach(System.out::println);
        System.out.println(worse.size() + " of " + changes.size());
    }
}
