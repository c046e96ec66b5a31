package io.github.cpugate.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxy;
import io.github.cpugate.testing.LogCapture;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LogTest {

    @RegisterExtension
    final LogCapture capture = new LogCapture();

    private final Log log = new Log("io.github.cpugate.test");

    private ILoggingEvent warned(Throwable cause) {
        log.log(org.slf4j.event.Level.WARN, cause, "it fails: {}", cause);
        return capture.at(Level.WARN).get(0);
    }

    private static String stackTrace(ILoggingEvent event) {
        StringWriter text = new StringWriter();
        ((ThrowableProxy) event.getThrowableProxy()).getThrowable().printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    @ParameterizedTest
    @CsvSource({
        "0a, \\n",
        "0d, \\r",
        "09, \\t",
        "00, \\u0000",
        "1b, \\u001b",
        "7f, \\u007f",
        "85, \\u0085",
        "9b, \\u009b",
        "2028, \\u2028",
        "2029, \\u2029",
        "200f, \\u200f",
        "202e, \\u202e",
        "2066, \\u2066",
        "feff, \\ufeff",
        "e0041, \\ue0041",
        "d800, \\ud800",
    })
    void aControlCharacterIsReplacedByAnEscape(String hex, String escape) {
        String control = Character.toString(Integer.parseInt(hex, 16));

        assertThat(Printable.text("a" + control + "é" + control)).isEqualTo("a" + escape + "é" + escape);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "plain", "C:\\new", "größer → 大", "👩\u200d💻", "می\u200cخواهم", "{}", "$1"})
    void anyOtherTextIsLoggedAsItIs(String text) {
        assertThat(Printable.text(text)).isSameAs(text);
        log.info("it says {}", text);
        assertThat(capture.messagesAt(Level.INFO)).containsExactly("it says " + text);
    }

    @Test
    void pairsKeepTheirTypeAndTextsInThemAreReplaced() {
        log.log(org.slf4j.event.Level.INFO, Map.of("pair", 7.5), null, "numbers {}", 3);
        log.log(org.slf4j.event.Level.INFO, Map.of("pair", "a\nb"), null, "texts {}", List.of("c\nd"));

        assertThat(capture.messagesAt(Level.INFO)).containsExactly("numbers 3", "texts [c\\nd]");
        assertThat(capture.at(Level.INFO))
                .extracting(event -> event.getKeyValuePairs().get(0).value)
                .containsExactly(7.5, "a\\nb");
    }

    @Test
    void aThrowableOfOneLineIsLoggedItself() {
        Throwable cause = new IllegalStateException("broke", new RuntimeException((String) null));

        assertThat(((ThrowableProxy) warned(cause).getThrowableProxy()).getThrowable())
                .isSameAs(cause);
    }

    @Test
    void aThrowableWhoseTextCouldForgeALineIsLoggedAsACopy() {
        Throwable cause = new IllegalStateException("broke", new RuntimeException("first\nERROR forged"));
        cause.addSuppressed(new RuntimeException("second\u2028ERROR forged"));
        ILoggingEvent event = warned(cause);

        assertThat(stackTrace(event).lines())
                .noneMatch(line -> line.startsWith("ERROR") || line.contains("\u2028"))
                .anyMatch(line -> line.endsWith("java.lang.IllegalStateException: broke"))
                .anyMatch(line -> line.endsWith("java.lang.RuntimeException: first\\nERROR forged"))
                .anyMatch(line -> line.endsWith("java.lang.RuntimeException: second\\u2028ERROR forged"));
        IThrowableProxy copy = event.getThrowableProxy();
        assertThat(copy.getStackTraceElementProxyArray()[0].getStackTraceElement())
                .isEqualTo(cause.getStackTrace()[0]);
        assertThat(event.getFormattedMessage()).isEqualTo("it fails: java.lang.IllegalStateException: broke");
    }

    @Test
    void aStackTraceFromAnotherProcessForgesNoLine() {
        Throwable cause = new IllegalStateException("broke");
        cause.setStackTrace(new StackTraceElement[] {new StackTraceElement("Remote\nERROR forged", "call", "F", 1)});

        assertThat(stackTrace(warned(cause)).lines()).noneMatch(line -> line.startsWith("ERROR"));
    }

    @Test
    void throwablesThatCauseEachOtherAreLogged() {
        Throwable first = new RuntimeException("first\n");
        Throwable second = new RuntimeException("second", first);
        first.initCause(second);

        assertThat(stackTrace(warned(first))).contains("first\\n", "second");
    }

    /** Its texts cannot be read. */
    private static final class Unreadable extends RuntimeException {

        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no message");
        }
    }

    @Test
    void aThrowableWhoseMessageThrowsIsLoggedByItsClass() {
        ILoggingEvent event = warned(new Unreadable());

        assertThat(event.getFormattedMessage()).isEqualTo("it fails: " + Unreadable.class.getName());
        assertThat(event.getThrowableProxy().getMessage()).isEqualTo(Unreadable.class.getName());
    }
}
