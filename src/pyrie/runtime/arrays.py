"""Arrays in, arrays out: how numpy and DLPack values become buffer views, and results become arrays that own their memory."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from pyrie.runtime.hal.allocator import Allocator, wrap_address
from pyrie.runtime.hal.buffer import Buffer, BufferView, pack
from pyrie.runtime.hal.memory import ALIGNMENT, address_of, is_numpys_own
from pyrie.runtime.signature import Parameter, ScalarType, TensorType
from pyrie.support import dtypes
from pyrie.support.errors import InputError

SMALL_RESULT = 16384  # bytes; below this a copy is as cheap as handing the memory over
_REFERENCES_OF_SOLE_OWNER = 2  # the one looked at, and the argument of getrefcount
_INTEGER_LIMITS = {"i1": (0, 1), "i8": (-(1 << 7), (1 << 8) - 1), "i16": (-(1 << 15), (1 << 16) - 1), "i32": (-(1 << 31), (1 << 32) - 1)}


class ArgumentConverter:
    """Turns what a caller gives for one parameter into what the VM takes. Raises InputError, which names the parameter.

    With `shares`, arrays are used in place where layout and alignment allow. That is for functions known to leave their arguments as
    they are: others may write to them, keep them, or go on reading when they have returned.
    """

    __slots__ = ("_accepted", "_allocator", "_element", "_shares", "_static_shape", "_type", "parameter")

    def __init__(self, parameter: Parameter, allocator: Allocator, *, shares: bool):
        self.parameter, self._allocator, self._type, self._shares = parameter, allocator, parameter.type, shares
        self._element: dtypes.ElementType | None = None
        self._static_shape: tuple[int | None, ...] | None = None
        self._accepted: tuple[np.dtype, ...] = ()
        if isinstance(parameter.type, TensorType):
            self._element = parameter.type.element
            self._accepted = accepted_dtypes(self._element)
            self._static_shape = parameter.type.shape

    def __call__(self, value: Any) -> Any:
        if self._element is None:
            return self._scalar(value) if isinstance(self._type, ScalarType) else self._opaque(value)
        if isinstance(value, BufferView):
            return value
        if type(value) is not np.ndarray:
            value = self._array(value, self._element)
        if value.dtype not in self._accepted:
            self._require_byte_order(value)
        if value.shape != self._static_shape:
            self._require_shape(value.shape)
        return view_of(value, self._element, self._allocator, shares=self._shares)

    # What is no array.

    def _scalar(self, value: Any) -> int | float:
        name = str(self._type)
        number = value.item() if isinstance(value, np.generic | np.ndarray) and value.size == 1 else value
        if name in ("f32", "f64"):
            if isinstance(number, int | float) and not isinstance(number, bool):
                return ctypes.c_float(number).value if name == "f32" else float(number)
        elif isinstance(number, int):
            low, high = _INTEGER_LIMITS.get(name, (-(1 << 63), (1 << 64) - 1))
            if low <= number <= high:
                bits = 64 if name in ("i64", "index") else 32
                return (int(number) + (1 << bits - 1) & (1 << bits) - 1) - (1 << bits - 1)
            raise self._wrong(f"is {number}, which {name} cannot hold")
        raise self._wrong(f"is {describe(value)}; expected a number of type {name}")

    def _opaque(self, value: Any) -> Any:
        if isinstance(value, np.ndarray | np.generic) or hasattr(value, "__dlpack__"):
            array = np.asarray(value) if isinstance(value, np.generic | np.ndarray) else self._from_dlpack(value)
            return view_of(array, dtypes.from_numpy(array.dtype), self._allocator, shares=self._shares)
        return value

    def _array(self, value: Any, element: dtypes.ElementType) -> np.ndarray:
        """An array from anything that is not exactly one."""
        if isinstance(value, np.ndarray | np.generic):
            return np.asarray(value)
        if hasattr(value, "__dlpack__"):
            return self._from_dlpack(value)
        if not isinstance(value, bool | int | float | complex | list | tuple):
            if not hasattr(value, "__array__"):
                raise self._wrong(f"is {describe(value)}; expected an array")
            return np.asarray(value)
        try:
            plain = np.asarray(value)
            if plain.dtype.kind not in KINDS_FITTING.get(element.numpy.kind, "biufcV") and plain.size:
                raise self._wrong(f"holds {plain.dtype} values; expected {element.mlir}")
            return np.asarray(value, dtype=element.numpy)
        except (ValueError, TypeError, OverflowError) as error:
            raise self._wrong(f"cannot become an array of {element.mlir}: {error}") from None

    def _from_dlpack(self, value: Any) -> np.ndarray:
        """An array over another library's tensor; what DLPack has no word for in numpy (bf16) may still come through `__array__`."""
        problems: list[str] = []
        for read in (np.from_dlpack, np.asarray) if hasattr(value, "__array__") else (np.from_dlpack,):
            try:
                return read(value)
            except (BufferError, RuntimeError, TypeError, ValueError) as error:
                problems.append(str(error))
        raise self._wrong(f"cannot be read through DLPack: {problems[0]}", hint="give it as a numpy array on the CPU")

    # Checks.

    def _require_byte_order(self, value: np.ndarray) -> None:
        native = value.dtype.newbyteorder("=")
        if native not in self._accepted:
            expected = self._accepted[0]
            raise self._wrong(f"is {value.dtype}; expected {expected}", hint=f".astype('{expected}') converts it")

    def _require_shape(self, shape: tuple[int, ...]) -> None:
        expected = self._static_shape or ()
        if len(shape) != len(expected) or any(e is not None and e != s for s, e in zip(shape, expected, strict=True)):
            wanted = ", ".join("?" if d is None else str(d) for d in expected)
            raise self._wrong(f"has shape {list(shape)}; expected [{wanted}]")

    def _wrong(self, what: str, hint: str | None = None) -> InputError:
        return InputError(f"argument '{self.parameter.name}' {what}", details=(str(self.parameter),), hint=hint)


