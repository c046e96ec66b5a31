package io.github.cpugate.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ViewTest {

    @Test
    void eachPieceRendersTheWholeConversationAgain() {
        View view = new View("# Before", 0);
        view.text("**bo");
        assertThat(view.html()).contains("<h1>Before</h1>", "**bo");
        view.text("ld**");
        assertThat(view.html()).contains("<strong>bold</strong>");
    }

    @Test
    void anIncompleteToolCallIsParsedWhereverItIsCut() {
        String arguments = "{\"title\":\"a\",\"points\":[\"b\",\"c\"]}";
        for (int cut = 0; cut <= arguments.length(); cut++) {
            View view = new View("", 0);
            view.toolArguments(arguments.substring(0, cut));
            view.toolArguments(arguments.substring(cut));
            assertThat(view.pointsSeen()).as("cut at %d", cut).isEqualTo(3);
        }
    }

    @Test
    void textHasTheGivenLengthAndDependsOnTheSeed() {
        assertThat(Markdown.ofLength(5000, 1)).hasSize(5000).isEqualTo(Markdown.ofLength(5000, 1));
        assertThat(Markdown.ofLength(5000, 2)).isNotEqualTo(Markdown.ofLength(5000, 1));
    }
}
