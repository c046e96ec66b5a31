package io.github.cpugate.internal.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import io.github.cpugate.internal.share.RecordFormat.Entry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordFormatTest {

    private static final String PLACE = "0123456789abcdef";
    private static final String JVM = "fedcba9876543210";
    private static final GateState STATE = new GateState(70, 20.5, 21.25, 30, 5.125, 4.5, 6, true, false);
    private static final Entry ENTRY = new Entry(17, PLACE, JVM, 1, STATE);
    private static final int CHECKED = RecordFormat.SIZE - " crc32=12345678\n".length();

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** Returns a line with these values, cut or filled up to the size of a record, and with a valid checksum. */
    private static byte[] sealed(String values) {
        byte[] bytes = new byte[RecordFormat.SIZE];
        Arrays.fill(bytes, (byte) ' ');
        byte[] checked = values.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(checked, 0, bytes, 0, Math.min(checked.length, CHECKED));
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, CHECKED);
        byte[] end = String.format(" crc32=%08x\n", crc.getValue()).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(end, 0, bytes, CHECKED, end.length);
        return bytes;
    }

    private static String values(Entry entry) {
        return text(RecordFormat.bytes(entry)).substring(0, CHECKED).strip();
    }

    /** Returns a valid record in which one value is another text. */
    private static byte[] with(String name, String value) {
        return sealed(values(ENTRY).replaceFirst(" " + name + "=[^ ]*", " " + name + "=" + value));
    }

    private static void assertRefused(byte[] bytes) {
        assertThatExceptionOfType(IOException.class)
                .as(text(bytes))
                .isThrownBy(() -> RecordFormat.entry(bytes))
                .withMessageContaining("record");
    }

    static List<Entry> entries() {
        double max = 1e6;
        return List.of(
                ENTRY,
                new Entry(1, PLACE, JVM, 0.001, new GateState(1.5, 0, 0, 0, 0, 0, 1, false, true)),
                new Entry(
                        2,
                        PLACE,
                        JVM,
                        1.0 / 3,
                        new GateState(70, Double.NaN, Double.NaN, 0, 0, 3.3333, 16, true, false)),
                new Entry(3, PLACE, JVM, 60, new GateState(70, 20, Double.NaN, 0, 0, 3, 16, false, false)),
                new Entry(
                        Long.MAX_VALUE,
                        PLACE,
                        JVM,
                        999999.123456789,
                        new GateState(
                                max,
                                999999.1234,
                                999999.1234,
                                999999.1234,
                                999999.1234,
                                999999.1234,
                                Integer.MAX_VALUE,
                                true,
                                true)));
    }

    @ParameterizedTest
    @MethodSource("entries")
    void aRecordIsReadAsItWasWritten(Entry entry) throws IOException {
        assertThat(RecordFormat.entry(RecordFormat.bytes(entry))).isEqualTo(entry);
    }

    @Test
    void valuesAreRoundedToFourDecimals() throws IOException {
        GateState third = new GateState(70, 100.0 / 3, 20.00004, 2e-9, 5, 4, 6, true, false);
        GateState read = RecordFormat.entry(RecordFormat.bytes(new Entry(1, PLACE, JVM, 1, third)))
                .state();
        assertThat(read).isEqualTo(new GateState(70, 33.3333, 20, 0, 5, 4, 6, true, false));
    }

    @ParameterizedTest
    @MethodSource("entries")
    void aRecordIsOneLineOfAFixedSizeThatAPersonCanRead(Entry entry) {
        byte[] bytes = RecordFormat.bytes(entry);
        assertThat(bytes).hasSize(RecordFormat.SIZE);
        assertThat(text(bytes))
                .startsWith("cpugate 1 ")
                .containsOnlyOnce("\n")
                .endsWith("\n")
                .contains(" target=" + entry.state().target() + " ")
                .contains(" own=" + entry.state().own() + " ")
                .contains(" limit=" + entry.state().limit() + " ")
                .contains(" hungry=" + entry.state().hungry() + " ")
                .matches("[ -~]+\n");
    }

    @Test
    void aRecordWithAnyBitFlippedIsRefused() {
        byte[] valid = RecordFormat.bytes(ENTRY);
        for (int bit = 0; bit < 8 * RecordFormat.SIZE; bit++) {
            byte[] flipped = valid.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertRefused(flipped);
        }
    }

    @Test
    void aRecordThatIsCutOrPaddedIsRefused() {
        byte[] valid = RecordFormat.bytes(ENTRY);
        for (int size = 0; size < RecordFormat.SIZE; size++) {
            assertRefused(Arrays.copyOf(valid, size));
            assertRefused(Arrays.copyOf(Arrays.copyOf(valid, size), RecordFormat.SIZE));
        }
        assertRefused(Arrays.copyOf(valid, RecordFormat.SIZE + 1));
    }

    @Test
    void aRecordThatIsHalfOfTheNextOneIsRefused() {
        byte[] before = RecordFormat.bytes(ENTRY);
        byte[] after = RecordFormat.bytes(
                new Entry(18, PLACE, JVM, 1, new GateState(70, 30.5, 31.25, 40, 6.125, 7.5, 8, false, false)));
        int first = Arrays.mismatch(before, after);
        for (int size = first + 1; size < RecordFormat.SIZE - 9; size++) {
            byte[] mixed = before.clone();
            System.arraycopy(after, 0, mixed, 0, size);
            assertRefused(mixed);
        }
    }

    @Test
    void zerosAndGarbageAreRefused() {
        assertRefused(new byte[RecordFormat.SIZE]);
        byte[] ones = new byte[RecordFormat.SIZE];
        Arrays.fill(ones, (byte) -1);
        assertRefused(ones);
        assertRefused(sealed(""));
        assertRefused(sealed("garbage with a valid checksum"));
        assertRefused(sealed("cpugate 1 "));
        assertRefused(sealed("cpugate 1 = == a= =b"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpugate 2", "cpugate 10", "cpugate", "CPUGATE 1", "cpugate 0"})
    void aRecordOfAnotherVersionIsRefused(String version) {
        assertRefused(sealed(values(ENTRY).replace("cpugate 1", version)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "seq",
                "place",
                "jvm",
                "period",
                "target",
                "own",
                "smoothed",
                "granted",
                "slotCost",
                "inFlight",
                "limit",
                "hungry",
                "atFloor"
            })
    void aRecordWithoutOneOfItsValuesIsRefused(String name) {
        assertRefused(sealed(values(ENTRY).replaceFirst(" " + name + "=[^ ]*", "")));
        assertRefused(sealed(values(ENTRY).replaceFirst(" " + name + "=", " x" + name + "=")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"period", "target", "own", "smoothed", "granted", "slotCost", "inFlight", "limit"})
    void anImpossibleNumberIsRefusedThoughTheChecksumIsValid(String name) {
        for (String value :
                List.of("-1", "-0.5", "Infinity", "-Infinity", "1e300", "-1e300", "1e999", "many", "", "--", "1,5")) {
            assertRefused(with(name, value));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"seq", "period", "target", "granted", "slotCost", "inFlight", "limit"})
    void onlyOwnCpuMayBeUnknown(String name) {
        assertRefused(with(name, "NaN"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"hungry", "atFloor"})
    void anAnswerThatIsNeitherYesNorNoIsRefused(String name) {
        assertRefused(with(name, "maybe"));
        assertRefused(with(name, "1"));
        assertRefused(with(name, ""));
    }

    @Test
    void noLineMakesTheReaderThrowAnythingElse() {
        Random random = new Random(7);
        List<String> pieces = List.of(
                " ",
                "=",
                "  ",
                "NaN",
                "-1",
                "1e300",
                "Infinity",
                "target=",
                "own=",
                "limit=",
                "\n",
                "\0",
                "é",
                "0x1p3",
                "9223372036854775808",
                "true",
                "cpugate 1 ",
                "place= ",
                "1d");
        for (int i = 0; i < 20_000; i++) {
            StringBuilder line = new StringBuilder(values(ENTRY));
            for (int change = random.nextInt(4); change >= 0; change--) {
                int from = random.nextInt(line.length() + 1);
                int to = Math.min(line.length(), from + random.nextInt(12));
                line.replace(from, to, pieces.get(random.nextInt(pieces.size())));
            }
            assertReadOrRefused(sealed(line.toString()));
            byte[] noise = new byte[random.nextInt(2 * RecordFormat.SIZE)];
            random.nextBytes(noise);
            assertReadOrRefused(noise);
            assertReadOrRefused(sealed("cpugate 1 " + text(noise)));
        }
    }

    private static void assertReadOrRefused(byte[] bytes) {
        assertThatNoException().as(text(bytes)).isThrownBy(() -> {
            try {
                GateState state = RecordFormat.entry(bytes).state();
                assertThat(state.target()).isBetween(0.0, 1e6);
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("record");
            }
        });
    }
}
