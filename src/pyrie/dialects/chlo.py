"""The CHLO dialect: functions that StableHLO spells out, and binary ops that broadcast as numpy does."""

from __future__ import annotations

from typing import ClassVar, TypeVar, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, BoolAttr, DenseArrayBase, IntegerAttr, TensorType, i1, i32, i64
from xdsl.dialects.utils.enum_attribute import EnumAttribute
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, Dialect, SpacedOpaqueSyntaxAttribute, SSAValue, TypedAttribute
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.stablehlo import elementwise as hlo
from pyrie.dialects.stablehlo.assembly import TopKResults, dims_of
from pyrie.dialects.stablehlo.attributes import ComparisonDirection, ComparisonType
from pyrie.dialects.stablehlo.elementwise import AnyTensor
from pyrie.dialects.stablehlo.movement import retyped
from pyrie.dialects.stablehlo.shapes import Shape, merge, require_shape, shape_of

OpT = TypeVar("OpT", bound=IRDLOperation)


@irdl_attr_definition
class ComparisonDirectionAttr(EnumAttribute[ComparisonDirection], SpacedOpaqueSyntaxAttribute):
    name = "chlo.comparison_direction"


@irdl_attr_definition
class ComparisonTypeAttr(EnumAttribute[ComparisonType], SpacedOpaqueSyntaxAttribute):
    name = "chlo.comparison_type"


def broadcast_dims(narrow: int, wide: int, given: Attribute | None) -> tuple[int, ...]:
    """Where the dimensions of the operand of lower rank go: as told, else to the end."""
    return tuple(range(wide - narrow, wide)) if given is None else dims_of(given)


def broadcast_shape(lhs: Shape, rhs: Shape, given: Attribute | None) -> tuple[int, ...]:
    """The shape of two operands broadcast to each other; dimensions of size one grow."""
    narrow, wide = (lhs, rhs) if len(lhs) <= len(rhs) else (rhs, lhs)
    result = list(wide)
    for axis, size in zip(broadcast_dims(len(narrow), len(wide), given), narrow, strict=True):
        if result[axis] == 1:
            result[axis] = size
        elif DYNAMIC_INDEX in (size, result[axis]):
            result[axis] = size if size not in (DYNAMIC_INDEX, 1) else result[axis]
        elif size != 1:
            result[axis] = merge(result[axis], size, f"dimension {axis}")
    return tuple(result)


class UnaryOp(IRDLOperation):
    """Applies one function to each element."""

    operand = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    PREDICATE: ClassVar[bool] = False
    traits = traits_def(Pure())
    assembly_format = "$operand attr-dict `:` type($operand) `->` type($result)"

    def __init__(self, operand: SSAValue):
        type = TensorType(i1, shape_of(operand.type)) if self.PREDICATE else operand.type
        super().__init__(operands=[operand], result_types=[type])

    def verify_(self) -> None:
        require_shape("the result", self.result.type, shape_of(self.operand.type))


class BroadcastBinaryOp(IRDLOperation):
    """A binary op of StableHLO, `plain`, after broadcasting its operands to each other."""

    lhs = operand_def(AnyTensor)
    rhs = operand_def(AnyTensor)
    broadcast_dimensions = opt_prop_def(DenseArrayBase.constr(i64))
    result = result_def(AnyTensor)
    PLAIN: ClassVar[type[hlo.BinaryOp] | None] = None
    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$lhs `,` $rhs attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->` type($result)"

    def __init__(self, lhs: SSAValue, rhs: SSAValue):
        shape = broadcast_shape(shape_of(lhs.type), shape_of(rhs.type), None)
        super().__init__(operands=[lhs, rhs], result_types=[retyped(lhs.type, shape)])

    def verify_(self) -> None:
        lhs, rhs = shape_of(self.lhs.type), shape_of(self.rhs.type)
        require_shape("the result", self.result.type, broadcast_shape(lhs, rhs, self.broadcast_dimensions))


class BinaryOp(IRDLOperation):
    """Combines the elements of two tensors of the same shape."""

    lhs = operand_def(AnyTensor)
    rhs = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)"


def _define(mnemonic: str, meaning: str, family: type[OpT], **constants: object) -> type[OpT]:
    class_name = "".join(word.capitalize() for word in mnemonic.split("_")) + "Op"
    body: dict[str, object] = {"name": f"chlo.{mnemonic}", "__doc__": meaning, "__module__": __name__, **constants}
    body["__annotations__"] = dict.fromkeys(constants, ClassVar[object])
    return irdl_op_definition(cast("type[OpT]", type(class_name, (family,), body)))


AcosOp = _define("acos", "Inverse cosine.", UnaryOp)
AcoshOp = _define("acosh", "Inverse hyperbolic cosine.", UnaryOp)
AsinOp = _define("asin", "Inverse sine.", UnaryOp)
AsinhOp = _define("asinh", "Inverse hyperbolic sine.", UnaryOp)
AtanOp = _define("atan", "Inverse tangent.", UnaryOp)
AtanhOp = _define("atanh", "Inverse hyperbolic tangent.", UnaryOp)
BesselI1eOp = _define("bessel_i1e", "Exponentially scaled modified Bessel function of order one.", UnaryOp)
ConjOp = _define("conj", "Complex conjugate.", UnaryOp)
CoshOp = _define("cosh", "Hyperbolic cosine.", UnaryOp)
DigammaOp = _define("digamma", "Derivative of the logarithm of the gamma function.", UnaryOp)
ErfOp = _define("erf", "Error function.", UnaryOp)
ErfInvOp = _define("erf_inv", "Inverse of the error function.", UnaryOp)
ErfcOp = _define("erfc", "1 - erf(x).", UnaryOp)
IsInfOp = _define("is_inf", "Whether an element is infinite.", UnaryOp, PREDICATE=True)
IsNegInfOp = _define("is_neg_inf", "Whether an element is negative infinity.", UnaryOp, PREDICATE=True)
IsPosInfOp = _define("is_pos_inf", "Whether an element is positive infinity.", UnaryOp, PREDICATE=True)
LgammaOp = _define("lgamma", "Logarithm of the absolute value of the gamma function.", UnaryOp)
SinhOp = _define("sinh", "Hyperbolic sine.", UnaryOp)
SquareOp = _define("square", "x * x.", UnaryOp)
TanOp = _define("tan", "Tangent.", UnaryOp)

NextAfterOp = _define("next_after", "The next float after lhs in the direction of rhs.", BinaryOp)
PolygammaOp = _define("polygamma", "Derivative of order lhs of digamma.", BinaryOp)
ZetaOp = _define("zeta", "Hurwitz zeta function.", BinaryOp)
MulhiOp = _define("mulhi", "Upper half of the product of two integers.", BinaryOp)

UNARY = (
    AcosOp, AcoshOp, AsinOp, AsinhOp, AtanOp, AtanhOp, BesselI1eOp, ConjOp, CoshOp, DigammaOp, ErfInvOp, ErfOp, ErfcOp, IsInfOp,
    IsNegInfOp, IsPosInfOp, LgammaOp, SinhOp, SquareOp, TanOp,
)  # fmt: skip
BROADCAST: dict[str, type[BroadcastBinaryOp]] = {
    op.name.removeprefix("stablehlo."): _define(
        op.name.replace("stablehlo.", "broadcast_"), f"`{op.name}` of operands broadcast to each other.", BroadcastBinaryOp, PLAIN=op
    )
    for op in hlo.BINARY
}
BroadcastComplexOp = _define("broadcast_complex", "`stablehlo.complex` of operands broadcast to each other.", BroadcastBinaryOp)


@irdl_op_definition
class BroadcastCompareOp(IRDLOperation):
    """`stablehlo.compare` of operands broadcast to each other."""

    name = "chlo.broadcast_compare"
    lhs = operand_def(AnyTensor)
    rhs = operand_def(AnyTensor)
    broadcast_dimensions = opt_prop_def(DenseArrayBase.constr(i64))
    comparison_direction = prop_def(ComparisonDirectionAttr)
    compare_type = opt_prop_def(ComparisonTypeAttr)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$lhs `,` $rhs attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->` type($result)"


