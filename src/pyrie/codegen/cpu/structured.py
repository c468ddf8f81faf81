"""A structured op as the engine sees it: loops, affine maps, and a body on scalars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.ir.affine import AffineMap

from pyrie.dialects.linalg import FillOp, StructuredOp
from pyrie.dialects.linalg.interface import loop_sources
from pyrie.dialects.linalg.structured import PARALLEL


@dataclass(frozen=True, eq=False)
class Structured:
    """A perfect loop nest; `maps` are of the inputs, then of the inits. `body` takes and yields scalars."""

    op: StructuredOp
    inputs: tuple[SSAValue, ...]
    inits: tuple[SSAValue, ...]
    maps: tuple[AffineMap, ...]
    parallel: tuple[bool, ...]
    body: Block

    @property
    def rank(self) -> int:
        return len(self.parallel)

    @cached_property
    def input_maps(self) -> tuple[AffineMap, ...]:
        return self.maps[: len(self.inputs)]

    @cached_property
    def init_maps(self) -> tuple[AffineMap, ...]:
        return self.maps[len(self.inputs) :]

    @cached_property
    def reduction_dims(self) -> tuple[int, ...]:
        return tuple(d for d, parallel in enumerate(self.parallel) if not parallel)

    @cached_property
    def parallel_dims(self) -> tuple[int, ...]:
        return tuple(d for d, parallel in enumerate(self.parallel) if parallel)

    @property
    def yielded(self) -> Sequence[SSAValue]:
        last = self.body.last_op
        assert last is not None
        return last.operands

    @cached_property
    def extent_sources(self) -> list[tuple[SSAValue, int] | None]:
        """For each loop an operand and the number of its dimension that the loop runs over alone."""
        return loop_sources(self.op)


def is_structured(op: Operation) -> bool:
    """Whether the op is a loop nest on tensors; a fill is a constant instead."""
    return isinstance(op, StructuredOp) and not isinstance(op, FillOp)


def structured(op: StructuredOp) -> Structured:
    """Reads a structured op on tensors."""
    parallel = tuple(kind == PARALLEL for kind in op.iterators())
    return Structured(op, tuple(op.inputs), tuple(op.outputs), tuple(op.maps()), parallel, op.body.block)


def element_type(type: Attribute) -> Attribute:
    """The type of a tensor's elements; a scalar type is its own."""
    return type.element_type if isinstance(type, TensorType) else type
