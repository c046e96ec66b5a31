package io.github.cpugate.internal.log;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * A logger whose messages are one line each, whatever texts they contain: those of the arguments, of the pairs and of
 * the cause are made {@linkplain Printable printable}. All log lines of the library's own jar go through this class.
 *
 * <p>Thread-safe. A logging library that throws makes these methods throw.
 */
public final class Log {

    private final String name;
    private volatile @Nullable Logger logger; // looked up at the first message: build() must not load a logging library

    /** A log of the SLF4J logger of that name. */
    public Log(String name) {
        this.name = name;
    }

    private Logger logger() {
        Logger known = logger;
        if (known == null) {
            known = LoggerFactory.getLogger(name);
            logger = known;
        }
        return known;
    }

    public boolean isEnabled(Level level) {
        return logger().isEnabledForLevel(level);
    }

    public void info(String format, Object... args) {
        log(Level.INFO, null, format, args);
    }

    public void warn(String format, Object... args) {
        log(Level.WARN, null, format, args);
    }

    /** Logs a message, with the stack trace of a cause if there is one; {@code {}} in the format is an argument. */
    public void log(Level level, @Nullable Throwable cause, String format, Object... args) {
        log(level, Map.of(), cause, format, args);
    }

    /** Logs a message with key-value pairs, in the map's order. */
    public void log(Level level, Map<String, Object> pairs, @Nullable Throwable cause, String format, Object... args) {
        if (!isEnabled(level)) {
            return;
        }
        LoggingEventBuilder event = logger().atLevel(level);
        for (Map.Entry<String, Object> pair : pairs.entrySet()) {
            event = event.addKeyValue(pair.getKey(), Printable.value(pair.getValue()));
        }
        if (cause != null) {
            event = event.setCause(Printable.throwable(cause));
        }
        for (Object arg : args) {
            event = event.addArgument(Printable.value(arg));
        }
        event.log(format);
    }
}
