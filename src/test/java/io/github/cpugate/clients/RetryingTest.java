package io.github.cpugate.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests sessions of real clients that the service refuses. */
@Tag("slow")
class RetryingTest {

    private final AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
            .manual()
            .maxSlots(2)
            .initialSlots(2)
            .sampler(() -> CpuSample.of(60))
            .build();
    private final FakeService service = new FakeService();
    private Client client;

    RetryingTest() throws IOException {}

    /** Loads the clients before the tests, since that may take longer than the deadline of a wait. */
    @BeforeAll
    static void loadTheClients() throws Exception {
        try (FakeService service = new FakeService()) {
            for (Client.Kind kind : Client.Kind.values()) {
                try (Client client = kind.of(service.url())) {
                    service.answer(429, "");
                    assertThatThrownBy(client::stream).hasMessageContaining("429");
                    assertThat(client.streamAsync().get()).isEqualTo("Hello, world");
                }
            }
        }
    }

    @AfterEach
    void close() {
        gate.close();
        service.close();
        if (client != null) {
            client.close();
        }
    }

    private Retrying retrying(Client.Kind kind, int maxRetries) {
        client = client == null ? kind.of(service.url()) : client;
        return new Retrying(gate, client::refusal, maxRetries);
    }

    /** How a session is run. */
    enum Way {
        BLOCKING {
            @Override
            CompletableFuture<String> start(Retrying retrying, Client client) {
                CompletableFuture<String> answer = new CompletableFuture<>();
                Thread thread = new Thread(() -> {
                    try {
                        answer.complete(retrying.call(client::stream));
                    } catch (Exception e) {
                        answer.completeExceptionally(e);
                    }
                });
                thread.setDaemon(true);
                thread.start();
                return answer;
            }
        },
        ASYNC {
            @Override
            CompletableFuture<String> start(Retrying retrying, Client client) {
                return retrying.callAsync(client::streamAsync);
            }
        };

        abstract CompletableFuture<String> start(Retrying retrying, Client client);
    }

    static Stream<Arguments> allWays() {
        return Arrays.stream(Way.values())
                .flatMap(way -> Arrays.stream(Client.Kind.values()).map(kind -> Arguments.of(way, kind)));
    }

    private CompletableFuture<String> start(Way way, Client.Kind kind, int maxRetries) {
        return way.start(retrying(kind, maxRetries), client);
    }

    private static Throwable failure(CompletableFuture<?> answer) {
        Await.until("the session has ended", answer::isDone);
        Throwable failure = answer.handle((value, thrown) -> thrown).join();
        return failure instanceof CompletionException ? failure.getCause() : failure;
    }

    private void assertRefusals(int refusals) {
        assertThat(gate.snapshot())
                .returns(0, GateSnapshot::inFlight)
                .returns(0, GateSnapshot::waiting)
                .returns((long) refusals, GateSnapshot::rateLimited);
    }

    @ParameterizedTest
    @MethodSource("allWays")
    void aRefusedSessionIsRetriedUntilItIsServed(Way way, Client.Kind kind) {
        service.answer(429, "", "retry-after", "0.01");
        service.answer(529, "", "Retry-After-Ms", "10", "Retry-After", "60");
        CompletableFuture<String> answer = start(way, kind, 2);

        Await.until("the session is served", answer::isDone);
        assertThat(answer).isCompletedWithValue("Hello, world");
        assertThat(service.arrivals()).hasSize(3);
        assertRefusals(2);
    }

    @ParameterizedTest
    @EnumSource
    void aRefusedSessionWaitsForTheRetryAfter(Way way) {
        service.answer(429, "", "retry-after", "1.2");
        CompletableFuture<String> answer = start(way, Client.Kind.JDK, 1);

        Await.until("the session is served", answer::isDone);
        long nanos = service.arrivals().get(1) - service.arrivals().get(0);
        assertThat(nanos).as("longer than without a Retry-After").isGreaterThanOrEqualTo(1_200_000_000L);
    }

    @ParameterizedTest
    @MethodSource("allWays")
    void aRefusedSessionLeavesItsSlotToOtherCallers(Way way, Client.Kind kind) throws InterruptedException {
        Slot other = gate.slot();
        service.answer(429, "", "retry-after", "60");
        CompletableFuture<String> answer = start(way, kind, 1);

        Await.until("the session was refused", () -> gate.snapshot().rateLimited() == 1);
        other.close();
        Await.until("the session has paused", () -> gate.snapshot().inFlight() == 0);
        Optional<Slot> next = gate.trySlot();
        assertThat(next).isPresent();
        next.get().close();
        assertThat(answer).isNotDone();
        gate.close();
        assertThat(failure(answer)).isInstanceOf(GateClosedException.class);
        assertRefusals(1);
    }

