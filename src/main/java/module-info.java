/**
 * An adaptive concurrency gate: it holds a machine at a CPU target by moving the number of sessions allowed at once.
 *
 * <p>A sample's way: {@link io.github.cpugate.cpu} measures and smooths; {@link io.github.cpugate} decides the limit
 * and admits callers under it; {@link io.github.cpugate.observe} tells of it.
 */
@SuppressWarnings("requires-automatic") // Micrometer has no module-info, but a name for good
module io.github.cpugate {
    requires static org.jspecify;
    requires static micrometer.core;
    requires org.slf4j;
    requires com.github.oshi;
    requires java.management;
    requires jdk.management;
    requires static jdk.jfr;

    exports io.github.cpugate;
    exports io.github.cpugate.cpu;
    exports io.github.cpugate.observe;
}
