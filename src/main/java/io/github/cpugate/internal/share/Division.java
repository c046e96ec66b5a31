package io.github.cpugate.internal.share;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the target is divided: max-min fairness (D. Bertsekas and R. Gallager, "Data Networks", 1987). A gate that wants
 * less than an equal part gets what it wants, and the rest is divided equally among those that want more.
 *
 * @param part the part of the target, and of the strangers' CPU, that is this gate's; 1 if no peer competes
 * @param strangers CPU in percent of the scope that the gate can do nothing about: that of processes without a gate,
 *     and of gates that do not compete
 * @param strangersSmoothed the same, smoothed
 */
record Division(double part, double strangers, double strangersSmoothed) {

    static Division of(double target, double raw, double smoothed, GateState mine, List<GateState> others) {
        double strangers = raw - mine.own();
        double strangersSmoothed = smoothed - mine.smoothed();
        for (GateState other : others) {
            strangers -= other.own();
            strangersSmoothed -= other.smoothed();
        }
        strangers = Math.max(0, strangers);
        strangersSmoothed = Math.max(0, strangersSmoothed);
        List<GateState> rivals = new ArrayList<>(others);
        while (true) {
            int gates = rivals.size() + 1;
            GateState out = outOfCompetition(rivals, (target - strangersSmoothed) / gates);
            if (out == null) {
                return new Division(1.0 / gates, strangers, strangersSmoothed);
            }
            rivals.remove(out);
            strangers += out.own();
            strangersSmoothed += out.smoothed();
        }
    }

    /** Returns a gate that wants no more than it has, or that has more than its part and can take no less. */
    private static @Nullable GateState outOfCompetition(List<GateState> rivals, double part) {
        for (GateState each : rivals) {
            if ((!each.hungry() && each.smoothed() < part) || (each.atFloor() && each.granted() > part)) {
                return each;
            }
        }
        return null;
    }
}
