"""Floating-point arithmetic of the arith dialect, with fast-math flags."""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.arith import FastMathFlagsAttr
from xdsl.dialects.builtin import AnyFloat, container_of
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation, VarConstraint, irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.traits import Commutative, Pure

from pyrie.dialects.folding import constant_attribute, fold_elementwise, splat_number

FLOAT_LIKE = container_of(AnyFloat)
NO_FAST_MATH = FastMathFlagsAttr("none")


class FloatUnaryOp(IRDLOperation, HasFolderInterface, abc.ABC):
    """Base of the ops that take one float (or vector or tensor of floats) to one of the same type; the math dialect uses it too."""

    T: ClassVar = VarConstraint("T", FLOAT_LIKE)

    operand = operand_def(T)
    result = result_def(T)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FAST_MATH)

    traits = traits_def(Pure())
    assembly_format = "$operand (`fastmath` `` $fastmath^)? attr-dict `:` type($result)"

    def __init__(self, operand: Operation | SSAValue, fastmath: FastMathFlagsAttr | None = None):
        super().__init__(operands=[operand], result_types=[SSAValue.get(operand).type], properties={"fastmath": fastmath})

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return fold_elementwise(self)


class FloatBinaryOp(IRDLOperation, HasFolderInterface, abc.ABC):
    """Base of the ops that take two floats of one type to one of the same type; the math dialect uses it too."""

    T: ClassVar = VarConstraint("T", FLOAT_LIKE)

    lhs = operand_def(T)
    rhs = operand_def(T)
    result = result_def(T)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FAST_MATH)

    assembly_format = "$lhs `,` $rhs (`fastmath` `` $fastmath^)? attr-dict `:` type($result)"

    RIGHT_IDENTITY: ClassVar[float | None] = None  # x op i == x for every x, NaN and signed zeros included
    IDEMPOTENT: ClassVar[bool] = False  # x op x == x

    def __init__(
        self,
        operand1: Operation | SSAValue,
        operand2: Operation | SSAValue,
        flags: FastMathFlagsAttr | None = None,
        result_type: Attribute | None = None,
    ):
        types = [result_type or SSAValue.get(operand1).type]
        super().__init__(operands=[operand1, operand2], result_types=types, properties={"fastmath": flags})

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        rhs = splat_number(constant_attribute(self.rhs))
        if self.RIGHT_IDENTITY is not None and rhs is not None and _same_number(rhs, self.RIGHT_IDENTITY):
            return (self.lhs,)
        if self.IDEMPOTENT and self.lhs == self.rhs:
            return (self.lhs,)
        return fold_elementwise(self)


def _same_number(a: float, b: float) -> bool:
    return a == b and math.copysign(1.0, a) == math.copysign(1.0, b)


@irdl_op_definition
class AddfOp(FloatBinaryOp):
    """lhs + rhs."""

    name = "arith.addf"
    traits = traits_def(Pure(), Commutative())
    RIGHT_IDENTITY: ClassVar = -0.0


@irdl_op_definition
class SubfOp(FloatBinaryOp):
    """lhs - rhs."""

    name = "arith.subf"
    traits = traits_def(Pure())
    RIGHT_IDENTITY: ClassVar = 0.0


@irdl_op_definition
class MulfOp(FloatBinaryOp):
    """lhs * rhs."""

    name = "arith.mulf"
    traits = traits_def(Pure(), Commutative())
    RIGHT_IDENTITY: ClassVar = 1.0


@irdl_op_definition
class DivfOp(FloatBinaryOp):
    """lhs / rhs."""

    name = "arith.divf"
    traits = traits_def(Pure())
    RIGHT_IDENTITY: ClassVar = 1.0


@irdl_op_definition
class RemfOp(FloatBinaryOp):
    """Remainder of the division truncated towards zero; it has the sign of `lhs`."""

    name = "arith.remf"
    traits = traits_def(Pure())


@irdl_op_definition
class MaximumfOp(FloatBinaryOp):
    """The larger operand; NaN if either is NaN, and -0.0 counts as less than +0.0."""

    name = "arith.maximumf"
    traits = traits_def(Pure(), Commutative())
    IDEMPOTENT: ClassVar = True


@irdl_op_definition
class MinimumfOp(FloatBinaryOp):
    """The smaller operand; NaN if either is NaN, and -0.0 counts as less than +0.0."""

    name = "arith.minimumf"
    traits = traits_def(Pure(), Commutative())
    IDEMPOTENT: ClassVar = True


@irdl_op_definition
class MaxnumfOp(FloatBinaryOp):
    """The larger operand; the other one if one is NaN."""

    name = "arith.maxnumf"
    traits = traits_def(Pure(), Commutative())
    IDEMPOTENT: ClassVar = True


@irdl_op_definition
class MinnumfOp(FloatBinaryOp):
    """The smaller operand; the other one if one is NaN."""

    name = "arith.minnumf"
    traits = traits_def(Pure(), Commutative())
    IDEMPOTENT: ClassVar = True


@irdl_op_definition
class NegfOp(FloatUnaryOp):
    """The operand with its sign flipped."""

    name = "arith.negf"

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        inner = self.operand.owner
        return (inner.operand,) if isinstance(inner, NegfOp) else super().fold()
