package io.github.cpugate.seeded;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.Arrays;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs the given test classes. The first test that fails ends the JVM with exit code 1. */
final class RunTests {

    private RunTests() {}

    public static void main(String[] classes) {
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(Arrays.stream(classes)
                                        .map(name -> selectClass(name))
                                        .toList())
                                .build(),
                        new TestExecutionListener() {
                            @Override
                            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                                if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                                    System.out.println("FAILED: " + test.getDisplayName() + ": "
                                            + result.getThrowable().orElse(null));
                                    Runtime.getRuntime().halt(1); // threads of the test may still hang
                                }
                            }
                        });
        Runtime.getRuntime().halt(0);
    }
}
