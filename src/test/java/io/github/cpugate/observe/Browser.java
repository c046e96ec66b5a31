package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.github.cpugate.testing.Processes;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * Runs a headless Chromium: that of {@code -Dchromium=...}, of {@code CHROMIUM}, or of the path. If there is none, the
 * test is skipped. If a page writes to the console, the test fails.
 */
public final class Browser {

    /** Runs in the page, and reports to the frame around it what a reader sees. */
    private static final String INSPECT = """
            <script>
            setTimeout(() => { // charts are drawn once they are in view
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
            }, 1000);
            </script>
            """;

    private final Path folder;
    private int pages;

    /**
     * What a reader sees.
     *
     * @param width the width of the page, in pixels
     * @param dark whether the page is dark
     * @param fits whether the page does not overflow to the side
     * @param contrast the lowest contrast between a text and its background, 1 to 21 (WCAG 2.1 requires 4.5)
     * @param charts the number of charts that are drawn
     */
    private record View(int width, boolean dark, boolean fits, double contrast, int charts) {}

    /** Creates a browser that keeps its files in {@code folder}. */
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
        return abort("no Chromium found: neither in -Dchromium=... nor in CHROMIUM, nor on the path");
    }

    /** Returns the page's elements after its script has run. */
    public String elements(Path page) throws IOException, InterruptedException {
        return elements(page, false);
    }

    /**
     * Returns the page's elements once a condition holds; until then the page runs an action every 20 ms. The browser
     * draws by the real clock, ahead of which the time budget of {@link #elements(Path)} runs. So this method gives no
     * budget: instead, the page loads an image that arrives when the condition holds.
     *
     * @param condition a JavaScript expression
     * @param action JavaScript statements
     */
    public String elementsOnce(Path page, String condition, String action) throws IOException, InterruptedException {
        CompletableFuture<Void> holds = new CompletableFuture<>();
        ExecutorService threads = Executors.newCachedThreadPool();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/holds", exchange -> {
            holds.complete(null);
            exchange.sendResponseHeaders(204, -1);
        });
        server.createContext("/image", exchange -> {
            holds.join();
            exchange.sendResponseHeaders(204, -1);
        });
        server.start();
        try {
            String mayLoad =
                    Files.readString(page).replaceFirst("<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "");
            Path waiting = Files.writeString(
                    folder.resolve("waiting-" + page.getFileName()),
                    mayLoad
                            + """
                    <img src="http://127.0.0.1:PORT/image">
                    <script>
                    setInterval(() => {
                      if (CONDITION) navigator.sendBeacon('http://127.0.0.1:PORT/holds');
                      ACTION;
                    }, 20);
                    </script>
                    """.replace(
                                            "PORT",
                                            Integer.toString(server.getAddress().getPort()))
                                    .replace("CONDITION", condition)
                                    .replace("ACTION", action));
            return run("--dump-dom", waiting.toUri().toString());
        } finally {
            holds.complete(null);
            server.stop(0);
            threads.shutdown();
        }
    }

    /** Asserts that the page is readable at 400 and at 1280 pixels, dark and light, with this number of charts. */
    public void assertReadable(Path page, int charts) throws IOException, InterruptedException {
        for (int width : new int[] {400, 1280}) {
            for (boolean dark : new boolean[] {true, false}) {
                View view = view(page, width, dark);
                assertThat(view.width).isEqualTo(width);
                assertThat(view.dark).isEqualTo(dark);
                assertThat(view.fits).as("nothing overflows in %s", view).isTrue();
                assertThat(view.contrast).as("contrast of the texts").isGreaterThan(4.5);
                assertThat(view.charts).as("charts that are drawn").isEqualTo(charts);
            }
        }
    }

    /**
     * Views the page in a frame of this width, since a browser's own window is never narrower than 500 pixels. The
     * window shows all of the frame.
     */
    private View view(Path page, int width, boolean dark) throws IOException, InterruptedException {
        Path inspected = folder.resolve("inspected-" + page.getFileName());
        Files.writeString(inspected, Files.readString(page) + INSPECT);
        Path frame = Files.writeString(
                folder.resolve("frame-" + page.getFileName()), """
                <!DOCTYPE html>
                <meta name="color-scheme" content="light dark">
                <script>addEventListener('message', event => { document.title = event.data; });</script>
                <iframe src="%s" width="%d" height="3000" style="border: 0"></iframe>
                """.formatted(inspected.getFileName(), width));
        JsonNode result = new ObjectMapper()
                .readTree(texts(elements(frame, dark), "<title>", "</title>").get(0));
        return new View(
                result.get("width").asInt(),
                result.get("dark").asBoolean(),
                result.get("fits").asBoolean(),
                result.get("contrast").asDouble(),
                result.get("charts").asInt());
    }

    private String elements(Path page, boolean dark) throws IOException, InterruptedException {
        return run(
                "--blink-settings=preferredColorScheme=" + (dark ? 0 : 1),
                "--virtual-time-budget=2000",
                "--dump-dom",
                page.toUri().toString());
    }

    private String run(String... options) throws IOException, InterruptedException {
        // Not in the test's folder: the browser may write to it after that folder is gone.
        Path profile = Path.of("target", "chromium");
        int number = pages++;
        File dom = folder.resolve("dom-" + number + ".html").toFile();
        File log = folder.resolve("log-" + number).toFile();
        List<String> command = new ArrayList<>(List.of(
                chromium(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--user-data-dir=" + profile.toAbsolutePath(),
                "--window-size=1280,3100",
                "--enable-logging=stderr"));
        command.addAll(List.of(options));
        Process browser =
                Processes.start(new ProcessBuilder(command).redirectOutput(dom).redirectError(log));
        try {
            assertThat(browser.waitFor(50, TimeUnit.SECONDS))
                    .as("the browser ends")
                    .isTrue();
        } finally {
            browser.descendants().forEach(ProcessHandle::destroyForcibly);
            browser.destroyForcibly();
        }
        assertThat(Files.readString(log.toPath())).as("console output").doesNotContain("CONSOLE");
        return Files.readString(dom.toPath());
    }

    /** Returns the texts between {@code begin} and {@code end}, without tags, in the order of the page. */
    public static List<String> texts(String dom, String begin, String end) {
        List<String> texts = new ArrayList<>();
        Pattern.compile(Pattern.quote(begin) + "(.*?)" + Pattern.quote(end), Pattern.DOTALL)
                .matcher(dom)
                .results()
                .forEach(found -> texts.add(found.group(1).replaceAll("<[^>]*>", "")));
        return texts;
    }
}
