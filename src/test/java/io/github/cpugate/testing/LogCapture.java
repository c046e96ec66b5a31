package io.github.cpugate.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/**
 * Captures what the library logs during each test. A test class registers it:
 *
 * <pre>{@code
 * @RegisterExtension
 * final LogCapture log = new LogCapture();
 * }</pre>
 *
 * <p>The capture starts before the {@code @BeforeEach} methods, at level {@code DEBUG}, and ends after the
 * {@code @AfterEach} methods. What the constructor of the test class logs is not captured, nor what is logged by
 * threads of gates that were built before: a gate of an earlier test may still write its last lines.
 */
public final class LogCapture implements BeforeEachCallback, AfterEachCallback {

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.github.cpugate");
    private final Queue<ILoggingEvent> events = new ConcurrentLinkedQueue<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            events.add(event);
        }

        @Override
        public synchronized void doAppend(ILoggingEvent event) {
            if (earlier.contains(Thread.currentThread())) {
                return;
            }
            if (event.getLevel() == broken) {
                throw new IllegalStateException("log broke");
            }
            CountDownLatch hang = letGo;
            if (hang != null) {
                try {
                    hang.await();
                } catch (InterruptedException e) {
                    throw new AssertionError("no thread interrupts a log that hangs", e);
                }
            }
            super.doAppend(event);
        }
    };

    private volatile Set<Thread> earlier = Set.of(); // threads of gates that were built before the test
    private @Nullable Level levelBefore;
    private volatile @Nullable Level broken;
    private volatile @Nullable CountDownLatch letGo;

    @Override
    public void beforeEach(ExtensionContext context) {
        earlier = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("cpugate-"))
                .collect(Collectors.toSet());
        levelBefore = logger.getLevel();
        logger.setLevel(Level.DEBUG);
        logger.setAdditive(false);
        appender.setContext(logger.getLoggerContext());
        appender.start();
        logger.addAppender(appender);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        logger.detachAppender(appender);
        logger.setLevel(levelBefore);
        logger.setAdditive(true);
        broken = null;
        letGo = null;
        clear();
    }

    /** Forgets the events so far, for a test that looks at a part of the log only. */
    public void clear() {
        events.clear();
    }

    /** Sets the level of the library's loggers until the end of the test; the capture starts at {@code DEBUG}. */
    public void setLevel(Level level) {
        logger.setLevel(level);
    }

    /** From now on an event at this level makes the logging call throw. */
    public void breakFor(Level level) {
        broken = level;
    }

    /** From now on an event makes the logging call wait for the latch. */
    public void hangUntil(CountDownLatch letGo) {
        this.letGo = letGo;
    }

    public List<ILoggingEvent> events() {
        return List.copyOf(events);
    }

    public List<ILoggingEvent> at(Level level) {
        return events.stream().filter(event -> event.getLevel() == level).toList();
    }

    public List<String> messagesAt(Level level) {
        return at(level).stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
