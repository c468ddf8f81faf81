"""Replaces wide element types by narrow ones, in the whole program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FloatAttr,
    FunctionType,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    TensorType,
    f32,
    f64,
    i32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import Rewriter

from pyrie.dialects import arith
from pyrie.ir import elements
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass

Demote = Callable[[Attribute], Attribute]

# Conversions that do nothing once both types are the same.
CONVERSIONS = (arith.ExtFOp, arith.TruncFOp, arith.ExtSIOp, arith.ExtUIOp, arith.TruncIOp)
# The attributes that hold types and numbers of the program; all others say where and how, and keep their type.
CONTENT = ("function_type", "initial_value", "type", "value")


@dataclass(frozen=True)
class DemoteF64ToF32(ModulePass):
    """Computes in f32 what the program computes in f64; it may lose digits, which is why it must be asked for.

    before:  %0 = arith.addf %a, %b : f64
    after:   %0 = arith.addf %a, %b : f32
    """

    name: ClassVar[str] = "iree-input-conversion-demote-f64-to-f32"

    def apply(self, context: Context, module: ModuleOp) -> None:
        demote(module, f64, f32)


@dataclass(frozen=True)
class DemoteI64ToI32(ModulePass):
    """Computes in i32 what the program computes in i64; numbers out of the range of i32 wrap, which is why it must be asked for.

    before:  %0 = arith.addi %a, %b : i64
    after:   %0 = arith.addi %a, %b : i32
    """

    name: ClassVar[str] = "iree-input-conversion-demote-i64-to-i32"

    def apply(self, context: Context, module: ModuleOp) -> None:
        demote(module, i64, i32)


def demote(module: ModuleOp, wide: Attribute, narrow: Attribute) -> None:
    """Gives every value, constant and signature that has the type `wide` the type `narrow`."""

    def type_of(type: Attribute) -> Attribute:
        match type:
            case TensorType() if type.element_type == wide:
                return TensorType(narrow, type.shape, type.encoding)
            case FunctionType():
                return FunctionType.from_lists([type_of(t) for t in type.inputs], [type_of(t) for t in type.outputs])
        return narrow if type == wide else type

    for op in list(module.walk()):
        for value in (*op.results, *(a for region in op.regions for block in region.blocks for a in block.args)):
            retype(value, type_of)
        for name, attribute in list(op.properties.items()):
            if name in CONTENT:
                op.properties[name] = demoted(attribute, type_of)
    for op in [op for op in module.walk() if isinstance(op, CONVERSIONS)]:
        drop_if_empty(op)


def retype(value: SSAValue, type_of: Demote) -> None:
    converted = type_of(value.type)
    if converted != value.type:
        value._type = converted  # pyright: ignore[reportAttributeAccessIssue]


def demoted(attribute: Attribute, type_of: Demote) -> Attribute:
    """The attribute with demoted types and numbers."""
    match attribute:
        case IntegerAttr() if type_of(attribute.type) != attribute.type:
            width = cast(IntegerType, type_of(attribute.type)).width.data
            wrapped = (attribute.value.data + (1 << (width - 1))) % (1 << width) - (1 << (width - 1))
            return IntegerAttr(wrapped, cast(IntegerType, type_of(attribute.type)))
        case FloatAttr() if type_of(attribute.type) != attribute.type:
            return FloatAttr(float(np.float32(attribute.value.data)), f32)
        case DenseIntOrFPElementsAttr() | elements.ResourceAttr():
            type = attribute.get_type() if isinstance(attribute, DenseIntOrFPElementsAttr) else attribute.type
            target = cast(TensorType, type_of(type))
            if target == type:
                return attribute
            return elements.from_numpy(elements.to_numpy(attribute).astype(elements.numpy_dtype(target.element_type)), target)
    return type_of(attribute)


def drop_if_empty(op: Operation) -> None:
    if op.operands[0].type == op.results[0].type:
        Rewriter.replace_op(op, (), [op.operands[0]])
