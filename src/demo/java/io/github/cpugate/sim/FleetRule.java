package io.github.cpugate.sim;

import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.sim.FleetScenario.Machine;

/** What limits the sessions of each machine of a fleet. */
enum FleetRule {
    HEADROOM("`headroom()`") {
        @Override
        StepPolicy policy(FleetScenario fleet, Machine machine, Plant plant) {
            return StepPolicy.headroom();
        }
    },
    ONE_SLOT("`oneSlot()`") {
        @Override
        StepPolicy policy(FleetScenario fleet, Machine machine, Plant plant) {
            return StepPolicy.oneSlot();
        }
    },
    /** Knows the CPU of an average session, and what strangers ask for at each step. */
    ORACLE("oracle") {
        @Override
        StepPolicy policy(FleetScenario fleet, Machine machine, Plant plant) {
            return seen -> {
                double room = machine.cores() * FleetScenario.TARGET / 100
                        - machine.strangers().applyAsDouble(plant.now());
                return new Decision((int) (room / fleet.coresPerSlot()), Reason.IN_BAND);
            };
        }
    },
    TWELVE("12 slots each") {
        @Override
        int slots(FleetScenario fleet, Machine machine) {
            return 12;
        }
    },
    /** Knows the CPU of an average session, and nothing of strangers. */
    SHARES("slots by cores") {
        @Override
        int slots(FleetScenario fleet, Machine machine) {
            return (int) (machine.cores() * FleetScenario.TARGET / 100 / fleet.coresPerSlot());
        }
    };

    final String label;

    FleetRule(String label) {
        this.label = label;
    }

    /** The constant number of slots; 0 if a policy moves it. */
    int slots(FleetScenario fleet, Machine machine) {
        return 0;
    }

    StepPolicy policy(FleetScenario fleet, Machine machine, Plant plant) {
        return seen -> seen.hold(Reason.IN_BAND);
    }
}
