"""arith.constant and the integer arithmetic: two operands of one signless integer or index type, or vectors or tensors of it."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar, Literal

from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    FloatAttr,
    IndexType,
    IntAttr,
    IntegerAttr,
    IntegerType,
    ShapedType,
    SignlessIntegerConstraint,
    container_of,
)
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, Operation, SSAValue, TypedAttribute
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    VarConstraint,
    base,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.traits import Commutative, ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.type import get_element_type_or_self

from pyrie.dialects.arith.attributes import IntegerOverflowAttr
from pyrie.dialects.folding import constant_attribute, constant_int, fold_elementwise, splat_number

INTEGER_LIKE = container_of(SignlessIntegerConstraint | base(IndexType))
NO_OVERFLOW_FLAGS = IntegerOverflowAttr("none")


@irdl_op_definition
class ConstantOp(IRDLOperation, HasFolderInterface):
    """A constant of any type that a typed attribute can hold: integer, index, float, or a tensor or vector of them."""

    name = "arith.constant"

    value = prop_def(Attribute)
    result = result_def(AnyAttr())

    traits = traits_def(Pure(), ConstantLike())

    def __init__(
        self, value: IntegerAttr | FloatAttr | DenseIntOrFPElementsAttr | DenseResourceAttr | Attribute, value_type: Attribute | None = None
    ):
        super().__init__(result_types=[value_type or _type_of(value)], properties={"value": value})

    @staticmethod
    def from_int_and_width(value: int | IntAttr, value_type: int | IntegerType | IndexType, *, truncate_bits: bool = False) -> ConstantOp:
        if isinstance(value_type, int):
            value_type = IntegerType(value_type)
        return ConstantOp(IntegerAttr(value, value_type, truncate_bits=truncate_bits))

    @classmethod
    def parse(cls, parser):
        attributes = parser.parse_optional_attr_dict()
        op = cls(parser.parse_attribute())
        op.attributes.update(attributes)
        return op

    def print(self, printer) -> None:
        if self.attributes:
            printer.print_op_attributes(self.attributes)
        printer.print_string(" ")
        printer.print_attribute(self.value)

    def verify_(self) -> None:
        if _type_of(self.value) != self.result.type:
            raise VerifyException(f"a constant of type {self.result.type} holds an attribute of type {_type_of(self.value)}")

    def fold(self) -> tuple[Attribute]:
        return (self.value,)

    def asm_result_names(self) -> tuple[str | None, ...]:
        type_ = self.result.type
        if not isinstance(self.value, IntegerAttr):
            return ("cst",)
        number = self.value.value.data
        if isinstance(type_, IndexType):
            return (f"c{number}",)
        if isinstance(type_, IntegerType) and type_.width.data == 1:
            return ("true" if number else "false",)
        return (f"c{number}_{type_}",)


def _type_of(value: Attribute) -> Attribute:
    if isinstance(value, TypedAttribute):
        return value.get_type()
    type_ = getattr(value, "type", None)
    if not isinstance(type_, Attribute):
        raise VerifyException(f"{value} is not a typed attribute, so it cannot be a constant")
    return type_


class IntegerBinaryOp(IRDLOperation, HasFolderInterface, abc.ABC):
    """Base of the integer ops of two operands. The class variables state their algebra for `fold`."""

    T: ClassVar = VarConstraint("T", INTEGER_LIKE)

    lhs = operand_def(T)
    rhs = operand_def(T)
    result = result_def(T)

    assembly_format = "$lhs `,` $rhs attr-dict `:` type($result)"

    RIGHT_IDENTITY: ClassVar[int | None] = None  # x op i == x
    RIGHT_ABSORBING: ClassVar[int | None] = None  # x op a == a
    LEFT_ABSORBING: ClassVar[int | None] = None  # a op x == a
    WITH_ITSELF: ClassVar[Literal["zero", "operand"] | None] = None  # x op x
    UNDEFINED_FOR_ZERO: ClassVar[bool] = False  # x op 0 is not folded

    def __init__(self, operand1: Operation | SSAValue, operand2: Operation | SSAValue, result_type: Attribute | None = None):
        super().__init__(operands=[operand1, operand2], result_types=[result_type or SSAValue.get(operand1).type])

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        lhs, rhs = constant_attribute(self.lhs), constant_attribute(self.rhs)
        right = splat_number(rhs)
        if lhs is not None and rhs is not None:
            may_divide_by_zero = self.UNDEFINED_FOR_ZERO and (right is None or right == 0)
            return None if may_divide_by_zero else fold_elementwise(self)
        if right is not None:
            right = self._signed(right)
            if right == self.RIGHT_IDENTITY:
                return (self.lhs,)
            if right == self.RIGHT_ABSORBING:
                return (self.rhs,)
        left = splat_number(lhs)
        if left is not None:
            left = self._signed(left)
            if self.has_trait(Commutative) and left == self.RIGHT_IDENTITY:
                return (self.rhs,)
            if left == self.LEFT_ABSORBING:
                return (self.lhs,)
        if self.lhs == self.rhs:
            if self.WITH_ITSELF == "operand":
                return (self.lhs,)
            if self.WITH_ITSELF == "zero" and not isinstance(self.result.type, ShapedType):
                return (IntegerAttr(0, self.result.type),)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return None

    def _signed(self, number: int | float) -> int:
        """All bits set is -1, also for i1."""
        element = get_element_type_or_self(self.result.type)
        is_bit = isinstance(element, IntegerType) and element.width.data == 1
        return -1 if is_bit and number else int(number)


class IntegerBinaryOpWithOverflow(IntegerBinaryOp, abc.ABC):
    """Base of the integer ops that may promise not to overflow: `overflow<nsw, nuw>`."""

    overflow_flags = prop_def(IntegerOverflowAttr, default_value=NO_OVERFLOW_FLAGS, prop_name="overflowFlags")

    assembly_format = "$lhs `,` $rhs (`overflow` `` $overflowFlags^)? attr-dict `:` type($result)"

    def __init__(
        self,
        operand1: Operation | SSAValue,
        operand2: Operation | SSAValue,
        result_type: Attribute | None = None,
        overflow: IntegerOverflowAttr = NO_OVERFLOW_FLAGS,
    ):
        IRDLOperation.__init__(
            self,
            operands=[operand1, operand2],
            result_types=[result_type or SSAValue.get(operand1).type],
            properties={"overflowFlags": overflow},
        )


class ReassociateConstants(RewritePattern):
    """(x op c1) op c2 -> x op (c1 op c2), for one associative op, on scalars."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, AddiOp | MuliOp):
            return
        inner, outer_constant = op.lhs.owner, constant_int(op.rhs)
        if (
            outer_constant is None
            or not isinstance(inner, AddiOp | MuliOp)
            or type(inner) is not type(op)
            or not isinstance(op.result.type, IndexType | IntegerType)
        ):
            return
        inner_constant = constant_int(inner.rhs)
        if inner_constant is None:
            return
        value = inner_constant + outer_constant if isinstance(op, AddiOp) else inner_constant * outer_constant
        constant = ConstantOp.from_int_and_width(value, op.result.type, truncate_bits=True)
        rewriter.replace(op, [constant, type(op)(inner.lhs, constant)])


