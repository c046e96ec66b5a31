package io.github.cpugate.bench;

import java.util.Arrays;
import java.util.Locale;

/** What one peer came to, round by round. */
public final class Figures {

    private double[] values = {};

    public void add(double value) {
        values = Arrays.copyOf(values, values.length + 1);
        values[values.length - 1] = value;
        Arrays.sort(values);
    }

    public boolean isEmpty() {
        return values.length == 0;
    }

    public double median() {
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

    /** One cell: the median and, of several, the least and the most in brackets. */
    public String range(String format) {
        return values.length == 1
                ? String.format(Locale.ROOT, format, values[0])
                : String.format(
                        Locale.ROOT,
                        format + " (" + format + "–" + format + ")",
                        median(),
                        values[0],
                        values[values.length - 1]);
    }

    public String against(Figures reference) {
        return isEmpty() || reference == null || reference.isEmpty()
                ? ""
                : String.format(Locale.ROOT, "%.2f×", median() / reference.median());
    }
}