# Kinds of numpy values that Python literals may have to fill an array of a kind.
KINDS_FITTING = {"b": "b", "i": "iu", "u": "iu", "f": "iuf", "c": "iufc"}


def accepted_dtypes(element: dtypes.ElementType) -> tuple[np.dtype, ...]:
    """numpy types whose bytes are this element type's: itself first; integers of either signedness."""
    dtype = element.numpy
    if dtype.kind in "iu" and is_numpys_own(dtype):
        return dtype, np.dtype(f"{'u' if dtype.kind == 'i' else 'i'}{dtype.itemsize}")
    return (dtype,)


def view_of(array: np.ndarray, element: dtypes.ElementType, allocator: Allocator, *, shares: bool) -> BufferView:
    """A buffer view of an array: with `shares` over its own memory if layout and alignment allow, else over a copy. Never written."""
    if element.bits < 8:
        packed = pack(array.view(np.int8) if array.ndim else array.reshape(1).view(np.int8), element)
        return BufferView(_copy_of(packed, packed.dtype, allocator), array.shape, element.hal)
    if array.flags.c_contiguous and array.dtype.isnative:
        address = address_of(array)
        if shares and address % ALIGNMENT == 0:
            return BufferView(wrap_address(address, array.nbytes, array, is_writable=False), array.shape, element.hal)
        buffer = allocator.allocate(array.nbytes)
        ctypes.memmove(buffer.address, address, array.nbytes)
        return BufferView(buffer, array.shape, element.hal)
    return BufferView(_copy_of(array, array.dtype.newbyteorder("="), allocator), array.shape, element.hal)


def _copy_of(array: np.ndarray, dtype: np.dtype, allocator: Allocator) -> Buffer:
    contiguous = np.ascontiguousarray(array, dtype=dtype)
    buffer = allocator.allocate(contiguous.nbytes)
    ctypes.memmove(buffer.address, address_of(contiguous), contiguous.nbytes)
    return buffer


def arrays_from(results: Sequence[Any]) -> list[Any]:
    """Results of a call as arrays and scalars. Each array owns its memory: nothing else, not even the program, refers to it."""
    return [array_from(value) if type(value) is BufferView else value for value in results]


def array_from(view: BufferView) -> np.ndarray:
    """The tensor of a view that the caller is about to drop: handed over if nobody else has it, else copied."""
    buffer, element = view.buffer, dtypes.from_hal(view.element_type)
    if view.byte_length > SMALL_RESULT and _is_sole_owner(view, buffer):
        return view.numpy()
    if element.bits < 8:
        return view.numpy().copy()
    result = np.empty(view.shape, element.numpy)
    buffer.live_storage()
    ctypes.memmove(address_of(result), buffer.address, view.byte_length)
    return result


def _is_sole_owner(view: BufferView, buffer: Buffer) -> bool:
    """Whether only this view refers to its buffer and only this buffer to its storage, so that nobody can change or see it any more."""
    storage = buffer.storage
    if storage is None or storage.is_external or view.element_type & 0xFF < 8:
        return False
    return sys.getrefcount(storage) == _STORAGE_REFERENCES and sys.getrefcount(buffer) == _BUFFER_REFERENCES


_STORAGE_REFERENCES = _REFERENCES_OF_SOLE_OWNER + 1  # its buffer, the local variable above, the argument
_BUFFER_REFERENCES = _REFERENCES_OF_SOLE_OWNER + 2  # its view, the local variables of both functions above, the argument


def describe(value: Any) -> str:
    return f"of type {type(value).__name__}"
