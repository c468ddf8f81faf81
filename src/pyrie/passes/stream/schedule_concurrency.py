"""iree-stream-schedule-concurrency: what does not depend on each other may run at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from pyrie.dialects import stream
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.aliasing import is_resource
from pyrie.passes.stream.emitter import Emitter, host_functions
from pyrie.passes.stream.regions import form_region


@dataclass(frozen=True)
class ScheduleConcurrency(ModulePass):
    """Groups runs of independent ops of an execution into `stream.async.concurrent` regions.

    before:  %1 = stream.async.dispatch @a(%0);  %2 = stream.async.dispatch @b(%0)
    after:   %1, %2 = stream.async.concurrent with(%0 as %x) -> ... { ... }

    Ops keep their order and join the current group until one depends on it: neither reads what the group makes nor writes what it
    reads. That bounds the memory alive at once by what program order needs. Legal because nothing in a group can see the order.
    """

    name = "iree-stream-schedule-concurrency"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in host_functions(module):
            for execute in [op for op in function.walk() if isinstance(op, stream.AsyncExecuteOp)]:
                for wave in list(_waves(execute)):
                    if len(wave) > 1:
                        form_region(stream.AsyncConcurrentOp, wave, Emitter(_behind(wave)), None)


def _waves(execute: stream.AsyncExecuteOp) -> Iterator[list[Operation]]:
    """Runs of ops that do not depend on each other, in order. Allocations are no work and part of none."""
    wave: list[Operation] = []
    made: set[SSAValue] = set()
    touched: set[SSAValue] = set()
    for op in execute.body.block.ops:
        if isinstance(op, stream.AsyncAllocaOp | stream.YieldOp):
            continue
        assert isinstance(op, stream.StreamOp)
        roots = {stream.storage_root(value) for value in op.operands if is_resource(value)}
        written = {stream.storage_root(tied) for r in op.results if is_resource(r) and (tied := op.tied_operand(r.index)) is not None}
        if roots & made or written & touched:
            yield wave
            wave, made, touched = [], set(), set()
        wave.append(op)
        made |= {stream.storage_root(result) for result in op.results if is_resource(result)}
        touched |= roots
    if wave:
        yield wave


def _behind(wave: list[Operation]) -> Operation:
    following = wave[-1].next_op
    assert following is not None
    return following
