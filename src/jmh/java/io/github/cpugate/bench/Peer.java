package io.github.cpugate.bench;

/** A limiter of concurrent calls: what each of them can do, so that each is put to the same work by the same code. */
interface Peer {

    /** Waits for a slot, and returns what {@link #leave} wants of it. */
    Object enter() throws Exception;

    /** Gives the slot back. */
    void leave(Object held);
}