@irdl_op_definition
class AddiOp(IntegerBinaryOpWithOverflow, HasCanonicalizationPatternsInterface):
    """lhs + rhs, wrapping round."""

    name = "arith.addi"
    traits = traits_def(Pure(), Commutative())
    RIGHT_IDENTITY: ClassVar = 0

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        for difference, other in ((self.lhs.owner, self.rhs), (self.rhs.owner, self.lhs)):
            if isinstance(difference, SubiOp) and difference.rhs == other:
                return (difference.lhs,)  # (a - b) + b == a
        return super().fold()

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (ReassociateConstants(),)


@irdl_op_definition
class SubiOp(IntegerBinaryOpWithOverflow):
    """lhs - rhs, wrapping round."""

    name = "arith.subi"
    traits = traits_def(Pure())
    RIGHT_IDENTITY: ClassVar = 0
    WITH_ITSELF: ClassVar = "zero"

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        total = self.lhs.owner
        if isinstance(total, AddiOp):  # (a + b) - b == a
            if total.rhs == self.rhs:
                return (total.lhs,)
            if total.lhs == self.rhs:
                return (total.rhs,)
        return super().fold()


@irdl_op_definition
class MuliOp(IntegerBinaryOpWithOverflow, HasCanonicalizationPatternsInterface):
    """lhs * rhs, wrapping round."""

    name = "arith.muli"
    traits = traits_def(Pure(), Commutative())
    RIGHT_IDENTITY: ClassVar = 1
    RIGHT_ABSORBING: ClassVar = 0
    LEFT_ABSORBING: ClassVar = 0

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (ReassociateConstants(),)


