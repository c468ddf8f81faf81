"""Values on the command line, in the notation of iree-run-module: `2x3xf32=1 2 3 4 5 6`, `@file.npy`, `@image.png`, `3.5`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyrie.runtime.signature import FunctionSignature, Parameter, ScalarType, TensorType
from pyrie.support import dtypes
from pyrie.support.errors import InputError
from pyrie.support.shape import byte_count, element_count

_BUFFER = re.compile(r"((?:[0-9]+x)*)([a-z]+[0-9]+(?:[A-Z][A-Z0-9a-z]*)?|complex<f(?:32|64)>)(?:=(.*))?\Z", re.DOTALL)
_SEPARATORS = re.compile(r"[\s,\[\]]+")
IMAGES = (".png", ".jpg", ".jpeg", ".bmp")


def parse_inputs(texts: Sequence[str], signature: FunctionSignature | None) -> list[Any]:
    """The arguments that `--input=` flags stand for; the signature says what an image or a plain number is to become."""
    values: list[Any] = []
    for text in texts:
        parameters = signature.parameters if signature is not None else ()
        parameter = parameters[len(values)] if len(values) < len(parameters) else None
        values += _parse(text, parameter)
    return values


def _parse(text: str, parameter: Parameter | None) -> Iterator[Any]:
    if text.startswith("@"):
        yield from _read_file(Path(text[1:]), parameter)
        return
    match = _BUFFER.match(text)
    if match is None:
        yield _number(text, parameter)
        return
    shape = tuple(int(d) for d in match[1].split("x")[:-1])
    element = dtypes.from_mlir(match[2])
    yield parse_buffer(shape, element, match[3] or "", text)


def parse_buffer(shape: tuple[int, ...], element: dtypes.ElementType, text: str, what: str) -> np.ndarray:
    """An array from its elements as text; none gives zeros, one fills the array, `@file` holds raw bytes. Raises InputError."""
    size = byte_count(shape, element.numpy.itemsize * 8)
    if text.startswith("@"):
        raw = _read_bytes(Path(text[1:]))
        if len(raw) != size:
            raise InputError(f"input '{_shortened(what)}' needs {size} bytes, the file has {len(raw)}")
        return np.frombuffer(raw, element.numpy).reshape(shape)
    words = [word for word in _SEPARATORS.split(text) if word]
    count = element_count(shape)
    try:
        if not words:
            return np.zeros(shape, element.numpy)
        values = np.array([_element(word, element) for word in words])
        with np.errstate(over="ignore"):
            values = values.astype(element.numpy)
    except (ValueError, OverflowError):
        raise InputError(f"input '{_shortened(what)}' holds something that is no {element.mlir}") from None
    if len(words) == 1:
        return np.full(shape, values[0], element.numpy)
    if len(words) != count:
        raise InputError(f"input '{_shortened(what)}' needs {count} elements, {len(words)} are given")
    return values.reshape(shape)


def _element(word: str, element: dtypes.ElementType) -> Any:
    if element.mlir == "i1":
        return word in ("1", "true")
    if element.numerical_type in (dtypes.INTEGER, dtypes.SIGNED, dtypes.UNSIGNED):
        value = int(word, 0)
        low, high = (0, 1 << element.bits) if element.mlir.startswith("u") else (-(1 << element.bits - 1), 1 << element.bits)
        if not low <= value < high:
            raise OverflowError
        return value - (1 << element.bits) if value >= 1 << element.bits - 1 and not element.mlir.startswith("u") else value
    return complex(word.replace("i", "j")) if element.mlir.startswith("complex") else float(word)


def _number(text: str, parameter: Parameter | None) -> Any:
    try:
        value: int | float = int(text, 0) if re.fullmatch(r"[-+]?(0x[0-9a-fA-F]+|[0-9]+)", text) else float(text)
    except ValueError:
        raise InputError(
            f"input '{_shortened(text)}' is no value", hint="write 2x3xf32=1 2 3 4 5 6, @file.npy, @image.png, or a number"
        ) from None
    if parameter is not None and isinstance(parameter.type, ScalarType) and parameter.type.name.startswith("f"):
        return float(value)
    return value


def _read_file(path: Path, parameter: Parameter | None) -> Iterator[Any]:
    if path.suffix in IMAGES:
        yield _read_image(path, parameter)
        return
    if path.suffix != ".npy":
        raise InputError("is neither .npy nor an image", location=str(path), hint="raw data: --input=2x3xf32=@file.bin")
    try:
        with path.open("rb") as file:
            end = path.stat().st_size
            while file.tell() < end:  # several arrays may follow one another
                yield np.load(file, allow_pickle=False)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", location=str(path)) from None
    except (ValueError, EOFError) as error:
        raise InputError(f"is not a sound .npy file: {error}", location=str(path)) from None


def _read_image(path: Path, parameter: Parameter | None) -> np.ndarray:
    """A picture as the parameter wants it: NCHW or NHWC, one or three channels, scaled to 0..1 for floats."""
    from PIL import Image, UnidentifiedImageError

    type_ = parameter.type if parameter is not None else None
    if not isinstance(type_, TensorType) or not 2 <= len(type_.shape) <= 4:
        raise InputError("a picture needs a parameter of shape HxW, CxHxW, NxCxHxW or NxHxWxC", location=str(path))
    shape = list(type_.shape[-3:] if len(type_.shape) > 2 else (1, *type_.shape))
    channels_first = shape[0] in (1, 3) or shape[2] not in (1, 3)
    channels, height, width = shape if channels_first else (shape[2], shape[0], shape[1])
    try:
        with Image.open(path) as picture:
            converted = picture.convert("L" if channels == 1 else "RGB")
            if height is not None and width is not None and converted.size != (width, height):
                converted = converted.resize((width, height))
            pixels = np.asarray(converted)
    except UnidentifiedImageError:
        raise InputError("is not a picture", location=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", location=str(path)) from None
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    if channels_first:
        pixels = pixels.transpose(2, 0, 1)
    dtype = type_.element.numpy
    values = (pixels / 255).astype(dtype) if type_.element.numerical_type & 0x20 else pixels.astype(dtype)
    if len(type_.shape) == 4:
        return np.ascontiguousarray(values[np.newaxis])
    return np.ascontiguousarray(values if len(type_.shape) == 3 else values[0])


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", location=str(path)) from None


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def format_array(array: np.ndarray, limit: int = 1024) -> str:
    """`2x3xf32=[1 2 3][4 5 6]`, elided after `limit` elements."""
    element = dtypes.from_numpy(array.dtype)
    shape = "".join(f"{size}x" for size in array.shape)
    budget = [limit]
    return f"{shape}{element.mlir}={_nested(array, element, budget, outermost=True)}"


def _nested(array: np.ndarray, element: dtypes.ElementType, budget: list[int], *, outermost: bool = False) -> str:
    if array.ndim == 0:
        return _format_element(array[()], element)
    if array.ndim == 1:
        shown = [_format_element(value, element) for value in array[: budget[0]]]
        elided = len(shown) < len(array)
        budget[0] -= len(shown)
        text = " ".join(shown) + ("..." if elided else "")
        return text if outermost else f"[{text}]"
    parts = []
    for row in array:
        if budget[0] <= 0:
            parts.append("...")
            break
        parts.append(_nested(row, element, budget))
    text = "".join(parts)
    return text if outermost else f"[{text}]"


def _format_element(value: Any, element: dtypes.ElementType) -> str:
    if element.mlir.startswith("complex"):
        return f"{value.real:G}+{value.imag:G}i"
    if element.numerical_type & 0x20:
        return f"{float(value):G}"
    return str(int(value))


def format_value(value: Any, name: str | None) -> str:
    """A scalar result: `i64=42`."""
    if isinstance(value, int | np.integer):
        return f"{name or 'i64'}={int(value)}"
    if isinstance(value, float | np.floating):
        return f"{name or 'f32'}={float(value):G}"
    return str(value)
