package io.github.cpugate.bench;

import java.util.Arrays;
import java.util.Locale;

/** What one peer came to, round by round. */
final class Figures {

    private double[] values = {};

    void add(double value) {
        values = Arrays.copyOf(values, values.length + 1);
        values[values.length - 1] = value;
        Arrays.sort(values);
    }

    boolean isEmpty() {
        return values.length == 0;
    }

    double median() {
        int half = values.length / 2;
        return values.length % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    }

    /** The median, and a cell with the least and the most, each as {@code format} says. */
    String cells(String format) {
        return String.format(
                Locale.ROOT, format + " | " + format + "–" + format, median(), values[0], values[values.length - 1]);
    }

    String cell(String format) {
        return isEmpty() ? "" : String.format(Locale.ROOT, format, median());
    }

    String against(Figures reference) {
        return isEmpty() || reference == null || reference.isEmpty()
                ? ""
                : String.format(Locale.ROOT, "%.2f×", median() / reference.median());
    }
}
