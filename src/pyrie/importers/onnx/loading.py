"""Reads an ONNX file that nobody vouches for: every damage is one InputError, and external data stays in the model's folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from onnx import ModelProto, TensorProto, numpy_helper

from pyrie.support import limits, shape
from pyrie.support.errors import InputError, PyrieError

Source = str | os.PathLike[str] | bytes | ModelProto


def load_model(source: Source) -> tuple[ModelProto, str, Path | None]:
    """The model, what to call it in messages, and the folder its external data lies in. Raises InputError."""
    if isinstance(source, ModelProto):
        return source, source.graph.name or "<model>", None
    if isinstance(source, bytes):
        return parse(source, "<bytes>"), "<bytes>", None
    path = Path(source)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", location=str(path)) from error
    return parse(data, str(path)), str(path), path.parent


def parse(data: bytes, name: str) -> ModelProto:
    """The model in `data`. Raises InputError unless it is a whole model with a graph."""
    model = ModelProto()
    try:
        model.ParseFromString(data)
    except (DecodeError, RecursionError, ValueError) as error:
        raise InputError("is not an ONNX model: it is damaged or cut off", location=name) from error
    if not model.HasField("graph") or not (model.graph.node or model.graph.output):
        raise InputError("is not an ONNX model: it has no graph", location=name)
    if not model.opset_import and not model.functions:
        raise InputError("is not an ONNX model: it names no operator set", location=name)
    if (field := field_that_is_no_text(model)) is not None:
        raise InputError(f"is not an ONNX model: a {field} in it is not UTF-8 text", location=name)
    return model


def field_that_is_no_text(model: ModelProto) -> str | None:
    """The name of a string field whose bytes are not UTF-8 (protobuf hands those over as bytes), or None."""
    stack: list[Message] = [model]
    while stack:
        for field, value in stack.pop().ListFields():
            values: Sequence[Any] = [value] if isinstance(value, str | bytes | Message) else value
            if field.type == FieldDescriptor.TYPE_STRING and any(isinstance(text, bytes) for text in values):
                return field.name
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                stack += values
    return None


def tensor_array(tensor: TensorProto, name: str, folder: Path | None) -> np.ndarray:
    """The values of a tensor, without a copy where they are raw bytes. Raises InputError for damaged ones."""
    what = f"{name}: tensor '{tensor.name}'"
    try:
        dims = tuple(tensor.dims)
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        count = shape.element_count(dims)
        if tensor.data_location == TensorProto.EXTERNAL:
            return external_array(tensor, dtype, dims, folder, what)
        if tensor.HasField("raw_data") and tensor.data_type not in SUB_BYTE:
            if len(tensor.raw_data) != count * dtype.itemsize:
                raise InputError(f"has {len(tensor.raw_data)} bytes, its shape {list(dims)} needs {count * dtype.itemsize}", location=what)
            return np.frombuffer(tensor.raw_data, little_endian(dtype)).astype(dtype, copy=False).reshape(dims)
        if tensor.data_type == TensorProto.STRING:
            raise InputError("holds strings", location=what, hint="supported: numbers and booleans")
        array = numpy_helper.to_array(tensor)
    except PyrieError as error:
        error.location = error.location or what
        raise
    except Exception as error:  # the reader of protobuf fields fails in many ways on damaged tensors
        raise InputError(f"is damaged: {error}", location=what) from error
    if array.shape != dims:
        raise InputError(f"has the shape {list(array.shape)}, expected {list(dims)}", location=what)
    return array


SUB_BYTE = {getattr(TensorProto, name) for name in ("INT4", "UINT4", "FLOAT4E2M1", "INT2", "UINT2") if hasattr(TensorProto, name)}


def external_array(tensor: TensorProto, dtype: np.dtype, dims: tuple[int, ...], folder: Path | None, what: str) -> np.ndarray:
    """Maps the part of a file in the model's folder that holds a tensor; no path leads out of the folder."""
    fields = {entry.key: entry.value for entry in tensor.external_data}
    location = fields.get("location", "")
    if folder is None:
        raise InputError(f"lies in the file '{location}'", location=what, hint="load the model by its path, not from bytes")
    path = confined(folder, location, what)
    try:
        offset, size = int(fields.get("offset", "0")), path.stat().st_size
        length = int(fields.get("length", size - offset))
    except ValueError as error:
        raise InputError("names a part of its data file that is not a number", location=what) from error
    needed = shape.byte_count(dims, dtype.itemsize * 8)
    if offset < 0 or length != needed or offset + length > size:
        raise InputError(f"wants {needed} bytes at {offset} of '{location}', which has {size} bytes (length says {length})", location=what)
    if needed == 0:
        return np.zeros(dims, dtype)
    return np.memmap(path, little_endian(dtype), "r", offset, dims)


def little_endian(dtype: np.dtype) -> np.dtype:
    """The type as files hold it; numpy knows the byte order of its own types only."""
    return dtype.newbyteorder("<") if dtype.isbuiltin == 1 else dtype


def confined(folder: Path, location: str, what: str) -> Path:
    """The file `location` inside of `folder`: not absolute, without `..`, and reached through no link. Raises InputError."""
    parts = Path(location).parts
    if not parts or Path(location).is_absolute() or ".." in parts or "\0" in location:
        raise InputError(f"lies in '{location}', which is not a plain path below the model's folder", location=what)
    path = folder
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise InputError(f"lies in '{location}', which goes through a link", location=what)
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"lies in '{location}', which cannot be read: {error.strerror}", location=what) from error
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        raise InputError(f"lies in '{location}', which is not a plain file of one name", location=what)
    if status.st_size > limits.MAX_TENSOR_BYTES:
        raise InputError(f"lies in '{location}', which is larger than any tensor may be", location=what)
    return path
