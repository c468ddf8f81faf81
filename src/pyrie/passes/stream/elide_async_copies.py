"""iree-stream-elide-async-copies: copies that nobody could tell from the original go."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from pyrie.dialects import stream
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.aliasing import Aliasing, Liveness
from pyrie.passes.stream.emitter import host_functions, replace


@dataclass(frozen=True)
class ElideAsyncCopies(ModulePass):
    """Drops `stream.async.clone` where the source may stand for the copy.

    before:  %c = stream.async.clone %0;  %1 = stream.async.update %u, %c[...] -> %c      (%0 is not used again)
    after:   %1 = stream.async.update %u, %0[...] -> %0

    Legal when either neither the source's nor the copy's storage is ever written, or the source is owned by the function, nothing that
    may share its storage is live behind the copy, and it has not been handed to anyone else before (across branches and loops).
    """

    name = "iree-stream-elide-async-copies"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in host_functions(module):
            while (clone := _first_elidable(function)) is not None:
                replace(clone, [clone.source])


def _first_elidable(function: Operation) -> stream.AsyncCloneOp | None:
    region = function.regions[0]
    clones = [op for op in region.walk() if isinstance(op, stream.AsyncCloneOp) and op.source.type == op.result.type]
    if not clones:
        return None
    aliasing, liveness = Aliasing(region), Liveness(region)
    return next((clone for clone in clones if _is_elidable(clone, aliasing, liveness)), None)


def _is_elidable(clone: stream.AsyncCloneOp, aliasing: Aliasing, liveness: Liveness) -> bool:
    source, result = clone.source, clone.result
    if not aliasing.is_mutated(source) and not aliasing.is_mutated(result):
        return True
    if not aliasing.is_owned(source) or aliasing.escapes_before(source, clone):
        return False
    return not any(value is not result and aliasing.same(value, source) for value in liveness.after(clone))
