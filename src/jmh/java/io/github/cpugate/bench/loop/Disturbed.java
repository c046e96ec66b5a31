package io.github.cpugate.bench.loop;

import io.github.cpugate.demo.Limiter;
import io.github.cpugate.demo.Tick;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One long run of one limiter: a batch, in the middle of which another process takes a processor for a while; then,
 * with the limiter as it was left, an idle time; then a batch again.
 *
 * @param ticks of all of it, on one axis
 * @param busyFrom when the other process came, seconds
 * @param busyTo when it went
 * @param idleFrom when the first batch was done
 * @param idleTo when the second began
 * @param back seconds after {@code busyTo} until CPU was back in the band; {@code NaN} if it was not while callers
 *     waited
 * @param limitAfterIdle with which the second batch began
 * @param highestAfterIdle the highest reading of the second batch's first seconds, percent
 */
record Disturbed(
        List<Tick> ticks,
        double busyFrom,
        double busyTo,
        double idleFrom,
        double idleTo,
        double back,
        int limitAfterIdle,
        double highestAfterIdle) {

    /** Of the second batch. */
    static final int FIRST_SECONDS = 10;

    static Disturbed run(Bench bench, Settings settings, Limiter limiter, String file)
            throws InterruptedException, IOException {
        try (Guest guest = new Guest(settings.calm(), settings.busy())) {
            int sessions = settings.sessions();
            Outcome first = bench.run(limiter, sessions + sessions / 2, file, guest);
            guest.checkThatItWent();
            List<Tick> ticks = new ArrayList<>(first.ticks());
            double idleFrom = first.seconds();
            append(ticks, bench.idle(limiter, settings.idle()), idleFrom);
            int limit = limiter.counts().limit();
            double idleTo = idleFrom + settings.idle();
            Outcome second = bench.run(limiter, Math.max(1, sessions / 2), file + "-after-idle", tick -> {});
            append(ticks, second.ticks(), idleTo);
            return new Disturbed(
                    ticks,
                    guest.from,
                    guest.to,
                    idleFrom,
                    idleTo,
                    Outcome.secondsUntilBackInBand(first.ticks(), guest.to),
                    limit,
                    Outcome.highestCpu(second.ticks(), FIRST_SECONDS));
        }
    }

    private static void append(List<Tick> ticks, List<Tick> more, double from) {
        for (Tick tick : more) {
            ticks.add(new Tick(
                    from + tick.elapsed(), tick.cpu(), tick.limit(), tick.inFlight(), tick.waiting(), tick.done()));
        }
    }

    /** Lets the other process come and go, told of the time by each tick. */
    private static final class Guest implements Consumer<Tick>, AutoCloseable {

        private final double calm;
        private final double busy;
        private double from = Double.NaN;
        private double to = Double.NaN;
        private @Nullable Foreign foreign;

        Guest(double calm, double busy) {
            this.calm = calm;
            this.busy = busy;
        }

        @Override
        public void accept(Tick tick) {
            if (Double.isNaN(from) && tick.elapsed() >= calm) {
                from = tick.elapsed();
                try {
                    foreign = new Foreign();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
            if (foreign != null && Double.isNaN(to)) {
                foreign.check();
                if (tick.elapsed() >= from + busy) {
                    foreign.close();
                    to = tick.elapsed();
                }
            }
        }

        void checkThatItWent() {
            if (Double.isNaN(to)) {
                throw new IllegalStateException("the batch ended before the other process did; try more sessions");
            }
        }

        @Override
        public void close() {
            if (foreign != null) {
                foreign.close();
            }
        }
    }
}
