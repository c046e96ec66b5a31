package io.github.cpugate.demo;

import java.util.Random;

/** Text as a model writes it, made up from a seed. */
final class Markdown {

    private static final String[] WORDS =
            ("the stream of tokens arrives in small pieces and each piece changes what the reader "
                            + "sees so a view renders the whole answer anew while the next piece is on its way through the network")
                    .split(" ");

    private Markdown() {}

    /** Returns {@code length} characters of headings, paragraphs, lists, quotes and code. */
    static String ofLength(int length, long seed) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder(length + 400);
        for (int section = 1; text.length() < length; section++) {
            text.append("## Part ").append(section).append("\n\n");
            sentence(text, random, 40);
            text.append("See [the notes](https://example.com/").append(section).append(").\n\n");
            for (int item = 0; item < 4; item++) {
                text.append("- **").append(word(random)).append("**: ");
                sentence(text, random, 12);
                text.append('\n');
            }
            text.append("\n> ");
            sentence(text, random, 15);
            text.append("\n\n```java\nint ").append(word(random)).append(" = ").append(random.nextInt(100));
            text.append(";\n```\n\n");
        }
        text.setLength(length);
        return text.toString();
    }

    private static void sentence(StringBuilder text, Random random, int words) {
        for (int i = 0; i < words; i++) {
            String mark = random.nextInt(12) == 0 ? "*" : random.nextInt(20) == 0 ? "`" : "";
            text.append(mark).append(word(random)).append(mark).append(i < words - 1 ? " " : ". ");
        }
    }

    private static String word(Random random) {
        return WORDS[random.nextInt(WORDS.length)];
    }
}
