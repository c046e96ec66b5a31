package io.github.cpugate.docs

import io.github.cpugate.AdaptiveCpuGate
import io.github.cpugate.testing.Await
import java.util.concurrent.CountDownLatch
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.future.await
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout

/** Tests what docs/streams/kotlin.md says is wrong with code that looks right. */
@Timeout(60)
class KotlinPitfallsTest {

    /** Cancels a session that has been granted its slot and has not resumed yet; returns how many slots are then held. */
    private fun heldAfterACancellationAtTheGrant(session: suspend (AdaptiveCpuGate) -> Unit): Int {
        val thread = ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, LinkedBlockingQueue())
        try {
            AdaptiveCpuGate.builder().manual().build().use { gate -> // close() completes the next future
                val running = gate.slot()
                val inLine = CoroutineScope(thread.asCoroutineDispatcher()).launch { session(gate) }
                Await.until("suspended in line") { thread.completedTaskCount == 1L && gate.snapshot().waiting() == 1 }
                val busy = CountDownLatch(1)
                thread.execute { busy.await() }

                running.close()
                inLine.cancel()
                busy.countDown()

                runBlocking { inLine.join() }
                return gate.snapshot().inFlight()
            }
        } finally {
            thread.shutdownNow()
        }
    }

    @Test
    fun useLosesTheSlotOfACoroutineThatIsCancelledAtTheGrant() {
        assertThat(heldAfterACancellationAtTheGrant { gate -> gate.slotAsync().await().use {} }).isEqualTo(1)
        assertThat(heldAfterACancellationAtTheGrant { gate -> gate.withSlot {} }).isZero()
    }

    @Test
    fun slotBlocksTheThreadThatTheSessionInTheSlotNeeds() {
        val threads = ThreadPoolExecutor(2, 2, 0, TimeUnit.SECONDS, LinkedBlockingQueue())
        val scope = CoroutineScope(threads.asCoroutineDispatcher())
        Races.gate(1).use { gate ->
            val answer = CompletableDeferred<String>()
            val session = scope.launch { gate.slot().use { answer.await() } }
            Await.until("the session waits for its answer") { threads.completedTaskCount == 1L }
            val inLine = List(2) { scope.launch { gate.slot().use {} } }
            Await.until("both threads are blocked") { gate.snapshot().waiting() == 2 }

            answer.complete("the end")
            assertThat(threads.queue).hasSize(1) // the session, which has no thread to go on
            assertThat(session.isCompleted).isFalse()

            threads.maximumPoolSize = 3
            threads.corePoolSize = 3
            runBlocking { (inLine + session).joinAll() }
        }
        threads.shutdown()
    }

    @Test
    fun callAroundAFlowLimitsNothing() {
        Races.gate(1).use { gate ->
            val answer = gate.call { flow { emit(gate.snapshot().inFlight()) } }

            assertThat(runBlocking { answer.toList() }).containsExactly(0)
        }
    }

    @Test
    fun aCoroutineLaunchedElsewhereDoesNotHoldTheSlot() {
        Races.gate(1).use { gate ->
            runBlocking {
                val session = gate.withSlot { CoroutineScope(Dispatchers.Default).launch { awaitCancellation() } }

                assertThat(session.isActive).isTrue()
                assertThat(gate.snapshot().inFlight()).isZero()
                session.cancelAndJoin()
            }
        }
    }

    @Test
    fun withSlotWithinWithSlotWaitsForASecondSlot() {
        Races.gate(1).use { gate ->
            val answer = runBlocking { withTimeoutOrNull(20) { gate.withSlot { gate.withSlot { "never" } } } }

            assertThat(answer).isNull()
            assertThat(gate.snapshot().inFlight()).isZero()
        }
    }
}
