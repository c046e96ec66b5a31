/**
 * An adaptive concurrency gate: it holds a machine at a CPU target by moving the number of sessions allowed at once.
 *
 * <p>Start at {@link io.github.cpugate}. A sample of CPU passes through the packages in this order:
 * {@link io.github.cpugate.cpu} measures and smooths it, {@link io.github.cpugate.policy} decides the next limit, and
 * {@link io.github.cpugate.observe} shows what happened.
 */
@SuppressWarnings("requires-automatic") // Micrometer has no module-info, but a fixed automatic name
module io.github.cpugate {
    requires static org.jspecify;
    requires static micrometer.core;
    requires static spring.beans;
    requires static spring.boot;
    requires static spring.boot.autoconfigure;
    requires static spring.context;
    requires static spring.core;
    requires org.slf4j;
    requires com.github.oshi;
    requires java.management;
    requires jdk.management;
    requires static jdk.jfr;

    exports io.github.cpugate;
    exports io.github.cpugate.cpu;
    exports io.github.cpugate.policy;
    exports io.github.cpugate.observe;
    exports io.github.cpugate.spring;

    opens io.github.cpugate.spring; // to Spring, which makes the beans
}
