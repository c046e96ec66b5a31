package io.github.cpugate;

import io.github.cpugate.Turns.Callee;
import io.github.cpugate.Turns.Result;
import io.github.cpugate.Turns.Turn;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Who is told what the governor did, the log first; and what they are still to be told, in order. If a listener holds
 * its turn up until that is lost, the next turn goes on with those after it. For the current turn only.
 */
final class Listeners {

    private final Turns turns;
    private final Callee logging;
    private final List<Told> told = new ArrayList<>();
    private final Queue<Consumer<GateListener>> news = new ArrayDeque<>();
    private int next; // to be told of the first news

    /** A listener, as other people's code. */
    private record Told(GateListener listener, Callee callee) {}

    /** Makes each of them a callee of the turns. {@code whose} as in " of gate 'batch'". */
    Listeners(Turns turns, String whose, List<GateListener> listeners) {
        this.turns = turns;
        this.logging = turns.callee("the log" + whose);
        told.add(new Told(new StepLog(), logging));
        for (GateListener listener : listeners) {
            told.add(new Told(listener, turns.listener("a listener" + whose)));
        }
    }

    /** Notes what they are to be told. */
    void note(Consumer<GateListener> item) {
        news.add(item);
    }

    /** Tells all that is noted to those who do not know of it yet. Returns false if the turn was lost. */
    boolean tell(Turn turn) {
        while (!news.isEmpty()) {
            Consumer<GateListener> item = news.element();
            while (next < told.size()) {
                Told each = told.get(next++);
                Result<Told> result = turns.call(turn, each.callee, () -> {
                    item.accept(each.listener);
                    return each;
                });
                if (result == null || !say(turn, each.callee.faults, result.failure())) {
                    return false;
                }
            }
            news.remove();
            next = 0;
        }
        return true;
    }

    /** Says a problem, or that there is none, if that is news. Returns false if the turn was lost. */
    boolean say(Turn turn, FaultLog faults, @Nullable Object problem) {
        return (problem == null && faults.isQuiet()) || log(turn, () -> faults.say(problem));
    }

    /**
     * Uses the log, which may hang like any other people's code: then does without. Returns false if the turn was lost.
     */
    boolean log(Turn turn, Runnable words) {
        Result<Runnable> result = turns.call(turn, logging, () -> {
            words.run();
            return words;
        });
        return result != null;
    }
}
