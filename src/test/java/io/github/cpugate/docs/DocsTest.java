package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Holds the pages against what they tell of: every snippet is compiled, every link leads somewhere. */
class DocsTest {

    private static final Pattern LINK = Pattern.compile("\\]\\(([^):#]*)(?:#([^)]*))?\\)");
    private static final Pattern CODE_BLOCK = Pattern.compile("```.*?```", Pattern.DOTALL);
    private static final Pattern HEADING = Pattern.compile("^#+ (.*)$", Pattern.MULTILINE);

    private static List<Path> files(Path folder, String ending) throws IOException {
        try (Stream<Path> found = Files.walk(folder)) {
            return found.filter(file -> file.toString().endsWith(ending)).toList();
        }
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>(files(Path.of("docs"), ".md"));
        pages.add(Path.of("README.md"));
        return pages;
    }

    private static String withoutSpace(String text) {
        return text.replaceAll("\\s+", "");
    }

    @ParameterizedTest
    @CsvSource({"java, .java, 50", "kotlin, .kt, 2"})
    void everySnippetIsCompiled(String language, String ending, int atLeast) throws IOException {
        StringBuilder compiled = new StringBuilder();
        for (Path source : files(Path.of("src/test"), ending)) {
            if (source.getParent().endsWith("io/github/cpugate/docs")) {
                compiled.append(withoutSpace(Files.readString(source)));
            }
        }
        Pattern block = Pattern.compile("```" + language + "\\n(.*?)```", Pattern.DOTALL);
        int snippets = 0;
        for (Path page : pages()) {
            Matcher snippet = block.matcher(Files.readString(page));
            while (snippet.find()) {
                snippets++;
                assertThat(compiled.indexOf(withoutSpace(snippet.group(1))))
                        .as("%s: not compiled:%n%s", page, snippet.group(1))
                        .isNotNegative();
            }
        }
        assertThat(snippets).isGreaterThanOrEqualTo(atLeast);
    }

    @Test
    void everyLinkLeadsToAFileAndToAHeadingInIt() throws IOException {
        for (Path page : pages()) {
            Matcher link = LINK.matcher(withoutCode(page));
            while (link.find()) {
                Path absolute = page.toAbsolutePath();
                Path target = link.group(1).isEmpty() ? absolute : absolute.resolveSibling(link.group(1));
                assertThat(target).as("linked from %s", page).exists();
                if (link.group(2) != null) {
                    assertThat(anchors(target)).as("linked from %s", page).contains(link.group(2));
                }
            }
        }
    }

    private static String withoutCode(Path page) throws IOException {
        return CODE_BLOCK.matcher(Files.readString(page)).replaceAll("");
    }

    /** The anchors that GitHub gives to the headings of a page. */
    private static List<String> anchors(Path page) throws IOException {
        return HEADING.matcher(withoutCode(page))
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\w\\- ]", "")
                        .replace(' ', '-'))
                .toList();
    }

    @Test
    void theReadmeIsReadInAFewMinutes() throws IOException {
        String prose = withoutCode(Path.of("README.md"));
        assertThat(Pattern.compile("\\p{L}[\\p{L}\\p{N}'-]*")
                        .matcher(prose)
                        .results()
                        .count())
                .isLessThan(700);
    }

    @Test
    void theReadmeNamesTheVersionOfThePom() throws IOException {
        Matcher version = Pattern.compile("<artifactId>adaptive-cpu-gate</artifactId>\\s*<version>([^<]+)</version>")
                .matcher(Files.readString(Path.of("pom.xml")));
        assertThat(version.find()).isTrue();
        assertThat(withoutSpace(Files.readString(Path.of("README.md")))).contains(withoutSpace(version.group()));
    }
}
