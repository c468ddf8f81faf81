"""iree-stream-schedule-execution: async ops are gathered into submissions."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation

from pyrie.dialects import stream
from pyrie.ir.context import Context
from pyrie.ir.effects import is_pure, is_trivially_dead
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.emitter import Emitter, host_regions
from pyrie.passes.stream.regions import form_region

STREAMABLE = (
    stream.AsyncAllocaOp,
    stream.AsyncCloneOp,
    stream.AsyncCollectiveOp,
    stream.AsyncCopyOp,
    stream.AsyncDispatchOp,
    stream.AsyncFillOp,
    stream.AsyncSliceOp,
    stream.AsyncSplatOp,
    stream.AsyncTransferOp,
    stream.AsyncUpdateOp,
)


@dataclass(frozen=True)
class ScheduleExecution(ModulePass):
    """Puts the async ops of a block into as few `stream.async.execute` regions as the host's need for results allows.

    before:  %1 = stream.async.dispatch @a(%0);  %2 = stream.async.dispatch @b(%1);  %3 = stream.tensor.export %2
    after:   %r, %t = stream.async.execute with(%0 as %x) -> ... { ... stream.yield };  %2 = stream.timepoint.await %t => %r;  %3 = ... %2

    A region is closed where an op of the host with effects first needs one of its results; host ops that do not are done before it, and
    those without effects (exports, reads) behind it. Legal because async ops
    have value semantics but for writes in place, and copy-on-write has left no other use behind those.
    """

    name = "iree-stream-schedule-execution"

    def apply(self, context: Context, module: ModuleOp) -> None:
        affinity = module.attributes.get("stream.affinity.default")
        for region in host_regions(module):
            for block in region.blocks:
                for partition, before in _partitions(block):
                    emitter = Emitter(_first_left(partition, before))
                    execute = form_region(stream.AsyncExecuteOp, partition.ops, emitter, affinity)
                    _await_results(execute, emitter)


@dataclass
class _Partition:
    """Async ops to submit together, and pure host ops that use their results and can wait for later ones to join."""

    ops: list[Operation] = field(default_factory=list)
    deferred: list[Operation] = field(default_factory=list)
    members: set[Operation] = field(default_factory=set)

    def is_used_by(self, op: Operation) -> bool:
        return any(value.owner in self.members for inner in op.walk() for value in inner.operands)

    def add(self, op: Operation, group: list[Operation]) -> None:
        group.append(op)
        self.members.add(op)


def _partitions(block: Block) -> list[tuple[_Partition, Operation]]:
    """The groups of async ops, each with the host op before which it is submitted."""
    found: list[tuple[_Partition, Operation]] = []
    current = _Partition()
    for op in list(block.ops):
        if isinstance(op, STREAMABLE):
            if is_trivially_dead(op):
                op.detach()
                op.erase()
                continue
            if any(value.owner in current.deferred for value in op.operands):
                found.append((current, op))
                current = _Partition()
            current.add(op, current.ops)
        elif current.ops and (op is block.last_op or current.is_used_by(op)):
            if op is not block.last_op and is_pure(op):
                current.add(op, current.deferred)
            else:
                found.append((current, op))
                current = _Partition()
    return found


def _first_left(partition: _Partition, before: Operation) -> Operation:
    """Moves the deferred host ops to `before` and returns where the execution goes."""
    block = before.parent
    assert block is not None
    for op in partition.deferred:
        op.detach()
        block.insert_op_before(op, before)
    return partition.deferred[0] if partition.deferred else before


def _await_results(execute: stream.AsyncExecuteOp, emitter: Emitter) -> None:
    """Makes every use of the results wait."""
    if not execute.results_:
        return
    results = list(execute.results_)
    wait = stream.TimepointAwaitOp.build(
        operands=[results, execute.result_sizes, execute.result_timepoint], result_types=[[result.type for result in results]]
    )
    emitter.emit(wait)
    for result, awaited in zip(results, wait.results, strict=True):
        result.replace_uses_with_if(awaited, lambda use: use.operation is not wait)
