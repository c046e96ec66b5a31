package io.github.cpugate.bench.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.demo.Tick;
import java.io.StringReader;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class PictureTest {

    @Test
    void aPictureIsXmlWithACpuLineForEachLimiter() throws Exception {
        List<Tick> ticks =
                List.of(new Tick(1, 30, 2, 2, 9, 0), new Tick(2, Double.NaN, 3, 3, 8, 0), new Tick(3, 100, 4, 4, 7, 0));
        String svg = Picture.of(
                "A & B",
                List.of(
                        new Picture.Panel("A", "1 < 2", ticks, List.of()),
                        new Picture.Panel("B", "", ticks, List.of(new Picture.Span(1, 2, "\"busy\"")))));

        Document document =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
        assertThat(document.getDocumentElement().getAttribute("aria-label")).isEqualTo("A & B");
        assertThat(svg.split("class=\"cpu\"", -1)).hasSize(3);
        assertThat(svg).as("a missing reading is left out").doesNotContain("NaN");
    }
}
