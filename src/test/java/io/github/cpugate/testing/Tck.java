package io.github.cpugate.testing;

import java.util.List;
import org.testng.ITestResult;
import org.testng.TestListenerAdapter;
import org.testng.TestNG;

/** Runs a class of TestNG tests, as the TCK of Reactive Streams has them, within a JUnit test. */
public final class Tck {

    private Tck() {}

    /** The names of the checks; those that failed with their message. */
    public record Result(List<String> passed, List<String> failed, List<String> skipped) {}

    public static Result run(Class<?> checks) {
        TestNG testng = new TestNG(false); // without its reports
        testng.setVerbose(0);
        testng.setTestClasses(new Class<?>[] {checks});
        TestListenerAdapter outcome = new TestListenerAdapter();
        testng.addListener(outcome);
        testng.run();
        return new Result(
                outcome.getPassedTests().stream().map(ITestResult::getName).toList(),
                outcome.getFailedTests().stream()
                        .map(failed -> failed.getName() + ": " + failed.getThrowable())
                        .toList(),
                outcome.getSkippedTests().stream().map(ITestResult::getName).toList());
    }
}
