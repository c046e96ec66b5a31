package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.ReflectionSupport;

/** Tests that the names of tests are short enough to be read at a glance. */
class TestNamesTest {

    private static final int TOO_LONG = 70;

    @Test
    void everyTestNameHasFewerThan70Characters() {
        List<Method> tests =
                ReflectionSupport.findAllClassesInPackage("io.github.cpugate", type -> true, name -> true).stream()
                        .flatMap(type -> Stream.of(type.getDeclaredMethods()))
                        .filter(method -> AnnotationSupport.isAnnotated(method, Testable.class))
                        .toList();

        assertThat(tests).hasSizeGreaterThan(300);
        assertThat(tests)
                .filteredOn(test -> test.getName().length() >= TOO_LONG)
                .isEmpty();
    }
}
