package io.github.cpugate;

/** An exception whose message cannot be read. */
final class MessageThrows extends RuntimeException {

    private static final long serialVersionUID = 1L;

    @Override
    public String getMessage() {
        throw new MessageThrows();
    }
}
