"""What an ONNX tensor is while a graph is walked: a constant, a few symbolic integers, or an SSA value with sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Attribute, SSAValue

from pyrie.ir.elements import element_type

if TYPE_CHECKING:
    from pyrie.importers.onnx.builder import Builder

LARGEST_FOLDED = 64  # elements of a tensor that is tracked one by one


class Dim:
    """A size known at run time: an index value. Arithmetic with it builds `arith` ops, so numpy can calculate with shapes."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Builder, value: SSAValue):
        self.builder, self.value = builder, value

    def __add__(self, other: Size) -> Size:
        return self.builder.size_arithmetic("add", self, other)

    def __sub__(self, other: Size) -> Size:
        return self.builder.size_arithmetic("subtract", self, other)

    def __rsub__(self, other: Size) -> Size:
        return self.builder.size_arithmetic("subtract", other, self)

    def __mul__(self, other: Size) -> Size:
        return self.builder.size_arithmetic("multiply", self, other)

    def __floordiv__(self, other: Size) -> Size:
        return self.builder.size_arithmetic("divide", self, other)

    def __rfloordiv__(self, other: Size) -> Size:
        return self.builder.size_arithmetic("divide", other, self)

    __radd__, __rmul__ = __add__, __mul__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and other.value is self.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return "?"


Size = int | Dim


def shape_text(sizes: tuple[Size, ...]) -> str:
    return "[" + ", ".join(map(repr, sizes)) + "]"


@dataclass(eq=False)
class Value:
    """One tensor. At least one of `array`, `symbols` and `ssa` is there; `Builder.ssa` makes the last from the others on demand.

    `element` is its MLIR element type; `sizes` its shape; `symbols` holds its integers, some of them `Dim`.
    """

    element: Attribute
    sizes: tuple[Size, ...]
    array: np.ndarray | None = None
    symbols: np.ndarray | None = None
    ssa: SSAValue | None = None
    name: str = field(default="", repr=False)

    @property
    def rank(self) -> int:
        return len(self.sizes)

    @property
    def shape(self) -> list[int]:
        """The sizes as a tensor type has them."""
        return [size if isinstance(size, int) else DYNAMIC_INDEX for size in self.sizes]

    @property
    def type(self) -> TensorType:
        return TensorType(self.element, self.shape)

    @property
    def is_static(self) -> bool:
        return all(isinstance(size, int) for size in self.sizes)

    @property
    def known(self) -> np.ndarray | None:
        """The elements, one by one, where all are known or symbolic."""
        if self.symbols is not None:
            return self.symbols
        return self.array if self.array is not None and self.array.size <= LARGEST_FOLDED else None

    def describe(self) -> str:
        return f"{self.element}{shape_text(self.sizes)}"


def constant(array: np.ndarray) -> Value:
    """A constant of the array's type; numpy's booleans are i1."""
    return Value(element_type(array.dtype), tuple(array.shape), array=array)


def symbolic(elements: Any, element: Attribute) -> Value:
    """A small tensor of integers, some of them sizes known at run time; one without such is a constant."""
    array = np.asarray(elements, dtype=object)
    if any(isinstance(e, Dim) for e in array.reshape(-1)):
        return Value(element, tuple(array.shape), symbols=array)
    from pyrie.ir.elements import numpy_dtype

    return constant(array.astype(numpy_dtype(element)))