@irdl_op_definition
class BroadcastSelectOp(IRDLOperation):
    """`stablehlo.select` of operands broadcast to each other."""

    name = "chlo.broadcast_select"
    pred = operand_def(AnyTensor)
    on_true = operand_def(AnyTensor)
    on_false = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = (
        "$pred `,` $on_true `,` $on_false attr-dict `:` `(` type($pred) `,` type($on_true) `,` type($on_false) `)` `->` type($result)"
    )


@irdl_op_definition
class ConstantOp(IRDLOperation, HasFolderInterface):
    """A tensor known at compile time."""

    name = "chlo.constant"
    value = prop_def(Attribute)
    output = result_def(AnyTensor)
    traits = traits_def(Pure(), ConstantLike())

    def __init__(self, value: Attribute):
        assert isinstance(value, TypedAttribute)
        super().__init__(properties={"value": value}, result_types=[value.get_type()])

    def fold(self) -> tuple[Attribute]:
        return (self.value,)


@irdl_op_definition
class ConstantLikeOp(IRDLOperation):
    """A tensor of the operand's shape, all elements `value`."""

    name = "chlo.constant_like"
    value = prop_def(Attribute)
    operand = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())


@irdl_op_definition
class TopKOp(IRDLOperation):
    """The `k` largest elements of the last dimension and their indices, largest first; NaN counts as largest."""

    name = "chlo.top_k"
    operand = operand_def(AnyTensor)
    k = prop_def(IntegerAttr.constr(i64))
    is_stable = opt_prop_def(BoolAttr)
    values = result_def(AnyTensor)
    indices = result_def(AnyTensor)
    traits = traits_def(Pure())
    custom_directives = (TopKResults,)
    assembly_format = (
        "`(` $operand `,` `k` `=` $k (`,` `is_stable` `=` $is_stable^)? `)` attr-dict `:` type($operand)"
        " `->` custom<TopKResults>(type($values), type($indices))"
    )

    def __init__(self, operand: SSAValue, k: int):
        shape = (*shape_of(operand.type)[:-1], k)
        super().__init__(
            operands=[operand],
            properties={"k": IntegerAttr(k, i64)},
            result_types=[retyped(operand.type, shape), TensorType(i32, list(shape))],
        )

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("values", "indices")

    def verify_(self) -> None:
        shape, k = shape_of(self.operand.type), self.k.value.data
        if not shape or (shape[-1] != DYNAMIC_INDEX and shape[-1] < k):
            raise VerifyException(f"the last dimension must have at least {k} elements")
        require_shape("values", self.values.type, (*shape[:-1], k))
        require_shape("indices", self.indices.type, (*shape[:-1], k))


DIALECT = Dialect(
    "chlo",
    [
        *UNARY, *BROADCAST.values(), BroadcastCompareOp, BroadcastComplexOp, BroadcastSelectOp, ConstantLikeOp, ConstantOp, MulhiOp,
        NextAfterOp, PolygammaOp, TopKOp, ZetaOp,
    ],
    [ComparisonDirectionAttr, ComparisonTypeAttr],
)  # fmt: skip
