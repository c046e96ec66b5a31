package io.github.cpugate.docs

import io.github.cpugate.AdaptiveCpuGate
import io.github.cpugate.GateClosedException
import kotlin.coroutines.resume
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.count
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Tag
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.assertThrows


/** Tests the recipes of docs/streams/kotlin.md. */
@Timeout(120)
class KotlinRecipesTest {

    private val scope = CoroutineScope(Dispatchers.Default)

    private fun stream(model: FakeModel): Flow<String> = callbackFlow {
        val session = model.stream({ token -> trySend(token) }, { close() })
        awaitClose { session.run() }
    }

    private suspend fun session(model: FakeModel): String = suspendCancellableCoroutine { caller ->
        val session = model.stream({}, { caller.resume("the end") })
        caller.invokeOnCancellation { session.run() }
    }

    @Test
    @Tag("slow")
    fun noCancellationLosesASlot() = Races.assertNoSlotIsLost { gate, model ->
        val job = scope.launch { gate.withSlot { session(model) } }
        Runnable { job.cancel() }
    }

    @Test
    @Tag("slow")
    fun noCancellationOfAFlowLosesASlot() = Races.assertNoSlotIsLost { gate, model ->
        val job = scope.launch { stream(model).inSlot(gate).collect {} }
        Runnable { job.cancel() }
    }

    @Test
    fun manyPromptsRunInTheSlots() = withGate(3) { gate ->
        FakeModel().use { model ->
            List(200) { scope.launch { gate.withSlot { session(model) } } }.joinAll()

            assertThat(model.completed).hasValue(200)
            assertThat(model.most).hasValue(3)
        }
    }

    @Test
    fun eachCollectionWaitsForASlotOfItsOwn() = withGate(1) { gate ->
        FakeModel().use { model ->
            val flow = stream(model).buffer(8).inSlot(gate)
            repeat(5) { assertThat(flow.count()).isEqualTo(5) }

            assertThat(gate.snapshot().admitted()).isEqualTo(5)
        }
    }

    @Test
    fun theFirstTokensAreEnough() = withGate(1) { gate ->
        FakeModel().use { model ->
            assertThat(stream(model).inSlot(gate).take(2).toList()).containsExactly("token 0", "token 1")

            assertThat(gate.snapshot().inFlight()).isZero()
        }
    }

    @Test
    fun theSlotIsHeldOnWhateverThreadsTheFlowRuns() = withGate(1) { gate ->
        val held = flow { repeat(3) { emit(gate.snapshot().inFlight()) } }
            .flowOn(Dispatchers.IO)
            .inSlot(gate)
            .map { withContext(Dispatchers.Default) { it + gate.snapshot().inFlight() } }
            .toList()

        assertThat(held).containsExactly(2, 2, 2)
        assertThat(gate.snapshot().inFlight()).isZero()
    }

    @Test
    fun aTimeoutInLineLeavesTheLine() = withGate(1) { gate ->
        gate.slot().use {
            assertThrows<TimeoutCancellationException> { runBlocking { withTimeout(20) { gate.withSlot {} } } }

            assertThat(gate.snapshot().waiting()).isZero()
        }
        assertThat(gate.snapshot().inFlight()).isZero()
    }

    @Test
    fun failuresGiveTheSlotBack() = withGate(1) { gate ->
        repeat(3) {
            assertThrows<IllegalStateException> { runBlocking { gate.withSlot { error("broken") } } }
        }
        assertThat(gate.snapshot().inFlight()).isZero()
    }

    @Test
    fun aClosedGateFailsTheBlock() = withGate(1) { gate ->
        gate.close()
        assertThrows<GateClosedException> { runBlocking { gate.withSlot {} } }
    }

    private fun withGate(slots: Int, test: suspend CoroutineScope.(AdaptiveCpuGate) -> Unit) =
        Races.gate(slots).use { gate -> runBlocking { test(gate) } }
}
