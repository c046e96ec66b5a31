package io.github.cpugate.cpu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the control groups that limit the CPU of this process, from {@code /proc/self/cgroup} and
 * {@code /proc/self/mountinfo}: its own and all mounted groups above it. A quota on any of them throttles this process.
 */
final class Membership {

    private final Path root;
    private final Map<String, String> paths = new HashMap<>(); // by controller; "" for version 2
    private final List<Mount> mounts = new ArrayList<>();

    /** A mounted hierarchy: {@code groupPath} is the path of the group that is mounted at {@code mountPoint}. */
    private record Mount(String groupPath, String mountPoint, boolean version2, Set<String> options) {

        boolean has(String controller) {
            return controller.isEmpty() ? version2 : !version2 && options.contains(controller);
        }

        /** Whether the group is visible here: in a container the mount often starts at the container's own group. */
        boolean contains(String path) {
            String above = groupPath.equals("/") ? "" : groupPath;
            return path.equals(groupPath)
                    || (path.startsWith(above + "/") && !isOutside(path.substring(above.length())));
        }
    }

    private Membership(Path root) throws IOException {
        this.root = root;
        for (String line : lines("proc/self/cgroup")) {
            String[] fields = line.split(":", 3); // 4:cpu,cpuacct:/docker/abc
            for (String controller : fields[1].split(",", -1)) {
                paths.put(controller, fields[2]);
            }
        }
        for (String line : lines("proc/self/mountinfo")) {
            int dash = line.indexOf(" - "); // 32 31 0:29 /groupPath /mountPoint rw shared:9 - cgroup cgroup rw,cpu
            String[] type = line.substring(dash + 3).split(" ", -1);
            if (type[0].equals("cgroup") || type[0].equals("cgroup2")) {
                String[] fields = line.split(" ", 6);
                mounts.add(new Mount(
                        unescaped(fields[3]),
                        unescaped(fields[4]),
                        type[0].equals("cgroup2"),
                        Set.of(type[2].split(","))));
            }
        }
    }

    /** Replaces bytes that are not UTF-8: the name of an unrelated mount must not make the whole file unreadable. */
    private List<String> lines(String file) throws IOException {
        return new String(Files.readAllBytes(root.resolve(file)), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    /** Returns the mounted groups of both versions; empty if there are none. {@code root} is "/" except in tests. */
    static List<ControlGroup> of(Path root) throws IOException {
        try {
            Membership here = new Membership(root);
            List<ControlGroup> groups = new ArrayList<>(here.groupsV1());
            groups.addAll(here.groupsV2());
            return groups;
        } catch (NoSuchFileException e) {
            return List.of(); // not Linux
        }
    }

    private List<ControlGroup> groupsV2() {
        List<ControlGroup> groups = new ArrayList<>();
        folders("").forEach((path, folder) -> groups.add(new ControlGroup(2, path, folder, folder)));
        return groups;
    }

    /**
     * Version 1 may mount cpu, which has the quota, and cpuacct, which has the usage, separately, and this process may
     * have a different path in each. A group's usage is read only if this process is in cpuacct's group of the same
     * path too: the usage of a group that it is not in is meaningless.
     */
    private List<ControlGroup> groupsV1() {
        Map<String, Path> usage = folders("cpuacct");
        List<ControlGroup> groups = new ArrayList<>();
        folders("cpu").forEach((path, folder) -> groups.add(new ControlGroup(1, path, folder, usage.get(path))));
        return groups;
    }

    /** Returns the folders of the process's group and of those above it, by path. */
    private Map<String, Path> folders(String controller) {
        Map<String, Path> folders = new LinkedHashMap<>();
        String path = paths.get(controller);
        Mount mount = path == null ? null : mount(controller, path);
        if (path == null || mount == null) {
            return folders;
        }
        if (!mount.contains(path)) {
            if (isOutside(path)) {
                return folders; // the process's group is not below the mounted one
            }
            // The process and the mount use different paths. The mounted group is then usually that of the container.
            folders.put(mount.groupPath, folder(mount.mountPoint));
            return folders;
        }
        String top = mount.groupPath.equals("/") ? "" : mount.groupPath;
        String below = path.equals("/") ? "" : path.substring(top.length());
        while (true) {
            folders.put(top.isEmpty() && below.isEmpty() ? "/" : top + below, folder(mount.mountPoint + below));
            if (below.isEmpty()) {
                return folders;
            }
            below = below.substring(0, below.lastIndexOf('/'));
        }
    }

    private @Nullable Mount mount(String controller, String path) {
        List<Mount> candidates =
                mounts.stream().filter(mount -> mount.has(controller)).toList();
        return candidates.stream()
                .filter(mount -> mount.contains(path))
                .findFirst()
                .orElse(candidates.isEmpty() ? null : candidates.get(0));
    }

    /** Whether the path says that the group is outside the reader's cgroup namespace: cgroup_namespaces(7). */
    private static boolean isOutside(String path) {
        return path.equals("/..") || path.startsWith("/../");
    }

    private Path folder(String absolute) {
        return root.resolve(absolute.substring(1));
    }

    /** Decodes white space and backslashes, which the kernel writes as three octal digits. */
    private static String unescaped(String field) {
        return field.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
