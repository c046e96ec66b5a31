package io.github.cpugate.bench.loop;

import io.github.cpugate.demo.Tick;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * CPU over time, one panel for each limiter on a shared axis, as an SVG that needs nothing else and follows the
 * reader's choice of dark or light.
 */
final class Picture {

    /**
     * One panel.
     *
     * @param name whose it is
     * @param note figures, in a line below the name
     * @param spans times that are marked
     */
    record Panel(String name, String note, List<Tick> ticks, List<Span> spans) {}

    /** A marked time, in seconds, and what was then. */
    record Span(double from, double to, String what) {}

    private static final int WIDTH = 960;
    private static final int LEFT = 330;
    private static final int RIGHT = 20;
    private static final int TOP = 64;
    private static final int HEIGHT = 60;
    private static final int GAP = 16;
    private static final int BOTTOM = 34;

    private static final String STYLE = """
            text { font: 12px system-ui, sans-serif; fill: #1f2328; } text.faint { fill: #656d76; font-size: 11px; }
            text.title { font-size: 15px; font-weight: 600; } text.name { font-weight: 600; }
            .back { fill: #ffffff; } .grid { stroke: #d0d7de; fill: none; }
            .band { fill: #2da44e; opacity: 0.22; } .target { stroke: #2da44e; stroke-dasharray: 4 3; }
            .mark { fill: #bf8700; opacity: 0.18; }
            .cpu { stroke: #0a5fb8; stroke-width: 1.8; stroke-linejoin: round; fill: none; }
            .slots { stroke: #656d76; fill: none; }
            @media (prefers-color-scheme: dark) {
              text { fill: #e6edf3; } text.faint { fill: #8d96a0; } .back { fill: #0d1117; } .grid { stroke: #30363d; }
              .band { fill: #3fb950; } .target { stroke: #3fb950; } .mark { fill: #d29922; } .cpu { stroke: #58a6ff; }
              .slots { stroke: #8d96a0; }
            }
            """;

    private final StringBuilder svg = new StringBuilder();
    private final double seconds;

    private Picture(double seconds) {
        this.seconds = seconds;
    }

    static String of(String title, List<Panel> panels) {
        double end = panels.stream()
                .flatMap(panel -> panel.ticks().stream())
                .mapToDouble(Tick::elapsed)
                .max()
                .orElse(1);
        return new Picture(end).draw(title, panels);
    }

    private String draw(String title, List<Panel> panels) {
        int height = TOP + panels.size() * (HEIGHT + GAP) + BOTTOM;
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">",
                WIDTH, height, escape(title));
        svg.append("<style>\n").append(STYLE).append("</style>\n");
        add("<rect class=\"back\" width=\"%d\" height=\"%d\"/>", WIDTH, height);
        text("title", 16, 26, "start", title);
        text(
                "faint",
                16,
                46,
                "start",
                format(
                        "Bold: CPU of the host, each second, from 0 to 100 %%. Green: %.0f ± %.0f %%. "
                                + "Thin: sessions in flight, from 0 to %d.",
                        Terms.TARGET, Outcome.BAND, Terms.MAX_SLOTS));
        int top = TOP;
        for (Panel panel : panels) {
            draw(panel, top);
            top += HEIGHT + GAP;
        }
        axis(top);
        svg.append("</svg>\n");
        return svg.toString();
    }

    private void draw(Panel panel, int top) {
        double band = HEIGHT * Outcome.BAND / 100;
        double target = top + HEIGHT * (1 - Terms.TARGET / 100);
        int plot = WIDTH - LEFT - RIGHT;
        text("name", 16, top + 24, "start", panel.name());
        text("faint", 16, top + 41, "start", panel.note());
        text("faint", LEFT - 6, target + 4, "end", format("%.0f %%", Terms.TARGET));
        for (Span span : panel.spans()) {
            double from = x(span.from());
            add(
                    "<rect class=\"mark\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>%s</title></rect>",
                    from, top, x(span.to()) - from, HEIGHT, escape(span.what()));
            text("faint", from + 4, top + 12, "start", span.what());
        }
        add(
                "<rect class=\"band\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>",
                LEFT, target - band, plot, 2 * band);
        add("<path class=\"target\" d=\"M%d %.1fh%d\"/>", LEFT, target, plot);
        add("<path class=\"grid\" d=\"M%d %dv%dh%d\"/>", LEFT, top, HEIGHT, plot);
        line("slots", panel.ticks(), top, tick -> 100.0 * tick.inFlight() / Terms.MAX_SLOTS);
        line("cpu", panel.ticks(), top, Tick::cpu);
    }

    private void line(String kind, List<Tick> ticks, int top, ToDoubleFunction<Tick> percent) {
        List<String> points = new ArrayList<>();
        for (Tick tick : ticks) {
            double value = percent.applyAsDouble(tick);
            if (!Double.isNaN(value)) {
                points.add(format("%.1f,%.1f", x(tick.elapsed()), top + HEIGHT * (1 - Math.min(100, value) / 100)));
            }
        }
        add("<polyline class=\"%s\" points=\"%s\"/>", kind, String.join(" ", points));
    }

    private void axis(int top) {
        int every = seconds > 75 ? 20 : seconds > 30 ? 10 : 5;
        for (int second = 0; second <= seconds; second += every) {
            text("faint", x(second), top + 4, "middle", second + " s");
        }
    }

    private double x(double second) {
        return LEFT + (WIDTH - LEFT - RIGHT) * Math.min(1, second / seconds);
    }

    private void text(String kind, double x, double y, String anchor, String text) {
        add("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>", kind, x, y, anchor, escape(text));
    }

    private void add(String format, Object... values) {
        svg.append(format(format, values)).append('\n');
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace("\"", "&quot;")
                .replace("`", "");
    }
}
