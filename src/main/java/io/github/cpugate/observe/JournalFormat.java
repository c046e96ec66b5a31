package io.github.cpugate.observe;

import io.github.cpugate.StepReport;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The format of a journal: a step's time and its other columns, as JSON or as CSV. */
enum JournalFormat {
    JSON_LINES {
        @Override
        String header() {
            return "";
        }

        @Override
        String line(Instant time, StepReport step) {
            StringBuilder line = new StringBuilder(700).append("{\"time\":\"").append(time);
            line.append('"');
            for (Column column : COLUMNS) {
                line.append(",\"").append(column.name).append("\":");
                Object value = column.value.apply(step);
                if (value instanceof String text) {
                    quoteJson(line, text);
                } else {
                    line.append(unquoted(value, "null"));
                }
            }
            return line.append("}\n").toString();
        }
    },
    CSV {
        @Override
        String header() {
            return COLUMNS.stream().map(Column::name).collect(Collectors.joining(",", "time,", "\n"));
        }

        @Override
        String line(Instant time, StepReport step) {
            StringBuilder line = new StringBuilder(400).append(time);
            for (Column column : COLUMNS) {
                line.append(',');
                Object value = column.value.apply(step);
                if (value instanceof String text) {
                    quoteCsv(line, text);
                } else {
                    line.append(unquoted(value, ""));
                }
            }
            return line.append('\n').toString();
        }
    };

    /** A column after the time. A value is a string, a number or a boolean. */
    private record Column(String name, Function<StepReport, Object> value) {}

    /** A new column goes to the end, so that programs that count columns can read old journals and new ones. */
    private static final List<Column> COLUMNS = List.of(
            new Column("gate", StepReport::gate),
            new Column("elapsed", step -> seconds(step.elapsed())),
            new Column("raw", step -> rounded(step.cpu().raw(), 1e2)),
            new Column("smoothed", step -> rounded(step.cpu().smoothed(), 1e2)),
            new Column("own", step -> rounded(step.cpu().own(), 1e2)),
            new Column("others", step -> rounded(step.cpu().others(), 1e2)),
            new Column("scope", step -> step.cpu().scope()),
            new Column("cores", step -> rounded(step.cpu().cores(), 1e2)),
            new Column("target", StepReport::targetCpu),
            new Column("limitBefore", StepReport::limitBefore),
            new Column("limit", StepReport::limitAfter),
            new Column("minSlots", StepReport::minSlots),
            new Column("maxSlots", StepReport::maxSlots),
            new Column("inFlight", StepReport::inFlight),
            new Column("meanInFlight", step -> rounded(step.meanInFlight(), 1e2)),
            new Column("waiting", StepReport::waiting),
            new Column("admitted", StepReport::admitted),
            new Column("timedOut", StepReport::timedOut),
            new Column("limitReached", StepReport::limitReached),
            new Column("reason", step -> step.reason().toString()),
            new Column("health", step -> step.cpu().health().toString()),
            new Column("detail", step -> step.cpu().detail()),
            new Column("cpuLimit", StepReport::cpuLimit),
            new Column("apiCeiling", StepReport::apiCeiling),
            new Column("rateLimited", StepReport::rateLimited),
            new Column("bottleneck", step -> step.bottleneck().toString()),
            new Column("heldBackByCpu", step -> seconds(step.heldBack().cpu())),
            new Column("heldBackByApi", step -> seconds(step.heldBack().api())),
            new Column("heldBackByMaxSlots", step -> seconds(step.heldBack().maxSlots())),
            new Column("paused", StepReport::paused),
            new Column("backingOff", StepReport::backingOff),
            new Column("resumed", StepReport::resumed),
            new Column("rejected", StepReport::rejected),
            new Column("throttled", step -> rounded(step.cpu().throttled(), 1e2)),
            new Column("peers", step -> step.hostShare().peers()),
            new Column("share", step -> rounded(step.hostShare().percent(), 1e2)),
            new Column("peersCpu", step -> rounded(step.hostShare().peersCpu(), 1e2)));

    /** Returns the first line of a file, with its line feed; empty if the format has none. */
    abstract String header();

    /** Returns the line of a step, with its line feed. */
    abstract String line(Instant time, StepReport step);

    private static double seconds(Duration duration) {
        return rounded(duration.toNanos() / 1e9, 1e3);
    }

    private static double rounded(double value, double parts) {
        return Double.isFinite(value) ? Math.round(value * parts) / parts : value;
    }

    /** Returns a number or a boolean as text, and {@code unknown} for one that is NaN or infinite. */
    private static String unquoted(Object value, String unknown) {
        return value instanceof Double number && !Double.isFinite(number) ? unknown : value.toString();
    }

    /** Writes a JSON string (RFC 8259). Surrogates are escaped too, since an unpaired one has no encoding in UTF-8. */
    private static void quoteJson(StringBuilder line, String text) {
        line.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                line.append('\\').append(c);
            } else if (isControl(c) || Character.isSurrogate(c)) {
                line.append(String.format("\\u%04x", (int) c));
            } else {
                line.append(c);
            }
        }
        line.append('"');
    }

    /**
     * Writes a CSV field (RFC 4180), except that control characters become spaces, since each line is one step. A text
     * that a spreadsheet would take for a formula gets an apostrophe in front, as OWASP recommends (CSV injection).
     */
    private static void quoteCsv(StringBuilder line, String text) {
        StringBuilder cell = new StringBuilder(text);
        for (int i = 0; i < cell.length(); i++) {
            if (isControl(cell.charAt(i))) {
                cell.setCharAt(i, ' ');
            }
        }
        String begin = cell.toString().stripLeading();
        if (!begin.isEmpty() && "=+-@".indexOf(begin.charAt(0)) >= 0) {
            cell.insert(0, '\'');
        }
        String flat = cell.toString();
        if (flat.indexOf(',') < 0 && flat.indexOf('"') < 0) {
            line.append(flat);
        } else {
            line.append('"').append(flat.replace("\"", "\"\"")).append('"');
        }
    }

    /** Whether a character would break a line, or change how the text around it is shown, as bidi controls do. */
    private static boolean isControl(char c) {
        return Character.isISOControl(c)
                || "\u061c\u200e\u200f\u2028\u2029".indexOf(c) >= 0
                || (c >= '\u202a' && c <= '\u202e')
                || (c >= '\u2066' && c <= '\u2069');
    }
}
