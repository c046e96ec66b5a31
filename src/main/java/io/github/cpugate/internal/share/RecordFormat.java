package io.github.cpugate.internal.share;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * The file of a gate: one line of {@value #SIZE} bytes with the version, the values by name, and a checksum, so that a
 * person can read it and a reader detects a line that is half-written.
 */
final class RecordFormat {

    static final int SIZE = 384;

    private static final String NAME = "cpugate ";
    private static final String VERSION = NAME + "1";
    private static final String CHECKSUM = " crc32=";
    private static final int CHECKED = SIZE - CHECKSUM.length() - 9; // eight digits and a line feed

    /** Percentages and slots beyond this are no gate's. */
    static final double MAX_VALUE = 1e6;

    private RecordFormat() {}

    /**
     * What a file says.
     *
     * @param sequence differs from step to step
     * @param place identifies the machine and the scope
     * @param jvm identifies the process
     * @param period seconds from step to step
     */
    record Entry(long sequence, String place, String jvm, double period, GateState state) {}

    static byte[] bytes(Entry entry) {
        GateState state = entry.state;
        StringBuilder line = new StringBuilder(SIZE).append(VERSION);
        append(line, "seq", entry.sequence);
        append(line, "place", entry.place);
        append(line, "jvm", entry.jvm);
        append(line, "period", entry.period);
        append(line, "target", rounded(state.target()));
        append(line, "own", rounded(state.own()));
        append(line, "smoothed", rounded(state.smoothed()));
        append(line, "granted", rounded(state.granted()));
        append(line, "slotCost", rounded(state.slotCost()));
        append(line, "inFlight", rounded(state.inFlight()));
        append(line, "limit", state.limit());
        append(line, "hungry", state.hungry());
        append(line, "atFloor", state.atFloor());
        byte[] bytes = new byte[SIZE];
        Arrays.fill(bytes, (byte) ' ');
        byte[] text = line.toString().getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, bytes, 0, Math.min(text.length, CHECKED));
        byte[] end = (CHECKSUM + checksum(bytes) + "\n").getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(end, 0, bytes, CHECKED, end.length);
        return bytes;
    }

    private static void append(StringBuilder line, String name, Object value) {
        line.append(' ').append(name).append('=').append(value);
    }

    private static double rounded(double value) {
        return Double.isNaN(value) ? value : Math.round(value * 1e4) / 1e4;
    }

    private static String checksum(byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, CHECKED);
        return Long.toHexString(crc.getValue() | 1L << 32).substring(1); // eight digits
    }

    /** Whether a gate has begun to write the file. */
    static boolean isBegun(byte[] bytes) {
        return bytes[0] == 0 || new String(bytes, StandardCharsets.US_ASCII).startsWith(NAME);
    }

    /** Returns what the bytes of a file say. Throws if they are not a record of this version. */
    static Entry entry(byte[] bytes) throws IOException {
        String text = new String(bytes, StandardCharsets.US_ASCII);
        if (bytes.length != SIZE || !text.startsWith(VERSION + " ")) {
            throw new IOException("no record of this version");
        }
        if (!text.startsWith(CHECKSUM + checksum(bytes) + "\n", CHECKED)) {
            throw new IOException("a record with a wrong checksum");
        }
        Map<String, String> values = new HashMap<>();
        for (String pair : text.substring(VERSION.length(), CHECKED).strip().split(" ", -1)) {
            int equals = pair.indexOf('=');
            values.put(pair.substring(0, Math.max(0, equals)), pair.substring(equals + 1));
        }
        try {
            return entry(values);
        } catch (IllegalArgumentException e) {
            throw new IOException("a record with a value that is missing or impossible", e);
        }
    }

    private static Entry entry(Map<String, String> values) {
        GateState state = new GateState(
                number(values, "target"),
                percentOrNaN(values, "own"),
                percentOrNaN(values, "smoothed"),
                number(values, "granted"),
                number(values, "slotCost"),
                number(values, "inFlight"),
                slots(values, "limit"),
                yesOrNo(values, "hungry"),
                yesOrNo(values, "atFloor"));
        return new Entry(
                Long.parseLong(text(values, "seq")),
                text(values, "place"),
                text(values, "jvm"),
                number(values, "period"),
                state);
    }

    private static String text(Map<String, String> values, String name) {
        String text = values.get(name);
        if (text == null) {
            throw new IllegalArgumentException("no " + name);
        }
        return text;
    }

    private static double number(Map<String, String> values, String name) {
        double value = Double.parseDouble(text(values, name));
        if (!(value >= 0 && value <= MAX_VALUE)) {
            throw new IllegalArgumentException(name + " must be in [0, " + MAX_VALUE + "], was " + value);
        }
        return value;
    }

    private static int slots(Map<String, String> values, String name) {
        int value = Integer.parseInt(text(values, name));
        if (value < 0) {
            throw new IllegalArgumentException(name + " must not be negative, was " + value);
        }
        return value;
    }

    private static boolean yesOrNo(Map<String, String> values, String name) {
        String text = text(values, name);
        if (!text.equals("true") && !text.equals("false")) {
            throw new IllegalArgumentException(name + " must be true or false, was " + text);
        }
        return text.equals("true");
    }

    private static double percentOrNaN(Map<String, String> values, String name) {
        return text(values, name).equals("NaN") ? Double.NaN : number(values, name);
    }
}
