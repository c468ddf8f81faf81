"""Shape arithmetic done while importing: operators on small integer tensors, element by element, with sizes as symbols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.dialects.builtin import IndexType, IntegerType, i1, i64
from xdsl.ir import Attribute

from pyrie.importers.onnx.values import LARGEST_FOLDED, Dim, Value, symbolic
from pyrie.ir.elements import element_type

Known = list[np.ndarray | None]
Fold = Callable[[Known, dict[str, Any]], np.ndarray | None]


def fold(name: str, inputs: list[Value | None], attributes: dict[str, Any]) -> Value | None:
    """The result of an operator whose inputs are all known integers or sizes; None where it must be computed at run time."""
    row = FOLDS.get(name)
    if row is None or not inputs or not all(v is None or _is_integral(v) for v in inputs):
        return None
    known = [None if v is None else v.known for v in inputs]
    if any(k is None and v is not None for k, v in zip(known, inputs, strict=True)):
        return None
    result = row([None if k is None else np.asarray(k, dtype=object) for k in known], attributes)
    if result is None or np.size(result) > LARGEST_FOLDED:
        return None
    element = _result_element(name, inputs, attributes)
    return None if element is None else symbolic(result, element)


def _is_integral(value: Value) -> bool:
    return isinstance(value.element, IntegerType | IndexType)


def _result_element(name: str, inputs: list[Value | None], attributes: dict[str, Any]) -> Attribute | None:
    if name == "Cast":
        import onnx

        element = element_type(onnx.helper.tensor_dtype_to_np_dtype(attributes["to"]))
        return element if isinstance(element, IntegerType) and element != i1 else None
    if name in ("Equal", "Less", "Greater", "Not", "And", "Or"):
        return i1
    chosen = inputs[1] if name == "Where" else inputs[0]
    return None if chosen is None else chosen.element


def elementwise(function: Callable[..., Any]) -> Fold:
    """Applies a Python function to the elements; it gives None for what is only known at run time."""

    def apply(known: Known, attributes: dict[str, Any]) -> np.ndarray | None:
        result: Any = np.frompyfunc(function, len(known), 1)(*(k for k in known if k is not None))
        elements = np.asarray(result, dtype=object)
        return None if any(e is None for e in elements.reshape(-1)) else elements

    return apply


def divide(a: Any, b: Any) -> Any:
    """Integer division towards zero."""
    if isinstance(a, Dim) or isinstance(b, Dim):
        return a // b
    if b == 0:
        return None
    return int(a) // int(b) if (a < 0) == (b < 0) else -(-int(a) // int(b))


def equal(a: Any, b: Any) -> bool | None:
    """Sizes are never negative; whether two different ones are equal is known at run time only."""
    if isinstance(a, Dim) or isinstance(b, Dim):
        if a == b:
            return True
        return False if any(not isinstance(n, Dim) and n < 0 for n in (a, b)) else None
    return bool(a == b)


def numbers(function: Callable[..., Any]) -> Fold:
    """An elementwise function of plain numbers."""
    return elementwise(lambda *args: None if any(isinstance(a, Dim) for a in args) else function(*args))


def gather(known: Known, attributes: dict[str, Any]) -> np.ndarray | None:
    data, indices = known
    assert data is not None and indices is not None
    if any(isinstance(i, Dim) for i in indices.reshape(-1)):
        return None
    return np.take(data, indices.astype(np.int64), axis=attributes.get("axis", 0))


def concat(known: Known, attributes: dict[str, Any]) -> np.ndarray:
    return np.concatenate([k for k in known if k is not None], axis=attributes.get("axis", 0))


def slice_(known: Known, attributes: dict[str, Any]) -> np.ndarray | None:
    data, *rest = known
    assert data is not None
    names = ("starts", "ends", "axes", "steps")
    given: dict[str, list[Any]] = {name: list(k.reshape(-1)) for name, k in zip(names, rest, strict=False) if k is not None}
    given |= {name: list(attributes[name]) for name in names if name in attributes}
    starts, ends = given["starts"], given["ends"]
    axes, steps = given.get("axes", list(range(len(starts)))), given.get("steps", [1] * len(starts))
    if any(isinstance(n, Dim) for n in (*starts, *ends, *axes, *steps)):
        return None
    where = [slice(None)] * data.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        where[axis] = slice(int(start), None if step < 0 and end < -data.shape[axis] else int(end), int(step))
    return data[tuple(where)]


def axes_of(known: Known, attributes: dict[str, Any]) -> list[int] | None:
    given = known[1] if len(known) > 1 else None
    if given is not None:
        return [int(n) for n in given.reshape(-1)]
    return list(attributes["axes"]) if attributes.get("axes") else None


def squeeze(known: Known, attributes: dict[str, Any]) -> np.ndarray:
    assert known[0] is not None
    axes = axes_of(known, attributes)
    return np.squeeze(known[0], None if axes is None else tuple(axes))


def unsqueeze(known: Known, attributes: dict[str, Any]) -> np.ndarray:
    assert known[0] is not None
    return np.expand_dims(known[0], tuple(axes_of(known, attributes) or ()))


def reshape(known: Known, attributes: dict[str, Any]) -> np.ndarray | None:
    data, shape = known
    assert data is not None and shape is not None
    if any(isinstance(n, Dim) for n in shape.reshape(-1)):
        return None
    return data.reshape([data.shape[i] if n == 0 else int(n) for i, n in enumerate(shape)])


def product(known: Known, attributes: dict[str, Any]) -> np.ndarray:
    assert known[0] is not None
    axes = axes_of(known, attributes)
    axis = None if axes is None else tuple(axes)
    return np.asarray(np.multiply.reduce(known[0], axis=axis, keepdims=bool(attributes.get("keepdims", 1))), dtype=object)


def range_(known: Known, attributes: dict[str, Any]) -> np.ndarray | None:
    values = [k.reshape(-1)[0] for k in known if k is not None]
    if len(values) != 3 or any(isinstance(n, Dim) for n in values) or values[2] == 0:
        return None
    steps = range(*(int(n) for n in values))
    return np.array(steps, dtype=object) if len(steps) <= LARGEST_FOLDED else None


def identity(known: Known, attributes: dict[str, Any]) -> np.ndarray | None:
    return known[0]


FOLDS: dict[str, Fold] = {
    "Add": elementwise(lambda a, b: a + b),
    "Sub": elementwise(lambda a, b: a - b),
    "Mul": elementwise(lambda a, b: a * b),
    "Div": elementwise(divide),
    "Equal": elementwise(equal),
    "Less": numbers(lambda a, b: bool(a < b)),
    "Greater": numbers(lambda a, b: bool(a > b)),
    "Not": numbers(lambda a: not a),
    "And": numbers(lambda a, b: bool(a and b)),
    "Or": numbers(lambda a, b: bool(a or b)),
    "Neg": numbers(lambda a: -a),
    "Max": numbers(max),
    "Min": numbers(min),
    "Where": elementwise(lambda c, a, b: a if c else b),
    "Cast": identity,
    "Identity": identity,
    "Gather": gather,
    "Concat": concat,
    "Slice": slice_,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Reshape": reshape,
    "ReduceProd": product,
    "Range": range_,
}


def shape_value(value: Value, start: int, end: int | None) -> Value:
    """The result of `Shape`."""
    return symbolic(np.array([*value.sizes[slice(start, end)]], dtype=object), i64)
