"""StableHLO and CHLO to linalg on tensors: one file a family, each with a table from op classes to lowerings.

A lowering gets an `Emitter` that inserts in front of the op and returns the values that take the place of its results.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import Operation, SSAValue

from pyrie.passes.input.stablehlo_to_linalg import contraction, elementwise, gather, movement, reductions, windows
from pyrie.passes.input.stablehlo_to_linalg.emitter import Emitter

LOWERINGS: dict[type[Operation], Callable[[Emitter, Operation], list[SSAValue]]] = {
    **elementwise.LOWERINGS,
    **movement.LOWERINGS,
    **contraction.LOWERINGS,
    **windows.LOWERINGS,
    **reductions.LOWERINGS,
    **gather.LOWERINGS,
}
