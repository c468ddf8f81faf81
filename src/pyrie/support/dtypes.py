"""Element types: one row each, shared by the text syntax, numpy and the HAL's element-type constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import ml_dtypes
import numpy as np

from pyrie.support.errors import UnsupportedError


@dataclass(frozen=True)
class ElementType:
    """`mlir`: name in MLIR text. `numpy`: storage in memory. `bits`: in a buffer. `numerical_type`: high byte of the HAL constant."""

    mlir: str
    numpy: np.dtype
    bits: int
    numerical_type: int

    @property
    def hal(self) -> int:
        """The HAL element-type constant: numerical type << 24 | bits."""
        return self.numerical_type << 24 | self.bits


# Numerical types of the HAL (iree/hal/buffer_view.h): boolean, integer (signless, signed, unsigned), IEEE float, brain float, complex,
# and the 8-bit float families.
INTEGER, SIGNED, UNSIGNED, BOOLEAN = 0x10, 0x11, 0x12, 0x13
FLOAT_IEEE, FLOAT_BRAIN, FLOAT_COMPLEX = 0x21, 0x22, 0x23
FLOAT_8_E5M2, FLOAT_8_E4M3FN, FLOAT_8_E5M2FNUZ, FLOAT_8_E4M3FNUZ, FLOAT_8_E8M0FNU = 0x24, 0x25, 0x26, 0x27, 0x28

ELEMENT_TYPES: tuple[ElementType, ...] = (
    ElementType("i1", np.dtype(np.bool_), 8, BOOLEAN),
    ElementType("i4", np.dtype(ml_dtypes.int4), 4, INTEGER),
    ElementType("i8", np.dtype(np.int8), 8, INTEGER),
    ElementType("i16", np.dtype(np.int16), 16, INTEGER),
    ElementType("i32", np.dtype(np.int32), 32, INTEGER),
    ElementType("i64", np.dtype(np.int64), 64, INTEGER),
    ElementType("si4", np.dtype(ml_dtypes.int4), 4, SIGNED),
    ElementType("si8", np.dtype(np.int8), 8, SIGNED),
    ElementType("si16", np.dtype(np.int16), 16, SIGNED),
    ElementType("si32", np.dtype(np.int32), 32, SIGNED),
    ElementType("si64", np.dtype(np.int64), 64, SIGNED),
    ElementType("ui4", np.dtype(ml_dtypes.uint4), 4, UNSIGNED),
    ElementType("ui8", np.dtype(np.uint8), 8, UNSIGNED),
    ElementType("ui16", np.dtype(np.uint16), 16, UNSIGNED),
    ElementType("ui32", np.dtype(np.uint32), 32, UNSIGNED),
    ElementType("ui64", np.dtype(np.uint64), 64, UNSIGNED),
    ElementType("f16", np.dtype(np.float16), 16, FLOAT_IEEE),
    ElementType("f32", np.dtype(np.float32), 32, FLOAT_IEEE),
    ElementType("f64", np.dtype(np.float64), 64, FLOAT_IEEE),
    ElementType("bf16", np.dtype(ml_dtypes.bfloat16), 16, FLOAT_BRAIN),
    ElementType("complex<f32>", np.dtype(np.complex64), 64, FLOAT_COMPLEX),
    ElementType("complex<f64>", np.dtype(np.complex128), 128, FLOAT_COMPLEX),
    ElementType("f8E5M2", np.dtype(ml_dtypes.float8_e5m2), 8, FLOAT_8_E5M2),
    ElementType("f8E4M3FN", np.dtype(ml_dtypes.float8_e4m3fn), 8, FLOAT_8_E4M3FN),
    ElementType("f8E5M2FNUZ", np.dtype(ml_dtypes.float8_e5m2fnuz), 8, FLOAT_8_E5M2FNUZ),
    ElementType("f8E4M3FNUZ", np.dtype(ml_dtypes.float8_e4m3fnuz), 8, FLOAT_8_E4M3FNUZ),
    ElementType("f8E8M0FNU", np.dtype(ml_dtypes.float8_e8m0fnu), 8, FLOAT_8_E8M0FNU),
)

K = TypeVar("K")

BY_MLIR = {t.mlir: t for t in ELEMENT_TYPES}
BY_HAL = {t.hal: t for t in ELEMENT_TYPES}
_BY_NUMPY = {t.numpy: t for t in reversed(ELEMENT_TYPES)}  # signless before signed


def from_mlir(name: str) -> ElementType:
    """The row of an MLIR element type name such as `f32`. Raises UnsupportedError."""
    return _lookup(BY_MLIR, name, f"element type '{name}'")


def from_hal(constant: int) -> ElementType:
    """The row of a HAL element-type constant such as 0x21000020. Raises UnsupportedError."""
    return _lookup(BY_HAL, constant, f"HAL element type 0x{constant:08X}")


def from_numpy(dtype: np.dtype) -> ElementType:
    """The row of a numpy dtype of any byte order; signless integers win over signed. Raises UnsupportedError."""
    native = np.dtype(dtype).newbyteorder("=")
    return _lookup(_BY_NUMPY, native, f"numpy dtype '{dtype}'")


def _lookup(table: Mapping[K, ElementType], key: K, what: str) -> ElementType:
    if key not in table:
        raise UnsupportedError(f"{what} is not supported", hint="supported: " + ", ".join(t.mlir for t in ELEMENT_TYPES))
    return table[key]
