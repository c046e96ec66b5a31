package io.github.cpugate.sim;

import java.util.function.ToDoubleFunction;

/** What `headroom()` has to keep to in each scenario, against the oracle and against the plain rule. */
enum Bound {
    BATCH("batch time over the oracle's", Bound::batch),
    ARRIVAL("steps to arrive", compared -> compared.rules().get(Rules.HEADROOM).arrival()),
    OVER(
            "points of time above target + 10 more than the oracle",
            compared -> compared.rules().get(Rules.HEADROOM).over()
                    - compared.oracle().over()),
    PLAIN_BATCH(
            "batch time over the plain rule's",
            compared -> compared.rules().get(Rules.HEADROOM).seconds()
                    / compared.rules().get(Rules.ONE_SLOT).seconds()),
    PLAIN_P95(
            "p95 stretch over the plain rule's",
            compared -> compared.rules().get(Rules.HEADROOM).p95Stretch()
                    / compared.rules().get(Rules.ONE_SLOT).p95Stretch());

    final String label;

    @SuppressWarnings("ImmutableEnumChecker") // a function without state
    private final ToDoubleFunction<Comparison> measured;

    Bound(String label, ToDoubleFunction<Comparison> measured) {
        this.label = label;
        this.measured = measured;
    }

    double measured(Comparison compared) {
        return measured.applyAsDouble(compared);
    }

    double limit(Scenario scenario) {
        return switch (this) {
            case BATCH -> scenario.hasBackground ? 1.15 : 1.08;
            case ARRIVAL -> 10;
            case OVER -> 5;
            case PLAIN_BATCH, PLAIN_P95 -> 1.02;
        };
    }

    private static double batch(Comparison compared) {
        return compared.rules().get(Rules.HEADROOM).seconds()
                / compared.oracle().seconds();
    }
}