    @ParameterizedTest
    @MethodSource("allWays")
    void aSessionThatIsRefusedTooOftenFailsWithTheRefusal(Way way, Client.Kind kind) {
        for (int i = 0; i < 3; i++) {
            service.answer(429, "", "retry-after-ms", "1");
        }
        CompletableFuture<String> answer = start(way, kind, 2);

        assertThat(client.refusal(failure(answer))).contains(new Refusal("0.001"));
        assertThat(service.requests()).isEqualTo(3);
        assertRefusals(3);
    }

    @ParameterizedTest
    @MethodSource("allWays")
    void anyOtherFailureIsNotRetried(Way way, Client.Kind kind) {
        for (int status : new int[] {400, 500, 503}) {
            service.answer(status, "{}");
            assertThat(failure(start(way, kind, 9))).hasMessageContaining("" + status);
        }
        assertThat(service.requests()).isEqualTo(3);
        assertRefusals(0);
    }

    @ParameterizedTest
    @MethodSource("allWays")
    void anUnreachableServiceIsNotARefusal(Way way, Client.Kind kind) {
        service.close();
        CompletableFuture<String> answer = start(way, kind, 9);

        assertThat(failure(answer)).hasRootCauseInstanceOf(IOException.class);
        assertRefusals(0);
    }

    @ParameterizedTest
    @EnumSource
    void aSessionThatIsCancelledInLineLeavesTheLine(Client.Kind kind) throws InterruptedException {
        Slot one = gate.slot();
        Slot two = gate.slot();
        CompletableFuture<String> answer = start(Way.ASYNC, kind, 9);
        assertThat(gate.snapshot().waiting()).isOne();

        answer.cancel(false);
        assertThat(gate.snapshot().waiting()).isZero();
        one.close();
        two.close();
        assertThat(service.requests()).isZero();
        assertRefusals(0);
    }

    /** The dependent of the test runs before the session leaves the line: the last that was added runs first. */
    @Test
    void aSessionThatIsCancelledAtItsGrantIsNotStarted() throws InterruptedException {
        Slot one = gate.slot();
        Slot two = gate.slot();
        Retrying retrying = new Retrying(gate, failure -> Optional.empty(), 9);
        AtomicBoolean started = new AtomicBoolean();
        CompletableFuture<String> answer = retrying.callAsync(() -> {
            started.set(true);
            return new CompletableFuture<>();
        });
        var unused = answer.whenComplete((value, failure) -> one.close());

        answer.cancel(false);
        assertThat(started).isFalse();
        two.close();
        assertRefusals(0);
    }

    /** The other slot keeps the session in line if its time has passed before it is cancelled. */
    @ParameterizedTest
    @EnumSource
    void aSessionThatIsCancelledWhilePausedIsNotRetried(Client.Kind kind) throws InterruptedException {
        Slot other = gate.slot();
        service.answer(429, "", "retry-after-ms", "200");
        CompletableFuture<String> answer = start(Way.ASYNC, kind, 9);
        Await.until("the session was refused", () -> gate.snapshot().rateLimited() == 1);
        Await.until("the session has paused", () -> gate.snapshot().inFlight() == 1);

        answer.cancel(false);
        other.close();
        service.answer(429, "", "retry-after-ms", "200");
        CompletableFuture<String> later = start(Way.ASYNC, kind, 1);
        Await.until("a later session is served", later::isDone);
        assertThat(later).isCompletedWithValue("Hello, world");
        assertThat(service.requests()).isEqualTo(3);
        assertRefusals(2);
    }

    @ParameterizedTest
    @EnumSource
    void aSessionThatTimesOutBeforeItsAnswerGivesItsSlotBack(Client.Kind kind) {
        service.holdAnswers();
        CompletableFuture<String> answer = start(Way.ASYNC, kind, 9);
        Await.until("the request has arrived", () -> service.requests() == 1);

        var unused = answer.orTimeout(1, TimeUnit.MILLISECONDS);
        assertThat(failure(answer)).isInstanceOf(TimeoutException.class);
        Await.until("its slot is free", () -> gate.snapshot().inFlight() == 0);
        service.goOn();
        assertRefusals(0);
    }

