package io.github.cpugate.internal.share;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;

/** Identifies what a percentage is of, across processes and containers, and the process itself. */
final class Place {

    private static final String OWN_CPU = "own CPU "; // as in CpuReading
    private static final String JVM = "io.github.cpugate.jvm";
    private static final int BYTES = 8;
    private static final String OF_THIS_CLASS_LOADER = hash(UUID.randomUUID().toString());

    private Place() {}

    /**
     * Returns an identifier of this machine and a scope of it, 16 characters long. The machine is identified by the
     * kernel's boot id; the path of a control group counts within its namespace, and own CPU within its JVM.
     */
    static String of(String scope, String jvm) {
        String machine = text(() -> Files.readString(Path.of("/proc/sys/kernel/random/boot_id")));
        return hash(machine.strip() + '\n' + within(scope, jvm) + '\n' + scope);
    }

    /** Returns what tells a scope from one of the same name on the same machine. */
    private static String within(String scope, String jvm) {
        if (scope.startsWith("cgroup ")) {
            return text(() ->
                    Files.readSymbolicLink(Path.of("/proc/self/ns/cgroup")).toString());
        }
        return scope.startsWith(OWN_CPU) ? jvm : "";
    }

    private interface Read {
        String text() throws IOException;
    }

    /** Empty on systems without such files, where a local directory stands for the machine. */
    private static String text(Read read) {
        try {
            return read.text();
        } catch (IOException | RuntimeException e) {
            return "";
        }
    }

    private static String hash(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    /** Returns an identifier of this JVM: the same in all class loaders, so it is a system property. */
    static String jvm() {
        try {
            return jvmProperty();
        } catch (RuntimeException e) { // a security manager, or properties of another kind
            return OF_THIS_CLASS_LOADER;
        }
    }

    private static String jvmProperty() {
        return String.valueOf(System.getProperties()
                .computeIfAbsent(JVM, unused -> hash(UUID.randomUUID().toString())));
    }
}
