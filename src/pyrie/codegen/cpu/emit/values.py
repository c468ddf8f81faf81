"""What a kernel's SSA values become in LLVM text.

A vector is cut along its last dimension into chunks of at most `lanes` lanes; leading dimensions are separate chunks. Chunks that hold
the same value share a name, so broadcasting costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import AnyFloat, BFloat16Type, Float16Type, Float32Type, Float64Type, IndexType, IntegerType, VectorType
from xdsl.ir import Attribute

from pyrie.support.errors import UnsupportedError


@dataclass(frozen=True)
class Element:
    """An element type: its LLVM type in registers and in memory. Narrow floats are carried as their bits and computed on as `float`."""

    register: str
    memory: str
    kind: str  # "int", "float", or the name of a narrow float
    bits: int

    @property
    def is_float(self) -> bool:
        return self.kind != "int"

    @property
    def is_narrow_float(self) -> bool:
        return self.kind not in ("int", "float")

    @property
    def bytes(self) -> int:
        return max(1, self.bits // 8)


FLOAT = Element("float", "float", "float", 32)
DOUBLE = Element("double", "double", "float", 64)
HALF = Element("i16", "i16", "f16", 16)
BFLOAT = Element("i16", "i16", "bf16", 16)
BOOL = Element("i1", "i8", "int", 1)
INDEX = Element("i64", "i64", "int", 64)
_FLOATS: dict[type[Attribute], Element] = {Float32Type: FLOAT, Float64Type: DOUBLE, Float16Type: HALF, BFloat16Type: BFLOAT}
INTEGER_WIDTHS = (8, 16, 32, 64)


def element_of(type: Attribute) -> Element:
    """The element of a scalar, vector or memref type. Raises UnsupportedError."""
    inner = getattr(type, "element_type", type)
    if isinstance(inner, IndexType):
        return INDEX
    if isinstance(inner, IntegerType):
        if inner.width.data == 1:
            return BOOL
        if inner.width.data in INTEGER_WIDTHS:
            return Element(f"i{inner.width.data}", f"i{inner.width.data}", "int", inner.width.data)
    if isinstance(inner, AnyFloat) and inner.__class__ in _FLOATS:
        return _FLOATS[inner.__class__]
    raise UnsupportedError(f"element type {inner} in a CPU kernel", hint="supported: index, i1, i8, i16, i32, i64, f16, bf16, f32, f64")


@dataclass(frozen=True)
class Value:
    """`chunks` are in row-major order; `widths` are the lanes of the chunks of one row, empty for a scalar.

    `scalars`, where present, are the elements one by one: a vector that was loaded or computed lane by lane and may never need to be one.
    """

    element: Element
    shape: tuple[int, ...]
    widths: tuple[int, ...]
    chunks: tuple[str, ...] = ()
    scalars: tuple[str, ...] | None = None

    @property
    def rows(self) -> int:
        return prod(self.shape[:-1]) if self.shape else 1

    @property
    def chunk_widths(self) -> tuple[int, ...]:
        """The width of each chunk; 0 is a scalar."""
        return self.widths * self.rows if self.shape else (0,)

    @property
    def scalar(self) -> str:
        assert not self.shape
        return self.chunks[0]


def lane_widths(size: int, lanes: int) -> tuple[int, ...]:
    """Chunks of a row of `size`."""
    return (lanes,) * (size // lanes) + ((size % lanes,) if size % lanes else ())


def shape_of(type: Attribute) -> tuple[int, ...]:
    return type.get_shape() if isinstance(type, VectorType) else ()


def llvm_type(element: str, width: int) -> str:
    return f"<{width} x {element}>" if width else element


def integer(name: str) -> int | None:
    """The value of a literal integer operand."""
    return int(name) if name.lstrip("-").isdigit() else None
