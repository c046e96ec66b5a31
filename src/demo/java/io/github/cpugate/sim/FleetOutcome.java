package io.github.cpugate.sim;

/**
 * What became of a batch in a fleet. CPU is that of all machines that live, each with the same weight, while the queue
 * had sessions.
 *
 * @param batch time until the last session has ended, over the ideal
 * @param emptyAt time until the queue was empty, over the ideal
 * @param tail from then until the last session has ended, seconds
 * @param cpu mean, percent
 * @param over share of the time with CPU above the target + 10 points, percent
 * @param above the mean of the points by which CPU is above the target
 * @param p95Stretch 95th percentile of the time of a session over its time alone
 * @param strangers the share that strangers get of the CPU that they ask for, percent
 * @param again sessions that were done although they were done already, percent of the batch
 * @param polls of the queue a second, while it had sessions
 * @param mostPolls in the second that had the most of them
 * @param idlePolls of the queue a second, once the batch is done
 */
record FleetOutcome(
        double batch,
        double emptyAt,
        double tail,
        double cpu,
        double over,
        double above,
        double p95Stretch,
        double strangers,
        double again,
        double polls,
        double mostPolls,
        double idlePolls) {}
