package io.github.cpugate.sim;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepPolicy;

/** What moves a gate's limit in a simulation: one for each gate. */
interface Rule {

    /** The policy that the gate is built with; leaves the limit alone if nothing else is said. */
    default StepPolicy policy() {
        return seen -> seen.hold(Reason.IN_BAND);
    }

    /** Called once the gate is there. For rules that go by other things than its steps; they set its bounds. */
    default void attach(AdaptiveCpuGate gate, Plant plant, Scenario scenario) {}

    /** Called when a session has ended, before its slot is given back. */
    default void ended(AdaptiveCpuGate gate, double seconds) {}

    /** A rule that is a policy. */
    static Rule of(StepPolicy policy) {
        return new Rule() {
            @Override
            public StepPolicy policy() {
                return policy;
            }
        };
    }
}
