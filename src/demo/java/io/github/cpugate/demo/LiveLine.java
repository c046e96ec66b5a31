package io.github.cpugate.demo;

import java.io.Console;
import java.io.PrintStream;

/** One line that tells how a run goes: rewritten in place on a terminal, a new one each five seconds in a pipe. */
final class LiveLine {

    private static final double PIPE_SECONDS = 5;

    private final PrintStream out = System.out;
    private final boolean terminal = onTerminal();
    private double nextInPipe;
    private int width;

    void show(Tick tick, int sessions) {
        String line = "  %5.0f s   %d/%d done   CPU %3.0f %%   limit %d   in flight %d   waiting %d"
                .formatted(
                        tick.elapsed(),
                        tick.done(),
                        sessions,
                        tick.cpu(),
                        tick.limit(),
                        tick.inFlight(),
                        tick.waiting());
        if (terminal) {
            out.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
            out.flush();
            width = line.length();
        } else if (tick.elapsed() >= nextInPipe) {
            out.println(line);
            nextInPipe = Math.floor(tick.elapsed()) + PIPE_SECONDS;
        }
    }

    /** Ends the line, so that what follows stands on one of its own. */
    void end() {
        if (terminal && width > 0) {
            out.println();
        }
        width = 0;
        nextInPipe = 0;
    }

    /** From JDK 22 on there is a console in a pipe as well, and {@code isTerminal()} to tell. */
    @SuppressWarnings("SystemConsoleNull")
    private static boolean onTerminal() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException before22) {
            return true;
        }
    }
}
