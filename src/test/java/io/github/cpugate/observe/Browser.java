package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.cpugate.Processes;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * A Chromium without a window: that of {@code -Dchromium=...}, of {@code CHROMIUM}, or of the path. Where there is none
 * the test is skipped; whatever a page says to the console fails it.
 */
public final class Browser {

    /** Run in the page, it tells the frame around it what a reader would see. */
    private static final String LOOK = """
            <script>
            (() => {
              const numbers = color => color.match(/[\\d.]+/g).map(Number);
              const linear = part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
              const luminance = color => {
                const [r, g, b] = numbers(color).map(part => linear(part / 255));
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
              };
              const behind = element => {
                for (; element; element = element.parentElement) {
                  const color = getComputedStyle(element).backgroundColor;
                  if (numbers(color)[3] !== 0) return luminance(color);
                }
                return 1;
              };
              const contrast = element => {
                const [dim, bright] =
                  [luminance(getComputedStyle(element).color), behind(element)].sort((a, b) => a - b);
                return (bright + 0.05) / (dim + 0.05);
              };
              const hasText = element =>
                element.offsetParent && [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
              const isDrawn = canvas =>
                canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0);
              parent.postMessage(JSON.stringify({
                width: innerWidth,
                dark: matchMedia('(prefers-color-scheme: dark)').matches,
                fits: document.documentElement.scrollWidth <= innerWidth,
                contrast: Math.min(...[...document.querySelectorAll('body *')].filter(hasText).map(contrast)),
                charts: [...document.querySelectorAll('canvas')].filter(isDrawn).length,
              }), '*');
            })();
            </script>
            """;

    private final Path folder;
    private int pages;

    /**
     * What a reader sees: in a page so wide, dark or light; whether nothing sticks out to the side; the least contrast
     * between a text and what is behind it, 1 to 21 (WCAG 2.1 wants 4.5); how many charts are drawn.
     */
    private record Look(int width, boolean dark, boolean fits, double contrast, int charts) {}

    /** Its files are kept in {@code folder}. */
    public Browser(Path folder) {
        this.folder = folder;
    }

    private static String chromium() {
        String named = System.getProperty("chromium", System.getenv("CHROMIUM"));
        if (named != null) {
            return named;
        }
        for (String name : List.of("chromium", "chromium-browser", "google-chrome")) {
            for (String place : System.getenv("PATH").split(Pattern.quote(File.pathSeparator), -1)) {
                if (Files.isExecutable(Path.of(place, name))) {
                    return Path.of(place, name).toString();
                }
            }
        }
        return abort("no Chromium here: neither -Dchromium=... nor CHROMIUM, nor one on the path");
    }

    /** The page's elements after its script has run. */
    public String elements(Path page) throws IOException, InterruptedException {
        return elements(page, false);
    }

    /** Holds the page to be readable at 400 and at 1280 pixels, dark and light, with so many charts drawn. */
    public void assertReadable(Path page, int charts) throws IOException, InterruptedException {
        for (int width : new int[] {400, 1280}) {
            for (boolean dark : new boolean[] {true, false}) {
                Look look = look(page, width, dark);
                assertThat(look.width).isEqualTo(width);
                assertThat(look.dark).isEqualTo(dark);
                assertThat(look.fits).as("nothing sticks out of %s", look).isTrue();
                assertThat(look.contrast).as("its texts are readable").isGreaterThan(4.5);
                assertThat(look.charts).as("charts that are drawn").isEqualTo(charts);
            }
        }
    }

    /** How the page looks in a frame so wide: a browser's own window is never narrower than 500 pixels. */
    private Look look(Path page, int width, boolean dark) throws IOException, InterruptedException {
        Path looked = folder.resolve("looked-" + page.getFileName());
        Files.writeString(looked, Files.readString(page) + LOOK);
        Path frame = Files.writeString(
                folder.resolve("frame-" + page.getFileName()), """
                <!DOCTYPE html>
                <meta name="color-scheme" content="light dark">
                <script>addEventListener('message', event => { document.title = event.data; });</script>
                <iframe src="%s" width="%d" height="3000" style="border: 0"></iframe>
                """.formatted(looked.getFileName(), width));
        JsonNode seen = new ObjectMapper()
                .readTree(texts(elements(frame, dark), "<title>", "</title>").get(0));
        return new Look(
                seen.get("width").asInt(),
                seen.get("dark").asBoolean(),
                seen.get("fits").asBoolean(),
                seen.get("contrast").asDouble(),
                seen.get("charts").asInt());
    }

    private String elements(Path page, boolean dark) throws IOException, InterruptedException {
        Path profile = Path.of("target", "chromium"); // may be written to after the test's folder is gone
        int number = pages++;
        File dom = folder.resolve("dom-" + number + ".html").toFile();
        File log = folder.resolve("log-" + number).toFile();
        Process browser = Processes.start(new ProcessBuilder(
                        chromium(),
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--user-data-dir=" + profile.toAbsolutePath(),
                        "--window-size=1280,1000",
                        "--blink-settings=preferredColorScheme=" + (dark ? 0 : 1),
                        "--virtual-time-budget=2000",
                        "--enable-logging=stderr",
                        "--dump-dom",
                        page.toUri().toString())
                .redirectOutput(dom)
                .redirectError(log));
        try {
            assertThat(browser.waitFor(50, TimeUnit.SECONDS)).as("it ends").isTrue();
        } finally {
            browser.descendants().forEach(ProcessHandle::destroyForcibly);
            browser.destroyForcibly();
        }
        assertThat(Files.readString(log.toPath()))
                .as("what went to the console")
                .doesNotContain("CONSOLE");
        return Files.readString(dom.toPath());
    }

    /** The texts of these elements, in the order of the page. */
    public static List<String> texts(String dom, String begin, String end) {
        List<String> texts = new ArrayList<>();
        Pattern.compile(Pattern.quote(begin) + "(.*?)" + Pattern.quote(end), Pattern.DOTALL)
                .matcher(dom)
                .results()
                .forEach(found -> texts.add(found.group(1).replaceAll("<[^>]*>", "")));
        return texts;
    }
}