class DivisionOp(IntegerBinaryOp, abc.ABC):
    """Base of the divisions; division by zero is undefined and never folded."""

    RIGHT_IDENTITY: ClassVar = 1
    UNDEFINED_FOR_ZERO: ClassVar = True

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        product, divisor = self.lhs.owner, constant_int(self.rhs)
        if isinstance(product, MuliOp) and divisor and isinstance(self.lhs.type, IndexType) and constant_int(product.rhs) == divisor:
            return (product.lhs,)  # (x * c) / c == x: index arithmetic does not overflow
        return super().fold()


@irdl_op_definition
class DivSIOp(DivisionOp):
    """Signed division rounding towards zero."""

    name = "arith.divsi"
    traits = traits_def(Pure())


@irdl_op_definition
class DivUIOp(DivisionOp):
    """Unsigned division."""

    name = "arith.divui"
    traits = traits_def(Pure())


@irdl_op_definition
class FloorDivSIOp(DivisionOp):
    """Signed division rounding towards negative infinity."""

    name = "arith.floordivsi"
    traits = traits_def(Pure())


@irdl_op_definition
class CeilDivSIOp(DivisionOp):
    """Signed division rounding towards positive infinity."""

    name = "arith.ceildivsi"
    traits = traits_def(Pure())


@irdl_op_definition
class CeilDivUIOp(DivisionOp):
    """Unsigned division rounding up."""

    name = "arith.ceildivui"
    traits = traits_def(Pure())


class RemainderOp(IntegerBinaryOp, abc.ABC):
    """Base of the remainders; a remainder by zero is undefined and never folded."""

    UNDEFINED_FOR_ZERO: ClassVar = True

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        if constant_int(self.rhs) == 1 and not isinstance(self.result.type, ShapedType):
            return (IntegerAttr(0, self.result.type),)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return super().fold()


@irdl_op_definition
class RemSIOp(RemainderOp):
    """Remainder of signed division; it has the sign of `lhs`."""

    name = "arith.remsi"
    traits = traits_def(Pure())


@irdl_op_definition
class RemUIOp(RemainderOp):
    """Remainder of unsigned division."""

    name = "arith.remui"
    traits = traits_def(Pure())


@irdl_op_definition
class MaxSIOp(IntegerBinaryOp):
    """The larger operand, compared as signed."""

    name = "arith.maxsi"
    traits = traits_def(Pure(), Commutative())
    WITH_ITSELF: ClassVar = "operand"


@irdl_op_definition
class MaxUIOp(IntegerBinaryOp):
    """The larger operand, compared as unsigned."""

    name = "arith.maxui"
    traits = traits_def(Pure(), Commutative())
    RIGHT_IDENTITY: ClassVar = 0
    WITH_ITSELF: ClassVar = "operand"


@irdl_op_definition
class MinSIOp(IntegerBinaryOp):
    """The smaller operand, compared as signed."""

    name = "arith.minsi"
    traits = traits_def(Pure(), Commutative())
    WITH_ITSELF: ClassVar = "operand"


@irdl_op_definition
class MinUIOp(IntegerBinaryOp):
    """The smaller operand, compared as unsigned."""

    name = "arith.minui"
    traits = traits_def(Pure(), Commutative())
    RIGHT_ABSORBING: ClassVar = 0
    LEFT_ABSORBING: ClassVar = 0
    WITH_ITSELF: ClassVar = "operand"


