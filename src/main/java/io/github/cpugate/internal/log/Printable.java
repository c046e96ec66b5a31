package io.github.cpugate.internal.log;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes texts from outside safe to log. Whoever chooses a gate's name, or what a service answers, must not write lines
 * into the log, hide some, or change their direction.
 *
 * <p>Replaced by escapes such as {@code \n} and {@code \u202e} are control characters, the separators U+2028 and
 * U+2029, format characters such as those for the direction of a text, and unpaired surrogates. The two joiners that
 * scripts and emoji need, U+200C and U+200D, are kept.
 */
public final class Printable {

    private static final int NON_JOINER = 0x200c;
    private static final int JOINER = 0x200d;

    private Printable() {}

    /** Returns the text with escapes, or the text itself if it needs none. */
    public static String text(String text) {
        StringBuilder escaped = null;
        int next;
        for (int i = 0; i < text.length(); i = next) {
            int c = text.codePointAt(i);
            next = i + Character.charCount(c);
            if (isPrintable(c)) {
                if (escaped != null) {
                    escaped.appendCodePoint(c);
                }
            } else {
                escaped = escaped == null ? new StringBuilder(text.substring(0, i)) : escaped;
                escaped.append(escape(c));
            }
        }
        return escaped == null ? text : escaped.toString();
    }

    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SURROGATE ->
                false;
            case Character.FORMAT -> c == NON_JOINER || c == JOINER;
            default -> true;
        };
    }

    private static String escape(int c) {
        return switch (c) {
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> String.format("\\u%04x", c);
        };
    }

    /** Returns a value for a log line: numbers and enum constants as they are, anything else as {@link #text}. */
    static Object value(Object value) {
        return value instanceof Number || value instanceof Enum<?> ? value : text(describe(value));
    }

    private static String describe(Object value) {
        try {
            return String.valueOf(value.toString());
        } catch (Throwable t) { // toString() may be foreign code
            return value.getClass().getName();
        }
    }

    /**
     * Returns a throwable for the log, whose texts a logging library prints: itself, or, if one of its texts or of
     * those of its causes and suppressed throwables is not printable, a copy. The copy has the same stack trace, and
     * its message is the text of the original.
     */
    static Throwable throwable(Throwable thrown) {
        Copy copy = new Copy(thrown, Collections.newSetFromMap(new IdentityHashMap<>()));
        return copy.differs ? copy : thrown;
    }

    /** A copy of a throwable, in which all texts are printable. */
    private static final class Copy extends Throwable {

        private static final long serialVersionUID = 1L;

        private boolean differs; // from the original: some text in it was not printable

        Copy(Throwable original, Set<Throwable> copied) {
            super(text(describe(original)));
            copied.add(original);
            try {
                differs = !isPrintable(original.toString()) || !isPrintable(original.getMessage());
                setStackTrace(printable(original.getStackTrace()));
                Throwable cause = original.getCause();
                if (cause != null && !copied.contains(cause)) {
                    initCause(copy(cause, copied));
                }
                for (Throwable suppressed : original.getSuppressed()) {
                    if (!copied.contains(suppressed)) {
                        addSuppressed(copy(suppressed, copied));
                    }
                }
            } catch (Throwable t) { // foreign code
                differs = true;
            }
        }

        private Copy copy(Throwable part, Set<Throwable> copied) {
            Copy copy = new Copy(part, copied);
            differs |= copy.differs;
            return copy;
        }

        /** A stack trace has texts from outside if it was received from another process. */
        private StackTraceElement[] printable(StackTraceElement[] stack) {
            for (int i = 0; i < stack.length; i++) {
                if (!isPrintable(stack[i].toString())) {
                    stack[i] = new StackTraceElement(text(stack[i].toString()), "", null, -1);
                    differs = true;
                }
            }
            return stack;
        }

        private static boolean isPrintable(@Nullable String text) {
            return text == null || text.equals(text(text));
        }
    }
}
