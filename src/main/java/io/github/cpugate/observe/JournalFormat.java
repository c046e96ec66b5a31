package io.github.cpugate.observe;

import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSample;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** The format of a journal: the fields of a step's line, in order, as JSON or as CSV. */
enum JournalFormat {
    JSON_LINES {
        @Override
        String header() {
            return "";
        }

        @Override
        String line(Instant time, StepReport step) {
            StringBuilder line = new StringBuilder(600);
            for (Field field : fields(time, step)) {
                line.append(line.length() == 0 ? '{' : ',')
                        .append('"')
                        .append(field.name)
                        .append("\":");
                if (field.value instanceof String text) {
                    quoteJson(line, text);
                } else {
                    line.append(field.unquoted("null"));
                }
            }
            return line.append("}\n").toString();
        }
    },
    CSV {
        @Override
        String header() {
            return "time,gate,elapsed,raw,smoothed,own,others,scope,cores,target,limitBefore,limit,minSlots,maxSlots,"
                    + "inFlight,meanInFlight,waiting,admitted,timedOut,limitReached,reason,health,detail,"
                    + "cpuLimit,apiCeiling,rateLimited,bottleneck,heldBackByCpu,heldBackByApi,heldBackByMaxSlots\n";
        }

        @Override
        String line(Instant time, StepReport step) {
            StringBuilder line = new StringBuilder(400);
            for (Field field : fields(time, step)) {
                line.append(line.length() == 0 ? "" : ",");
                if (field.value instanceof String text) {
                    quoteCsv(line, text);
                } else {
                    line.append(field.unquoted(""));
                }
            }
            return line.append('\n').toString();
        }
    };

    /** A value is a string, a number or a boolean. */
    private record Field(String name, Object value) {

        /** Returns a number or a boolean as text, and {@code unknown} for one that is NaN or infinite. */
        String unquoted(String unknown) {
            return value instanceof Double number && !Double.isFinite(number) ? unknown : value.toString();
        }
    }

    /** Returns the first line of a file, with its line feed; empty if the format has none. */
    abstract String header();

    /** Returns the line of a step, with its line feed. */
    abstract String line(Instant time, StepReport step);

    private static List<Field> fields(Instant time, StepReport step) {
        CpuSample cpu = step.cpu();
        return List.of(
                new Field("time", time.toString()),
                new Field("gate", step.gate()),
                new Field("elapsed", seconds(step.elapsed())),
                new Field("raw", rounded(cpu.raw(), 1e2)),
                new Field("smoothed", rounded(cpu.smoothed(), 1e2)),
                new Field("own", rounded(cpu.own(), 1e2)),
                new Field("others", rounded(cpu.others(), 1e2)),
                new Field("scope", cpu.scope()),
                new Field("cores", rounded(cpu.cores(), 1e2)),
                new Field("target", step.targetCpu()),
                new Field("limitBefore", step.limitBefore()),
                new Field("limit", step.limitAfter()),
                new Field("minSlots", step.minSlots()),
                new Field("maxSlots", step.maxSlots()),
                new Field("inFlight", step.inFlight()),
                new Field("meanInFlight", rounded(step.meanInFlight(), 1e2)),
                new Field("waiting", step.waiting()),
                new Field("admitted", step.admitted()),
                new Field("timedOut", step.timedOut()),
                new Field("limitReached", step.limitReached()),
                new Field("reason", step.reason().toString()),
                new Field("health", cpu.health().toString()),
                new Field("detail", cpu.detail()),
                new Field("cpuLimit", step.cpuLimit()),
                new Field("apiCeiling", step.apiCeiling()),
                new Field("rateLimited", step.rateLimited()),
                new Field("bottleneck", step.bottleneck().toString()),
                new Field("heldBackByCpu", seconds(step.heldBack().cpu())),
                new Field("heldBackByApi", seconds(step.heldBack().api())),
                new Field("heldBackByMaxSlots", seconds(step.heldBack().maxSlots())));
    }

    private static double seconds(Duration duration) {
        return rounded(duration.toNanos() / 1e9, 1e3);
    }

    private static double rounded(double value, double parts) {
        return Double.isFinite(value) ? Math.round(value * parts) / parts : value;
    }

    /** Writes a JSON string (RFC 8259). Surrogates are escaped too, since an unpaired one has no encoding in UTF-8. */
    private static void quoteJson(StringBuilder line, String text) {
        line.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                line.append('\\').append(c);
            } else if (c < ' ' || c == '\u2028' || c == '\u2029' || Character.isSurrogate(c)) {
                line.append(String.format("\\u%04x", (int) c));
            } else {
                line.append(c);
            }
        }
        line.append('"');
    }

    /** Writes a CSV field (RFC 4180), except that line breaks become spaces, since each line is one step. */
    private static void quoteCsv(StringBuilder line, String text) {
        String flat = text.replaceAll("\\R", " ");
        if (flat.indexOf(',') < 0 && flat.indexOf('"') < 0) {
            line.append(flat);
        } else {
            line.append('"').append(flat.replace("\"", "\"\"")).append('"');
        }
    }
}
