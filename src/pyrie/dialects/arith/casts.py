"""Conversions of the arith dialect, elementwise on scalars, vectors and tensors."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.arith import FastMathFlagsAttr
from xdsl.dialects.builtin import AnyFloatConstr, FixedBitwidthType, IndexType, ShapedType, SignlessIntegerConstraint
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    AttrConstraint,
    IRDLOperation,
    VerificationContext,
    base,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.type import get_element_type_or_self, have_compatible_shape

from pyrie.dialects.folding import fold_elementwise

INTEGER = SignlessIntegerConstraint
FLOAT = AnyFloatConstr
INTEGER_OR_INDEX = SignlessIntegerConstraint | base(IndexType)


class CastOp(IRDLOperation, HasFolderInterface, abc.ABC):
    """Base of the conversions. `FROM` and `TO` constrain the element types; shapes must agree."""

    input = operand_def(AnyAttr())
    result = result_def(AnyAttr())

    traits = traits_def(Pure())
    assembly_format = "$input attr-dict `:` type($input) `to` type($result)"

    FROM: ClassVar[AttrConstraint] = AnyAttr()
    TO: ClassVar[AttrConstraint] = AnyAttr()

    def __init__(self, in_arg: SSAValue | Operation, target_type: Attribute):
        super().__init__(operands=[in_arg], result_types=[target_type])

    def verify_(self) -> None:
        source, target = self.input.type, self.result.type
        if isinstance(source, ShapedType) != isinstance(target, ShapedType) or not have_compatible_shape(source, target):
            raise VerifyException(f"{self.name} from {source} to {target} changes the shape")
        self.FROM.verify(get_element_type_or_self(source), VerificationContext())
        self.TO.verify(get_element_type_or_self(target), VerificationContext())
        if not self.widths_fit(get_element_type_or_self(source), get_element_type_or_self(target)):
            raise VerifyException(f"{self.name} cannot convert {source} to {target}")

    def widths_fit(self, source: Attribute, target: Attribute) -> bool:
        """Whether the element types are of widths this conversion connects."""
        return True

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return fold_elementwise(self)


def _bits(type_: Attribute) -> int:
    return type_.bitwidth if isinstance(type_, FixedBitwidthType) else 0


class WideningOp(CastOp, abc.ABC):
    """Base of the conversions to more bits. Two in a row are one."""

    def widths_fit(self, source: Attribute, target: Attribute) -> bool:
        return _bits(target) > _bits(source)


class NarrowingOp(CastOp, abc.ABC):
    """Base of the conversions to fewer bits."""

    def widths_fit(self, source: Attribute, target: Attribute) -> bool:
        return _bits(target) < _bits(source)


@irdl_op_definition
class ExtSIOp(WideningOp):
    """Sign extension."""

    name = "arith.extsi"
    FROM: ClassVar = INTEGER
    TO: ClassVar = INTEGER


@irdl_op_definition
class ExtUIOp(WideningOp):
    """Zero extension."""

    name = "arith.extui"
    FROM: ClassVar = INTEGER
    TO: ClassVar = INTEGER


@irdl_op_definition
class ExtFOp(WideningOp):
    """To a wider float; exact."""

    name = "arith.extf"
    FROM: ClassVar = FLOAT
    TO: ClassVar = FLOAT
    fastmath = opt_prop_def(FastMathFlagsAttr)
    assembly_format = "$input (`fastmath` `` $fastmath^)? attr-dict `:` type($input) `to` type($result)"


@irdl_op_definition
class TruncIOp(NarrowingOp):
    """Keeps the low bits."""

    name = "arith.trunci"
    FROM: ClassVar = INTEGER
    TO: ClassVar = INTEGER

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        wider = self.input.owner
        if isinstance(wider, ExtSIOp | ExtUIOp) and wider.input.type == self.result.type:
            return (wider.input,)
        return super().fold()


@irdl_op_definition
class TruncFOp(NarrowingOp):
    """To a narrower float, rounding to nearest even."""

    name = "arith.truncf"
    FROM: ClassVar = FLOAT
    TO: ClassVar = FLOAT
    fastmath = opt_prop_def(FastMathFlagsAttr)
    assembly_format = "$input (`fastmath` `` $fastmath^)? attr-dict `:` type($input) `to` type($result)"

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        wider = self.input.owner
        if isinstance(wider, ExtFOp) and wider.input.type == self.result.type:
            return (wider.input,)
        return super().fold()


@irdl_op_definition
class FPToSIOp(CastOp):
    """To a signed integer, towards zero; out of range is undefined, here saturated and NaN is 0."""

    name = "arith.fptosi"
    FROM: ClassVar = FLOAT
    TO: ClassVar = INTEGER


@irdl_op_definition
class FPToUIOp(CastOp):
    """To an unsigned integer, towards zero; out of range is undefined, here saturated and NaN is 0."""

    name = "arith.fptoui"
    FROM: ClassVar = FLOAT
    TO: ClassVar = INTEGER


@irdl_op_definition
class SIToFPOp(CastOp):
    """From a signed integer, rounding to nearest even."""

    name = "arith.sitofp"
    FROM: ClassVar = INTEGER
    TO: ClassVar = FLOAT


@irdl_op_definition
class UIToFPOp(CastOp):
    """From an unsigned integer, rounding to nearest even."""

    name = "arith.uitofp"
    FROM: ClassVar = INTEGER
    TO: ClassVar = FLOAT


class IndexCastBase(CastOp, abc.ABC):
    """Base of the conversions between `index` and integers. There and back without loss is nothing."""

    FROM: ClassVar = INTEGER_OR_INDEX
    TO: ClassVar = INTEGER_OR_INDEX

    def widths_fit(self, source: Attribute, target: Attribute) -> bool:
        return isinstance(source, IndexType) != isinstance(target, IndexType)

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        inner = self.input.owner
        if isinstance(inner, IndexCastBase) and type(inner) is type(self) and inner.input.type == self.result.type:
            through = get_element_type_or_self(self.input.type)
            if isinstance(through, IndexType) or _bits(through) >= 64:
                return (inner.input,)
        return super().fold()


@irdl_op_definition
class IndexCastOp(IndexCastBase):
    """Between index and a signed integer: sign-extends or keeps the low bits."""

    name = "arith.index_cast"


@irdl_op_definition
class IndexCastUIOp(IndexCastBase):
    """Between index and an unsigned integer: zero-extends or keeps the low bits."""

    name = "arith.index_castui"


@irdl_op_definition
class BitcastOp(CastOp):
    """The same bits as another type of the same width."""

    name = "arith.bitcast"

    def widths_fit(self, source: Attribute, target: Attribute) -> bool:
        return _bits(source) == _bits(target)

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        if self.input.type == self.result.type:
            return (self.input,)
        inner = self.input.owner
        if isinstance(inner, BitcastOp) and inner.input.type == self.result.type:
            return (inner.input,)
        return super().fold()
