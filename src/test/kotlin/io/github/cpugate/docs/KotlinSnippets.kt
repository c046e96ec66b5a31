package io.github.cpugate.docs

import io.github.cpugate.AdaptiveCpuGate
import io.github.cpugate.Slot
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.emitAll
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.future.await

// The snippets of docs/streams/kotlin.md.

suspend fun <T> AdaptiveCpuGate.withSlot(block: suspend (Slot) -> T): T {
    val turn = slotAsync()
    try {
        return block(turn.await()) // of kotlinx.coroutines.future, in kotlinx-coroutines-core
    } finally {
        Slot.release(turn)
    }
}

fun <T> Flow<T>.inSlot(gate: AdaptiveCpuGate): Flow<T> = flow {
    gate.withSlot { emitAll(this@inSlot) }
}
