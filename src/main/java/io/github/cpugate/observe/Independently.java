package io.github.cpugate.observe;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Calls foreign code for each of several objects. An exception of one call does not prevent the other calls. */
final class Independently {

    private Independently() {}

    /**
     * Makes all calls, and then throws the first exception that a call has thrown. The later ones are suppressed in it.
     */
    static <T> void forEach(Iterable<? extends T> all, Consumer<? super T> call) {
        Throwable first = null;
        for (T each : all) {
            try {
                call.accept(each);
            } catch (Throwable t) {
                first = add(first, t);
            }
        }
        if (first != null) {
            Independently.<RuntimeException>rethrow(first);
        }
    }

    /** Throws a checked exception, too, which foreign code in Kotlin or Scala may throw without declaring it. */
    @SuppressWarnings("unchecked") // erased
    private static <X extends Throwable> void rethrow(Throwable exception) throws X {
        throw (X) exception;
    }

    private static Throwable add(@Nullable Throwable first, Throwable next) {
        if (first == null) {
            return next;
        }
        if (first != next) { // nothing can suppress itself
            first.addSuppressed(next);
        }
        return first;
    }
}
