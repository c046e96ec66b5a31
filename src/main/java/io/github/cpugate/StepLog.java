package io.github.cpugate;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Logs each step: a change of the limit, or a refusal by the service, at INFO, any other at DEBUG, with what was seen
 * as key-value pairs.
 */
final class StepLog implements GateListener {

    /** What users know the gate by. As text: the parts of the gate do not import it. */
    static final String LOGGER = "io.github.cpugate.AdaptiveCpuGate";

    private @Nullable Logger logger; // kept, since a step is to be cheap

    /** Looked up at its first use: to load a logging library is not for {@code build()}. */
    static Logger logger() {
        return LoggerFactory.getLogger(LOGGER);
    }

    @Override
    public void onStep(Observation step) {
        Logger logger = this.logger;
        if (logger == null) {
            logger = logger();
            this.logger = logger;
        }
        Level level = step.limitChanged() || step.rateLimited() > 0 ? Level.INFO : Level.DEBUG;
        if (!logger.isEnabledForLevel(level)) {
            return;
        }
        LoggingEventBuilder event = logger.atLevel(level)
                .addKeyValue("gate", step.gate())
                .addKeyValue("reason", step.reason())
                .addKeyValue("limitBefore", step.limitBefore())
                .addKeyValue("limitAfter", step.limitAfter())
                .addKeyValue("raw", rounded(step.cpu().raw()))
                .addKeyValue("smoothed", rounded(step.cpu().smoothed()))
                .addKeyValue("target", step.targetCpu())
                .addKeyValue("inFlight", step.inFlight())
                .addKeyValue("waiting", step.waiting())
                .addKeyValue("scope", step.cpu().scope());
        if (!Double.isNaN(step.cpu().own())) {
            event = event.addKeyValue("own", rounded(step.cpu().own()))
                    .addKeyValue("others", rounded(step.cpu().others()));
        }
        if (step.apiCeiling() < step.maxSlots() || step.rateLimited() > 0) {
            event = event.addKeyValue("cpuLimit", step.cpuLimit())
                    .addKeyValue("apiCeiling", step.apiCeiling())
                    .addKeyValue("rateLimited", step.rateLimited());
        }
        event.log(step.limitChanged() ? "limit moved" : "limit held");
    }

    /** To a tenth of a percent: as exact as a reading over two seconds is. */
    private static double rounded(double percent) {
        return Double.isNaN(percent) ? percent : Math.round(percent * 10) / 10.0;
    }
}
