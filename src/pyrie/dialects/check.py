"""check: expectations of tests. A failed one is reported and the program goes on."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerType, TensorType, f32
from xdsl.interfaces import HasCanonicalizationPatternsInterface
from xdsl.ir import Dialect, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    VarConstraint,
    base,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
)
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects import arith
from pyrie.dialects.hal.types import BufferViewType, DeviceType

TENSOR_OR_VIEW = base(TensorType) | base(BufferViewType)
F32 = FloatAttr.constr(f32)
ABSOLUTE, RELATIVE = FloatAttr(1.0e-4, f32), FloatAttr(0.0, f32)
DEVICE = "(`` `<` $device^ `>`)?"
TOLERANCES = "(`` `,` `atol` $atol^)? (`` `,` `rtol` $rtol^)?"


@irdl_op_definition
class ExpectTrueOp(IRDLOperation):
    """The integer is not 0."""

    name = "check.expect_true"

    operand = operand_def(base(IntegerType))

    assembly_format = "`(` $operand `)` attr-dict `:` type($operand)"


@irdl_op_definition
class ExpectFalseOp(IRDLOperation):
    """The integer is 0."""

    name = "check.expect_false"

    operand = operand_def(base(IntegerType))

    assembly_format = "`(` $operand `)` attr-dict `:` type($operand)"


@irdl_op_definition
class ExpectAllTrueOp(IRDLOperation):
    """No element is 0."""

    name = "check.expect_all_true"

    device = opt_operand_def(DeviceType)
    operand = operand_def(TENSOR_OR_VIEW)

    assembly_format = f"{DEVICE} `` `(` $operand `)` attr-dict `:` type($operand)"


@irdl_op_definition
class ExpectEqOp(IRDLOperation):
    """Both hold the same elements."""

    name = "check.expect_eq"

    T: ClassVar = VarConstraint("T", TENSOR_OR_VIEW)
    device = opt_operand_def(DeviceType)
    lhs = operand_def(T)
    rhs = operand_def(T)

    assembly_format = f"{DEVICE} `` `(` $lhs `,` $rhs `)` attr-dict `:` type($lhs)"

    def __init__(self, lhs: SSAValue, rhs: SSAValue, device: SSAValue | None = None):
        super().__init__(operands=[[device] if device is not None else [], lhs, rhs])


@irdl_op_definition
class ExpectAlmostEqOp(IRDLOperation):
    """`|lhs - rhs| <= atol + rtol * |rhs|` for every element."""

    name = "check.expect_almost_eq"

    T: ClassVar = VarConstraint("T", TENSOR_OR_VIEW)
    device = opt_operand_def(DeviceType)
    lhs = operand_def(T)
    rhs = operand_def(T)
    atol = prop_def(F32, default_value=ABSOLUTE)
    rtol = prop_def(F32, default_value=RELATIVE)

    assembly_format = f"{DEVICE} `` `(` $lhs `,` $rhs {TOLERANCES} `)` attr-dict `:` type($lhs)"

    def __init__(
        self, lhs: SSAValue, rhs: SSAValue, atol: FloatAttr = ABSOLUTE, rtol: FloatAttr = RELATIVE, device: SSAValue | None = None
    ):
        super().__init__(operands=[[device] if device is not None else [], lhs, rhs], properties={"atol": atol, "rtol": rtol})


class ConstantOperand(RewritePattern):
    """`expect_..._const(%x, value)` is `expect_...(%x, %constant)`."""

    def match_and_rewrite(self, op, rewriter: PatternRewriter) -> None:
        if not isinstance(op, ExpectEqConstOp | ExpectAlmostEqConstOp):
            return
        constant = arith.ConstantOp(op.value)
        if isinstance(op, ExpectEqConstOp):
            new = ExpectEqOp(op.lhs, constant.result, op.device)
        else:
            new = ExpectAlmostEqOp(op.lhs, constant.result, op.atol, op.rtol, op.device)
        rewriter.replace(op, [constant, new], [])


class _ConstOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    device = opt_operand_def(DeviceType)
    lhs = operand_def(TensorType)
    value = prop_def(AnyAttr())

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (ConstantOperand(),)

    def verify_(self) -> None:
        if isinstance(self.value, DenseIntOrFPElementsAttr) and self.value.type != self.lhs.type:
            raise VerifyException(f"compares {self.lhs.type} with {self.value.type}")


@irdl_op_definition
class ExpectEqConstOp(_ConstOp):
    """The tensor holds the elements of the constant."""

    name = "check.expect_eq_const"

    assembly_format = f"{DEVICE} `` `(` $lhs `,` $value `)` attr-dict `:` type($lhs)"


@irdl_op_definition
class ExpectAlmostEqConstOp(_ConstOp):
    """The tensor holds nearly the elements of the constant."""

    name = "check.expect_almost_eq_const"

    atol = prop_def(F32, default_value=ABSOLUTE)
    rtol = prop_def(F32, default_value=RELATIVE)

    assembly_format = f"{DEVICE} `` `(` $lhs `,` $value {TOLERANCES} `)` attr-dict `:` type($lhs)"


DIALECT = Dialect(
    "check", [ExpectAllTrueOp, ExpectAlmostEqConstOp, ExpectAlmostEqOp, ExpectEqConstOp, ExpectEqOp, ExpectFalseOp, ExpectTrueOp], []
)
