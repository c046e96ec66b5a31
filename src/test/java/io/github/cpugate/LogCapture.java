package io.github.cpugate;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** What the library logs while this is open. */
public final class LogCapture implements AutoCloseable {

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.github.cpugate");
    private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
    private final Level levelBefore = logger.getLevel();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            events.add(event);
        }

        @Override
        public synchronized void doAppend(ILoggingEvent event) {
            if (event.getLevel() == broken) {
                throw new IllegalStateException("log broke");
            }
            CountDownLatch hang = letGo;
            if (hang != null) {
                try {
                    hang.await();
                } catch (InterruptedException e) {
                    throw new AssertionError("nobody interrupts a log that hangs", e);
                }
            }
            super.doAppend(event);
        }
    };

    private volatile @Nullable Level broken;
    private volatile @Nullable CountDownLatch letGo;

    public LogCapture() {
        logger.setLevel(Level.DEBUG);
        logger.setAdditive(false);
        appender.setContext(logger.getLoggerContext());
        appender.start();
        logger.addAppender(appender);
    }

    /** From now on an event at this level makes the logging call throw. */
    public void breakFor(Level level) {
        broken = level;
    }

    /** From now on an event makes the logging call wait for that. */
    public void hangUntil(CountDownLatch letGo) {
        this.letGo = letGo;
    }

    public List<ILoggingEvent> at(Level level) {
        return events.stream().filter(event -> event.getLevel() == level).toList();
    }

    public List<String> messagesAt(Level level) {
        return at(level).stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Override
    public void close() {
        logger.detachAppender(appender);
        logger.setLevel(levelBefore);
        logger.setAdditive(true);
    }
}
