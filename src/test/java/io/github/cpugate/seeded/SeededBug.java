package io.github.cpugate.seeded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/**
 * A bug that could be in the library, as edits of the real sources. The edited classes are compiled and put on the
 * class path before the real ones, which shows whether a test would find such a bug.
 */
enum SeededBug {
    TIMEOUT_IGNORES_A_GRANT(new Edit("ThreadWaiter", """
                    if (line.giveUp(this, !interruptedBefore)) {
            """, """
                    boolean late = state == State.IN_LINE && !interruptedBefore;
                    if (line.giveUp(this, !interruptedBefore) || late) {
            """)),
    INTERRUPT_IGNORES_A_GRANT(new Edit("ThreadWaiter", """
                    if (line.giveUp(this, !interruptedBefore)) {
            """, """
                    boolean hit = state == State.IN_LINE && interruptedBefore;
                    if (line.giveUp(this, !interruptedBefore) || hit) {
            """)),
    CANCELLED_CALLER_KEEPS_ITS_GRANT(new Edit("FutureWaiter", """
                    if (state == State.GRANTED) {
                        line.abandon(slot);
                    }
            """, "")),
    RAISED_LIMIT_ADMITS_ONE(new Edit(
            "LineState",
            "waiters.takeFirst(limits.allowed() - held.size(),",
            "waiters.takeFirst(Math.min(1, limits.allowed() - held.size()),")),
    NO_LOOK_BEFORE_PARKING(
            new Edit(
                    "ThreadWaiter",
                    "    private boolean timed;",
                    "    private volatile boolean parked;\n    private boolean timed;"),
            new Edit("ThreadWaiter", "public boolean block() {", "public boolean block() {\n        parked = true;"),
            new Edit("ThreadWaiter", "LockSupport.unpark(thread);", "if (parked) LockSupport.unpark(thread);")),
    SPURIOUS_WAKE_UP_COUNTS(new Edit("ThreadWaiter", "return isReleasable();", "return true;")),
    SLOT_IS_FREE_UNTIL_ITS_CALLER_WAKES(
            new Edit("LineState", "            admit(each.slot);", "            usage.admitted();"),
            new Edit("ThreadWaiter", """
                            return true;
                        }

                        private void backOff
                    """, """
                            slot.enter();
                            return true;
                        }

                        private void backOff
                    """),
            new Edit("FutureWaiter", "if (!future.grant()) {", "if (!line.tryEnter(slot) || !future.grant()) {")),
    CLOSED_TWICE_IS_CHECKED_BEFORE_THE_LOCK(
            new Edit("WaitingLine", """
                            acquire();
                            try {
                                slot.closed = true;
                                if (state.held.contains(slot)) {
                                    state.release(slot);
                                } else {
                    """, """
                            boolean isHeld = state.held.contains(slot);
                            acquire();
                            try {
                                slot.closed = true;
                                if (isHeld) {
                                    state.unchecked = true;
                                    state.release(slot);
                                    state.unchecked = false;
                                } else {
                    """),
            new Edit("LineState", "boolean closed;", "boolean closed;\n    boolean unchecked;"),
            new Edit("LineState", "if (!held.contains(slot)) {", "if (!unchecked && !held.contains(slot)) {")),
    ROOM_IS_CHECKED_BEFORE_THE_LOCK(
            new Edit("WaitingLine", """
                            acquire();
                            try {
                                if (state.closed) {
                    """, """
                            boolean full = state.isFull();
                            acquire();
                            try {
                                if (state.closed) {
                    """), new Edit("WaitingLine", "if (!state.isFull()) {", "if (!full) {")),
    LINE_IS_CHECKED_BEFORE_THE_LOCK(
            new Edit("WaitingLine", """
                            acquire();
                            try {
                                slot.closed = true;
                                if (state.held.contains(slot)) {
                                    state.release(slot);
                                } else {
                    """, """
                            boolean nobody = state.waiters.isEmpty();
                            acquire();
                            try {
                                slot.closed = true;
                                if (state.held.contains(slot)) {
                                    state.nobody = nobody;
                                    state.release(slot);
                                    state.nobody = false;
                                } else {
                    """),
            new Edit("LineState", "boolean closed;", "boolean closed;\n    boolean nobody;"),
            new Edit("LineState", """
                            limits.gaveBack(slot, now);
                            handOver();
                    """, """
                            limits.gaveBack(slot, now);
                            if (!nobody) {
                                handOver();
                            }
                    """)),
    CLOSED_GATE_FORGETS_THE_LINE(new Edit("LineState", "waiters.takeFirst(waiters.size(),", "waiters.takeFirst(0,")),
    RESUMED_BY_TWO_WAITS_TWICE(new Edit("LineSlot", "if (closed || resumption != null) {", "if (closed) {")),
    RESUMED_GOES_TO_THE_END(
            new Edit("WaiterQueue", "if (waiter.slot.resumption != null) {", "if (first == null && last != null) {")),
    CLOSED_SLOT_STAYS_IN_LINE(
            new Edit("LineState", "if (slot.resumption != null) {", "if (slot.index == Integer.MIN_VALUE) {")),
    REFUSALS_OF_ONE_EVENT_CUT_EACH(
            new Edit("ApiCeiling", "slot.refusalEvent == events;", "true;"),
            new Edit("ApiCeiling", "} else if (now - eventUntil >= 0) {", "} else if (inFlight > 0) {")),
    FLOOR_STAYS_CLOSED(new Edit("ApiCeiling", "shut.advanceTo(now);", "")),
    MOVED_ENTRY_KEEPS_ITS_OLD_INDEX(new Edit("SlotSet", "entry.index = index;", ""));

    /** Replaces a text that must occur once in the file, in any spacing. */
    private record Edit(String file, String text, String replacement) {

        Pattern pattern() {
            return Pattern.compile(
                    Stream.of(text.strip().split("\\s+")).map(Pattern::quote).collect(Collectors.joining("\\s+")));
        }
    }

    private static final Path SOURCES = Path.of("src/main/java/io/github/cpugate/internal/line");

    @SuppressWarnings("ImmutableEnumChecker") // a copy of List.of
    private final List<Edit> edits;

    SeededBug(Edit... edits) {
        this.edits = List.of(edits);
    }

    /** Compiles the classes that have the bug, and returns their directory. */
    Path compile(Path parent, String classPath) {
        Path sources = parent.resolve(name()).resolve("sources");
        Path classes = parent.resolve(name()).resolve("classes");
        List<String> arguments = new ArrayList<>(
                List.of("-d", classes.toString(), "-cp", classPath, "-proc:none", "-nowarn", "--release", "17"));
        try {
            Files.createDirectories(sources);
            Files.createDirectories(classes);
            for (String file : edits.stream().map(Edit::file).distinct().toList()) {
                Path edited = sources.resolve(file + ".java");
                Files.writeString(edited, edited(file));
                arguments.add(edited.toString());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        int failed = ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new));
        if (failed != 0) {
            throw new AssertionError(this + " does not compile");
        }
        return classes;
    }

    private String edited(String file) throws IOException {
        String source = Files.readString(SOURCES.resolve(file + ".java"));
        for (Edit edit : edits) {
            if (edit.file.equals(file)) {
                Matcher at = edit.pattern().matcher(source);
                if (at.results().count() != 1) {
                    throw new AssertionError(
                            this + ": the text does not occur exactly once in " + file + ": " + edit.text);
                }
                source = at.replaceFirst(Matcher.quoteReplacement(edit.replacement));
            }
        }
        return source;
    }
}
