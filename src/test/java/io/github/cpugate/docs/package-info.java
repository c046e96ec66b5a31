/** The snippets of README and docs, compiled; {@code DocsTest} holds the pages against them. */
package io.github.cpugate.docs;
