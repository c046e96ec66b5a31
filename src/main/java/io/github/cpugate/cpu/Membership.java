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
 * Which control groups this process is in, from {@code /proc/self/cgroup} and {@code /proc/self/mountinfo}: those that
 * limit CPU, from its own up to the topmost that is mounted. A quota on any of them throttles it.
 */
final class Membership {

    private final Path root;
    private final Map<String, String> paths = new HashMap<>(); // by controller; version 2 has ""
    private final List<Mount> mounts = new ArrayList<>();

    /** A mounted hierarchy: {@code top} is the path of the group that shows at {@code point}. */
    private record Mount(String top, String point, boolean second, Set<String> options) {

        boolean has(String controller) {
            return controller.isEmpty() ? second : !second && options.contains(controller);
        }

        /** Whether the group of that path shows here: in a container the hierarchy often begins at its own group. */
        boolean shows(String path) {
            String above = top.equals("/") ? "" : top;
            return path.equals(top) || (path.startsWith(above + "/") && !isOutside(path.substring(above.length())));
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
            int dash = line.indexOf(" - "); // 32 31 0:29 /top /point rw shared:9 - cgroup cgroup rw,cpu
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

    /** What is not UTF-8 is read for what it can be: the name of some other mount is no reason to do without all. */
    private List<String> lines(String file) throws IOException {
        return new String(Files.readAllBytes(root.resolve(file)), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    /** The groups, of both versions where both are mounted; none where there is no such thing. {@code root} is "/". */
    static List<ControlGroup> of(Path root) throws IOException {
        try {
            Membership here = new Membership(root);
            List<ControlGroup> groups = new ArrayList<>(here.first());
            groups.addAll(here.second());
            return groups;
        } catch (NoSuchFileException e) {
            return List.of(); // not Linux
        }
    }

    private List<ControlGroup> second() {
        List<ControlGroup> groups = new ArrayList<>();
        folders("").forEach((path, folder) -> groups.add(new ControlGroup(2, path, folder, folder)));
        return groups;
    }

    /**
     * In version 1 the use of CPU is told in a hierarchy that may be another than the quota's, and this process may be
     * elsewhere in it. The use of a group in which it is not says nothing, so there is none then.
     */
    private List<ControlGroup> first() {
        Map<String, Path> usage = folders("cpuacct");
        List<ControlGroup> groups = new ArrayList<>();
        folders("cpu").forEach((path, folder) -> groups.add(new ControlGroup(1, path, folder, usage.get(path))));
        return groups;
    }

    /** The folders of the group and those above it, by path. */
    private Map<String, Path> folders(String controller) {
        Map<String, Path> folders = new LinkedHashMap<>();
        String path = paths.get(controller);
        Mount mount = path == null ? null : mount(controller, path);
        if (path == null || mount == null) {
            return folders;
        }
        if (!mount.shows(path)) {
            if (isOutside(path)) {
                return folders; // nor is it anywhere below what is mounted
            }
            // The process sees other paths than the mount does. What is mounted is then mostly its container's group.
            folders.put(mount.top, folder(mount.point));
            return folders;
        }
        String top = mount.top.equals("/") ? "" : mount.top;
        String below = path.equals("/") ? "" : path.substring(top.length());
        while (true) {
            folders.put(top.isEmpty() && below.isEmpty() ? "/" : top + below, folder(mount.point + below));
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
                .filter(mount -> mount.shows(path))
                .findFirst()
                .orElse(candidates.isEmpty() ? null : candidates.get(0));
    }

    /** As the kernel writes a group that is not below the root of the namespace that asks: cgroup_namespaces(7). */
    private static boolean isOutside(String path) {
        return path.equals("/..") || path.startsWith("/../");
    }

    private Path folder(String absolute) {
        return root.resolve(absolute.substring(1));
    }

    /** The kernel writes blanks and the like as three octal digits. */
    private static String unescaped(String field) {
        return field.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
