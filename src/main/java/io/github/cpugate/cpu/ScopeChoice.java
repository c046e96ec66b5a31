package io.github.cpugate.cpu;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Chooses which of several readings governs: the largest, since that resource runs out first. A scope keeps governing
 * until another one exceeds it by more than {@value #CLEAR_LEAD} points once, or by more than {@value #LEAD} points at
 * {@value #READINGS} readings in a row.
 *
 * <p>Without that, scopes of equal load take turns at every second step: a control group and its parent with the same
 * quota, or the host and a quota of all its processors. Each turn changes what a percentage means. The price is a
 * reading that is too low by up to three points while two scopes are that close, and for three readings by more. The
 * numbers are such that two scopes whose readings have noise with a standard deviation of 4 points rarely take turns.
 */
final class ScopeChoice {

    static final double CLEAR_LEAD = 15; // points
    static final double LEAD = 3; // points
    static final int READINGS = 4;

    private String scope = "";
    private int exceeded; // readings in a row at which another scope led

    /** Returns one of the readings; null if there are none. */
    @Nullable
    CpuReading choose(List<CpuReading> readings) {
        CpuReading largest = null;
        CpuReading governing = null;
        for (CpuReading each : readings) {
            if (largest == null || each.percent() > largest.percent()) {
                largest = each;
            }
            if (each.scope().equals(scope)) {
                governing = each;
            }
        }
        if (largest == null) {
            return null;
        }
        if (governing != null) {
            double lead = largest.percent() - governing.percent();
            exceeded = lead > LEAD ? exceeded + 1 : 0;
            if (exceeded < READINGS && !(lead > CLEAR_LEAD)) {
                return governing;
            }
        }
        exceeded = 0;
        scope = largest.scope();
        return largest;
    }
}
