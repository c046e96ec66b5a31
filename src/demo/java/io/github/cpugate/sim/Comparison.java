package io.github.cpugate.sim;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A scenario under an oracle and some rules: means over runs that differ by the seed.
 *
 * @param scenario what was run
 * @param slots the oracle's
 * @param oracle what its constant came to
 * @param rules what the rules came to
 */
record Comparison(Scenario scenario, double slots, Outcome oracle, Map<Rules, Outcome> rules) {

    static Comparison of(Scenario scenario, Collection<Rules> compared, Seeds seeds) {
        double slots = 0;
        List<Outcome> ofOracle = new ArrayList<>();
        Map<Rules, List<Outcome>> ofRules = new EnumMap<>(Rules.class);
        for (long seed = seeds.first(); seed <= seeds.last(); seed++) {
            Oracle oracle = Oracle.of(scenario, seed);
            slots += (double) oracle.slots() / seeds.count();
            ofOracle.add(oracle.run().outcome(oracle.run()));
            for (Rules rule : compared) {
                Outcome outcome = Simulation.of(scenario, seed, rule).outcome(oracle.run());
                ofRules.computeIfAbsent(rule, r -> new ArrayList<>()).add(outcome);
            }
        }
        Map<Rules, Outcome> means = new EnumMap<>(Rules.class);
        ofRules.forEach((rule, outcomes) -> means.put(rule, Outcome.mean(outcomes)));
        return new Comparison(scenario, slots, Outcome.mean(ofOracle), means);
    }

    /** All scenarios, in parallel, in their order. */
    static List<Comparison> ofAll(Collection<Scenario> scenarios, Collection<Rules> compared, Seeds seeds) {
        return scenarios.parallelStream()
                .map(scenario -> of(scenario, compared, seeds))
                .toList();
    }

    /** From the first to the last. */
    record Seeds(long first, long last) {

        /** Those of the documents. */
        static final Seeds DOCUMENTED = new Seeds(1, 5);

        long count() {
            return last - first + 1;
        }
    }
}
