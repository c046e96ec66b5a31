package io.github.cpugate.demo;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.async.ByteArrayFeeder;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;

/**
 * What a chat window does at each piece that arrives: it renders the conversation anew, up to and with the piece, and
 * parses what there is of a tool call. That is the CPU that a streaming session costs; the stream itself costs next to
 * nothing.
 *
 * <p>It does so until its thread has used as much CPU time as a piece is to cost. Work measured in renderings would
 * cost another share of the same machine an hour later, when the machine's other tenants, or the compiler, have changed
 * its speed: up to half as much again was seen.
 */
final class View {

    private static final JsonFactory JSON = new JsonFactory();
    private static final Parser MARKDOWN = Parser.builder().build();
    private static final HtmlRenderer HTML = HtmlRenderer.builder().build();

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final String conversation;
    private final long nanosPerPiece;
    private final long begun = THREADS.getCurrentThreadCpuTime();
    private long allowed; // CPU time, nanoseconds
    private final StringBuilder answer = new StringBuilder();
    private final StringBuilder arguments = new StringBuilder();
    private String html = "";
    private int pointsSeen;

    /**
     * A view of an answer that continues {@code conversation}, for the calling thread only.
     *
     * @param nanosPerPiece of CPU time, that a piece costs at least; what is spent between two pieces counts
     */
    View(String conversation, long nanosPerPiece) {
        this.conversation = conversation;
        this.nanosPerPiece = nanosPerPiece;
    }

    void text(String piece) {
        answer.append(piece);
        render("");
    }

    void toolArguments(String piece) {
        arguments.append(piece);
        pointsSeen = stringsIn(arguments.toString());
        render("\n\n*" + pointsSeen + " points*");
    }

    private void render(String end) {
        allowed += nanosPerPiece;
        do {
            html = HTML.render(MARKDOWN.parse(conversation + "\n\n" + answer + end));
        } while (THREADS.getCurrentThreadCpuTime() - begun < allowed);
    }

    /** Counts the strings that are complete in the beginning of a JSON document. */
    private static int stringsIn(String beginning) {
        byte[] bytes = beginning.getBytes(StandardCharsets.UTF_8);
        int strings = 0;
        try (JsonParser parser = JSON.createNonBlockingByteArrayParser()) {
            ((ByteArrayFeeder) parser.getNonBlockingInputFeeder()).feedInput(bytes, 0, bytes.length);
            JsonToken token = parser.nextToken();
            while (token != null && token != JsonToken.NOT_AVAILABLE) {
                strings += token == JsonToken.VALUE_STRING ? 1 : 0;
                token = parser.nextToken();
            }
        } catch (IOException e) {
            throw new IllegalStateException("not JSON: " + beginning, e);
        }
        return strings;
    }

    String html() {
        return html;
    }

    int pointsSeen() {
        return pointsSeen;
    }
}