    @ParameterizedTest
    @EnumSource
    void aSessionCancelledInMidStreamGivesBackItsSlotAndItsStream(Client.Kind kind) {
        service.holdStreams();
        CompletableFuture<String> answer = start(Way.ASYNC, kind, 9);
        Await.until("the answer streams", service::isStreaming);

        answer.cancel(false);
        Await.until(
                "its slot is free without another piece", () -> gate.snapshot().inFlight() == 0);
        assertRefusals(0);
        service.goOn();
        Await.until("the client has disconnected", service::isClientGone);
    }

    @ParameterizedTest
    @EnumSource(names = "JDK", mode = EnumSource.Mode.EXCLUDE)
    void aRefusalThatArrivesBeforeTheSubscriptionIsSeen(Client.Kind kind) {
        service.answer(429, "", "retry-after-ms", "1");
        Retrying retrying = retrying(kind, 1);
        CompletableFuture<String> answer = retrying.callAsync(() -> client.streamAsync(
                end -> {
                    if (gate.snapshot().rateLimited() == 0) {
                        Await.until("the stream was refused", end::isDone);
                    }
                },
                (text, closeStream) -> {}));

        Await.until("the session is served", answer::isDone);
        assertThat(answer).isCompletedWithValue("Hello, world");
        assertRefusals(1);
    }

    @ParameterizedTest
    @EnumSource(names = "JDK", mode = EnumSource.Mode.EXCLUDE)
    void aStreamThatIsClosedEarlyEndsItsSession(Client.Kind kind) {
        service.holdStreams();
        Retrying retrying = retrying(kind, 9);
        CompletableFuture<String> answer =
                retrying.callAsync(() -> client.streamAsync(end -> {}, (text, closeStream) -> closeStream.run()));

        Await.until("the session has ended", answer::isDone);
        assertThat(answer).isCompletedWithValue("Hello");
        assertRefusals(0);
        service.goOn();
        Await.until("the client has disconnected", service::isClientGone);
    }

    @ParameterizedTest
    @EnumSource(names = "JDK", mode = EnumSource.Mode.EXCLUDE)
    void aHandlerThatThrowsFailsItsSession(Client.Kind kind) {
        service.holdStreams();
        Retrying retrying = retrying(kind, 9);
        CompletableFuture<String> answer =
                retrying.callAsync(() -> client.streamAsync(end -> {}, (text, closeStream) -> {
                    throw new IllegalStateException("no room for " + text);
                }));

        assertThat(failure(answer)).hasMessage("no room for Hello");
        assertRefusals(0);
        service.goOn();
        Await.until("the client has disconnected", service::isClientGone);
    }

    /** For this reason the recipe subscribes itself, and does not leave that to its caller. */
    @ParameterizedTest
    @EnumSource(names = "JDK", mode = EnumSource.Mode.EXCLUDE)
    void anUnsubscribedStreamHoldsItsSlotUntilItIsCancelled(Client.Kind kind) {
        Retrying retrying = retrying(kind, 9);
        CompletableFuture<Void> unsubscribed = retrying.callAsync(client::open);
        Await.until("the answer streams", service::isStreaming);
        assertThat(gate.snapshot().inFlight()).isOne();

        unsubscribed.cancel(false);
        assertRefusals(0);
    }

    @Test
    void aRuleThatThrowsNeitherHidesTheFailureNorKeepsTheSlot() {
        Retrying retrying = new Retrying(
                gate,
                failure -> {
                    throw new IllegalStateException("no rule");
                },
                9);
        CompletableFuture<String> answer =
                retrying.callAsync(() -> CompletableFuture.failedFuture(new IOException("stream broke")));

        assertThat(failure(answer))
                .hasMessage("stream broke")
                .hasSuppressedException(new IllegalStateException("no rule"));
        assertRefusals(0);
    }

    static List<Supplier<CompletionStage<String>>> sessionsWithoutAStage() {
        return List.of(() -> null, () -> {
            throw new StackOverflowError("no route");
        });
    }

    @ParameterizedTest
    @MethodSource("sessionsWithoutAStage")
    void aSessionThatReturnsNoStageGivesItsSlotBack(Supplier<CompletionStage<String>> session) {
        CompletableFuture<String> answer = new Retrying(gate, failure -> Optional.empty(), 9).callAsync(session);

        assertThat(failure(answer)).hasMessageMatching("no route|the session's stage");
        assertRefusals(0);
    }
}
