package io.github.cpugate.observe;

import io.github.cpugate.Observation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** How a journal writes a step: the fields of a line, in order, as JSON or as CSV. */
enum JournalFormat {
    JSON_LINES {
        @Override
        String header() {
            return "";
        }

        @Override
        String line(Instant time, Observation step) {
            StringBuilder line = new StringBuilder(600);
            for (Field field : fields(time, step)) {
                line.append(line.length() == 0 ? '{' : ',')
                        .append('"')
                        .append(field.name)
                        .append("\":");
                if (field.value instanceof String text) {
                    quoteJson(line, text);
                } else {
                    line.append(field.number("null"));
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
                    + "cpuLimit,apiCeiling,rateLimited,binding,boundByCpu,boundByApi,boundByMaxSlots\n";
        }

        @Override
        String line(Instant time, Observation step) {
            StringBuilder line = new StringBuilder(400);
            for (Field field : fields(time, step)) {
                line.append(line.length() == 0 ? "" : ",");
                if (field.value instanceof String text) {
                    quoteCsv(line, text);
                } else {
                    line.append(field.number(""));
                }
            }
            return line.append('\n').toString();
        }
    };

    /** A value is a text, a number or a truth. */
    private record Field(String name, Object value) {

        /** As text; what is not a number, as {@code none}. */
        String number(String none) {
            return value instanceof Double number && !Double.isFinite(number) ? none : value.toString();
        }
    }

    /** The first line of a file, with its end; nothing if there is none. */
    abstract String header();

    /** The line, with its end. */
    abstract String line(Instant time, Observation step);

    private static List<Field> fields(Instant time, Observation step) {
        List<Field> fields = new ArrayList<>(30);
        fields.add(new Field("time", time.toString()));
        fields.add(new Field("gate", step.gate()));
        fields.add(new Field("elapsed", seconds(step.elapsed())));
        fields.add(new Field("raw", rounded(step.cpu().raw(), 1e2)));
        fields.add(new Field("smoothed", rounded(step.cpu().smoothed(), 1e2)));
        fields.add(new Field("own", rounded(step.cpu().own(), 1e2)));
        fields.add(new Field("others", rounded(step.cpu().others(), 1e2)));
        fields.add(new Field("scope", step.cpu().scope()));
        fields.add(new Field("cores", rounded(step.cpu().cores(), 1e2)));
        fields.add(new Field("target", step.targetCpu()));
        fields.add(new Field("limitBefore", step.limitBefore()));
        fields.add(new Field("limit", step.limitAfter()));
        fields.add(new Field("minSlots", step.minSlots()));
        fields.add(new Field("maxSlots", step.maxSlots()));
        fields.add(new Field("inFlight", step.inFlight()));
        fields.add(new Field("meanInFlight", rounded(step.meanInFlight(), 1e2)));
        fields.add(new Field("waiting", step.waiting()));
        fields.add(new Field("admitted", step.admitted()));
        fields.add(new Field("timedOut", step.timedOut()));
        fields.add(new Field("limitReached", step.limitReached()));
        fields.add(new Field("reason", step.reason().toString()));
        fields.add(new Field("health", step.cpu().health().toString()));
        fields.add(new Field("detail", step.cpu().detail()));
        fields.add(new Field("cpuLimit", step.cpuLimit()));
        fields.add(new Field("apiCeiling", step.apiCeiling()));
        fields.add(new Field("rateLimited", step.rateLimited()));
        fields.add(new Field("binding", step.binding().side().toString()));
        fields.add(new Field("boundByCpu", seconds(step.binding().cpu())));
        fields.add(new Field("boundByApi", seconds(step.binding().api())));
        fields.add(new Field("boundByMaxSlots", seconds(step.binding().maxSlots())));
        return fields;
    }

    private static double seconds(Duration duration) {
        return rounded(duration.toNanos() / 1e9, 1e3);
    }

    private static double rounded(double value, double parts) {
        return Double.isFinite(value) ? Math.round(value * parts) / parts : value;
    }

    /** RFC 8259. Surrogates without their other half have no form in UTF-8, so they are escaped as well. */
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

    /** RFC 4180, but for breaks of lines, which become blanks: a line is a step. */
    private static void quoteCsv(StringBuilder line, String text) {
        String flat = text.replaceAll("\\R", " ");
        if (flat.indexOf(',') < 0 && flat.indexOf('"') < 0) {
            line.append(flat);
        } else {
            line.append('"').append(flat.replace("\"", "\"\"")).append('"');
        }
    }
}