@irdl_op_definition
class AndIOp(IntegerBinaryOp):
    """Bitwise and."""

    name = "arith.andi"
    traits = traits_def(Pure(), Commutative())
    RIGHT_IDENTITY: ClassVar = -1
    RIGHT_ABSORBING: ClassVar = 0
    LEFT_ABSORBING: ClassVar = 0
    WITH_ITSELF: ClassVar = "operand"


@irdl_op_definition
class OrIOp(IntegerBinaryOp):
    """Bitwise or."""

    name = "arith.ori"
    traits = traits_def(Pure(), Commutative())
    RIGHT_IDENTITY: ClassVar = 0
    RIGHT_ABSORBING: ClassVar = -1
    LEFT_ABSORBING: ClassVar = -1
    WITH_ITSELF: ClassVar = "operand"


@irdl_op_definition
class XOrIOp(IntegerBinaryOp):
    """Bitwise exclusive or."""

    name = "arith.xori"
    traits = traits_def(Pure(), Commutative())
    RIGHT_IDENTITY: ClassVar = 0
    WITH_ITSELF: ClassVar = "zero"

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        inner = self.lhs.owner
        if isinstance(inner, XOrIOp) and inner.rhs == self.rhs:
            return (inner.lhs,)  # (x ^ c) ^ c == x
        return super().fold()


@irdl_op_definition
class ShLIOp(IntegerBinaryOpWithOverflow):
    """lhs shifted left; a shift by the width or more is undefined, here 0."""

    name = "arith.shli"
    traits = traits_def(Pure())
    RIGHT_IDENTITY: ClassVar = 0
    LEFT_ABSORBING: ClassVar = 0


@irdl_op_definition
class ShRUIOp(IntegerBinaryOp):
    """lhs shifted right, filled with zeros."""

    name = "arith.shrui"
    traits = traits_def(Pure())
    RIGHT_IDENTITY: ClassVar = 0
    LEFT_ABSORBING: ClassVar = 0


@irdl_op_definition
class ShRSIOp(IntegerBinaryOp):
    """lhs shifted right, filled with its sign."""

    name = "arith.shrsi"
    traits = traits_def(Pure())
    RIGHT_IDENTITY: ClassVar = 0
    LEFT_ABSORBING: ClassVar = 0


class ExtendedOp(IRDLOperation, HasFolderInterface, abc.ABC):
    """Base of the ops that give the double-width result in two values."""

    T: ClassVar = VarConstraint("T", INTEGER_LIKE)

    lhs = operand_def(T)
    rhs = operand_def(T)
    low = result_def(T)
    high = result_def(T)

    traits = traits_def(Pure())
    assembly_format = "$lhs `,` $rhs attr-dict `:` type($lhs)"

    def __init__(self, operand1: Operation | SSAValue, operand2: Operation | SSAValue):
        type_ = SSAValue.get(operand1).type
        super().__init__(operands=[operand1, operand2], result_types=[type_, type_])

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return fold_elementwise(self)


@irdl_op_definition
class MulUIExtendedOp(ExtendedOp):
    """The low and the high half of the unsigned double-width product."""

    name = "arith.mului_extended"


@irdl_op_definition
class MulSIExtendedOp(ExtendedOp):
    """The low and the high half of the signed double-width product."""

    name = "arith.mulsi_extended"


@irdl_op_definition
class AddUIExtendedOp(IRDLOperation, HasFolderInterface):
    """The sum and whether it overflowed as unsigned."""

    name = "arith.addui_extended"

    T: ClassVar = VarConstraint("T", INTEGER_LIKE)

    lhs = operand_def(T)
    rhs = operand_def(T)
    sum = result_def(T)
    overflow = result_def(container_of(base(IntegerType)))

    traits = traits_def(Pure(), Commutative())
    assembly_format = "$lhs `,` $rhs attr-dict `:` type($sum) `,` type($overflow)"

    def __init__(self, operand1: Operation | SSAValue, operand2: Operation | SSAValue, overflow_type: Attribute | None = None):
        type_ = SSAValue.get(operand1).type
        super().__init__(operands=[operand1, operand2], result_types=[type_, overflow_type or IntegerType(1)])

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return fold_elementwise(self)
