"""Constant folding of elementwise ops: the interpreter's meaning of the op, applied to constant operands."""

from __future__ import annotations

from typing import cast

import numpy as np
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr, ShapedType
from xdsl.ir import Attribute, Operation, OpResult, SSAValue
from xdsl.traits import ConstantLike, HasFolder

from pyrie.ir.interpreter.registry import elementwise_function
from pyrie.ir.interpreter.values import array_of_attribute, attribute_of_array, is_splat

LARGEST_FOLDED_TENSOR = 4096  # elements; larger constants are evaluated by global optimization, not op by op


def constant_attribute(value: SSAValue) -> Attribute | None:
    """The attribute of a constant-like op that defines `value`, or None."""
    if not isinstance(value, OpResult) or not value.op.has_trait(ConstantLike):
        return None
    folder = value.op.get_trait(HasFolder)
    folded = folder.fold(value.op) if folder else None
    attribute = folded[value.index] if folded else None
    return attribute if isinstance(attribute, Attribute) else None


def constant_int(value: SSAValue) -> int | None:
    """The integer that `value` is known to be, or None. i1 true is 1."""
    attribute = constant_attribute(value)
    if isinstance(attribute, IntegerAttr):
        number = attribute.value.data
        return abs(number) if getattr(attribute.type, "bitwidth", 0) == 1 else number
    return None


def splat_number(attribute: Attribute | None) -> int | float | None:
    """The one number of a scalar or splat constant, or None."""
    if isinstance(attribute, IntegerAttr | FloatAttr):
        return attribute.value.data
    if isinstance(attribute, DenseIntOrFPElementsAttr) and is_splat(attribute):
        return array_of_attribute(attribute).reshape(-1)[0].item()
    return None


def fold_elementwise(op: Operation) -> tuple[Attribute, ...] | None:
    """Evaluates an elementwise op whose operands are all constant; None where one is not or where a tensor is large."""
    attributes = [constant_attribute(operand) for operand in op.operands]
    if any(attribute is None for attribute in attributes):
        return None
    constants = cast(list[Attribute], attributes)
    function = elementwise_function(op.name)
    result_type = op.results[0].type
    if function is None:
        return None
    if isinstance(result_type, ShapedType):
        if not result_type.has_static_shape():
            return None
        if all(is_splat(attribute) for attribute in constants):
            arrays = [array_of_attribute(attribute).reshape(-1)[:1].reshape(()) for attribute in constants]
            if any(array.size == 0 for array in arrays):
                return None
        elif np.prod(result_type.get_shape()) > LARGEST_FOLDED_TENSOR:
            return None
        else:
            arrays = [array_of_attribute(attribute) for attribute in constants]
    else:
        arrays = [array_of_attribute(attribute) for attribute in constants]
    with np.errstate(all="ignore"):
        results = function(op, *arrays)
    outputs = results if isinstance(results, tuple) else (results,)
    return tuple(attribute_of_array(np.asarray(array), result.type) for array, result in zip(outputs, op.results, strict=True))
