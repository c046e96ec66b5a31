package io.github.cpugate.sim;

/**
 * The best constant: the most slots whose mean CPU after the start is at or under the target. It has seen the future,
 * and is the same from the first second to the last.
 *
 * @param slots that constant, of each gate
 * @param run what it does
 */
record Oracle(int slots, Simulation run) {

    static Oracle of(Scenario scenario, long seed) {
        int least = 1;
        int most = scenario.maxSlots;
        Simulation best = Simulation.fixed(scenario, seed, least);
        while (least < most) { // more slots, more CPU
            int middle = least + (most - least + 1) / 2;
            Simulation tried = Simulation.fixed(scenario, seed, middle);
            if (tried.meanCpu() > scenario.target) {
                most = middle - 1;
            } else {
                least = middle;
                best = tried;
            }
        }
        return new Oracle(least, best);
    }
}
