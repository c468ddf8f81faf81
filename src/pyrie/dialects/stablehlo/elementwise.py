"""Elementwise ops: the unary and binary families, each an op a line, and the few with a form of their own."""

from __future__ import annotations

from typing import ClassVar, TypeVar, cast

from xdsl.dialects.builtin import IntegerAttr, TensorType, i1
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    base,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.stablehlo.assembly import BinaryType, ComplexOpType, ExponentMantissa, SelectType, TernaryType, UnaryType
from pyrie.dialects.stablehlo.attributes import (
    DEFAULT_ACCURACY,
    ComparisonDirection,
    ComparisonDirectionAttr,
    ComparisonType,
    ComparisonTypeAttr,
    ResultAccuracyAttr,
)
from pyrie.dialects.stablehlo.shapes import require_element_type, require_shape, shape_of

AnyTensor = base(TensorType)
OpT = TypeVar("OpT", bound=IRDLOperation)


class UnaryOp(IRDLOperation):
    """Applies one function to each element. `KEEPS_TYPE`: the result has the operand's element type."""

    operand = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    KEEPS_TYPE: ClassVar[bool] = True

    traits = traits_def(Pure())
    custom_directives = (UnaryType,)
    assembly_format = "$operand attr-dict `:` custom<UnaryType>(type($operand), type($result))"

    def __init__(self, operand: SSAValue | Operation, result_type: Attribute | None = None):
        operand = SSAValue.get(operand)
        super().__init__(operands=[operand], result_types=[result_type or operand.type])

    def verify_(self) -> None:
        require_shape("the result", self.result.type, shape_of(self.operand.type))
        if self.KEEPS_TYPE:
            require_element_type("the result", self.result.type, self.operand.type)


class TranscendentalOp(UnaryOp):
    """Applies one function to each element, as exactly as `result_accuracy` asks."""

    result_accuracy = opt_prop_def(ResultAccuracyAttr, default_value=DEFAULT_ACCURACY)
    irdl_options = (ParsePropInAttrDict(),)


class BinaryOp(IRDLOperation):
    """Combines the elements of two tensors of the same shape."""

    lhs = operand_def(AnyTensor)
    rhs = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    COMMUTATIVE: ClassVar[bool] = False

    traits = traits_def(Pure())
    custom_directives = (BinaryType,)
    assembly_format = "$lhs `,` $rhs attr-dict `:` custom<BinaryType>(type($lhs), type($rhs), type($result))"

    def __init__(self, lhs: SSAValue | Operation, rhs: SSAValue | Operation, result_type: Attribute | None = None):
        lhs = SSAValue.get(lhs)
        super().__init__(operands=[lhs, rhs], result_types=[result_type or lhs.type])

    def verify_(self) -> None:
        for what, type in (("the right operand", self.rhs.type), ("the result", self.result.type)):
            require_shape(what, type, shape_of(self.lhs.type))
            require_element_type(what, type, self.lhs.type)


class CommutativeOp(BinaryOp):
    """A binary op whose operands may be exchanged; a reduction can be written with its name."""

    COMMUTATIVE: ClassVar[bool] = True


def _define(mnemonic: str, meaning: str, family: type[OpT], **constants: bool) -> type[OpT]:
    """An op class of a family; its name is made from the mnemonic."""
    class_name = "".join(word.capitalize() for word in mnemonic.split("_")) + "Op"
    body = {"name": f"stablehlo.{mnemonic}", "__doc__": meaning, "__module__": __name__, **constants}
    body["__annotations__"] = dict.fromkeys(constants, ClassVar[bool])
    return irdl_op_definition(cast("type[OpT]", type(class_name, (family,), body)))


AbsOp = _define("abs", "Absolute value; of a complex number, its magnitude.", UnaryOp, KEEPS_TYPE=False)
CbrtOp = _define("cbrt", "Cube root.", TranscendentalOp)
CeilOp = _define("ceil", "Rounds towards positive infinity.", UnaryOp)
CosineOp = _define("cosine", "Cosine.", TranscendentalOp)
CountLeadingZerosOp = _define("count_leading_zeros", "Number of zero bits above the highest one.", UnaryOp)
ExponentialOp = _define("exponential", "e to the power of each element.", TranscendentalOp)
ExponentialMinusOneOp = _define("exponential_minus_one", "exp(x) - 1, exact near zero.", TranscendentalOp)
FloorOp = _define("floor", "Rounds towards negative infinity.", UnaryOp)
ImagOp = _define("imag", "Imaginary part.", UnaryOp, KEEPS_TYPE=False)
LogOp = _define("log", "Natural logarithm.", TranscendentalOp)
LogPlusOneOp = _define("log_plus_one", "log(x + 1), exact near zero.", TranscendentalOp)
LogisticOp = _define("logistic", "1 / (1 + exp(-x)).", TranscendentalOp)
NegateOp = _define("negate", "-x.", UnaryOp)
NotOp = _define("not", "Flips each bit; of booleans, logical not.", UnaryOp)
PopcntOp = _define("popcnt", "Number of one bits.", UnaryOp)
RealOp = _define("real", "Real part.", UnaryOp, KEEPS_TYPE=False)
RoundNearestAfzOp = _define("round_nearest_afz", "Rounds to the nearest integer, ties away from zero.", UnaryOp)
RoundNearestEvenOp = _define("round_nearest_even", "Rounds to the nearest integer, ties to even.", UnaryOp)
RsqrtOp = _define("rsqrt", "1 / sqrt(x).", TranscendentalOp)
SignOp = _define("sign", "-1, 0 or 1; NaN and signed zeros stay.", UnaryOp)
SineOp = _define("sine", "Sine.", TranscendentalOp)
SqrtOp = _define("sqrt", "Square root.", TranscendentalOp)
TanOp = _define("tan", "Tangent.", TranscendentalOp)
TanhOp = _define("tanh", "Hyperbolic tangent.", TranscendentalOp)

AddOp = _define("add", "Sum; of booleans, logical or.", CommutativeOp)
AndOp = _define("and", "Bitwise and.", CommutativeOp)
Atan2Op = _define("atan2", "Angle of the point (rhs, lhs).", BinaryOp)
DivideOp = _define("divide", "Quotient; of integers, rounded towards zero.", BinaryOp)
MaximumOp = _define("maximum", "Larger element; NaN wins; of booleans, logical or.", CommutativeOp)
MinimumOp = _define("minimum", "Smaller element; NaN wins; of booleans, logical and.", CommutativeOp)
MultiplyOp = _define("multiply", "Product; of booleans, logical and.", CommutativeOp)
OrOp = _define("or", "Bitwise or.", CommutativeOp)
PowerOp = _define("power", "lhs to the power of rhs.", BinaryOp)
RemainderOp = _define("remainder", "Remainder of the division that rounds towards zero; it has the sign of lhs.", BinaryOp)
ShiftLeftOp = _define("shift_left", "Shifts bits left; a shift by the width or more gives zero.", BinaryOp)
ShiftRightArithmeticOp = _define("shift_right_arithmetic", "Shifts bits right and keeps the sign.", BinaryOp)
ShiftRightLogicalOp = _define("shift_right_logical", "Shifts bits right and brings in zeros.", BinaryOp)
SubtractOp = _define("subtract", "Difference.", BinaryOp)
XorOp = _define("xor", "Bitwise exclusive or.", CommutativeOp)


@irdl_op_definition
class ConvertOp(UnaryOp, HasFolderInterface):
    """Converts each element to the result's element type."""

    name = "stablehlo.convert"
    KEEPS_TYPE: ClassVar[bool] = False

    def fold(self) -> tuple[SSAValue] | None:
        return (self.operand,) if self.operand.type == self.result.type else None


@irdl_op_definition
class IsFiniteOp(IRDLOperation):
    """Whether each element is neither infinite nor NaN."""

    name = "stablehlo.is_finite"
    x = operand_def(AnyTensor)
    y = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: SSAValue):
        super().__init__(operands=[x], result_types=[TensorType(i1, shape_of(x.type))])


@irdl_op_definition
class BitcastConvertOp(IRDLOperation):
    """Reads the bits of each element as another type; of another width, along one more or one less trailing dimension."""

    name = "stablehlo.bitcast_convert"
    operand = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$operand attr-dict `:` functional-type(operands, results)"

    def __init__(self, operand: SSAValue, result_type: Attribute):
        super().__init__(operands=[operand], result_types=[result_type])


@irdl_op_definition
class ReducePrecisionOp(IRDLOperation):
    """Rounds each element to a float of fewer bits and back."""

    name = "stablehlo.reduce_precision"
    operand = operand_def(AnyTensor)
    exponent_bits = prop_def(IntegerAttr)
    mantissa_bits = prop_def(IntegerAttr)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    custom_directives = (UnaryType, ExponentMantissa)
    assembly_format = (
        "$operand `,` `format` `=` custom<ExponentMantissa>($exponent_bits, $mantissa_bits)"
        " attr-dict `:` custom<UnaryType>(type($operand), type($result))"
    )


@irdl_op_definition
class ComplexOp(IRDLOperation):
    """Makes complex numbers of real and imaginary parts."""

    name = "stablehlo.complex"
    lhs = operand_def(AnyTensor)
    rhs = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    custom_directives = (ComplexOpType,)
    assembly_format = "$lhs `,` $rhs attr-dict `:` custom<ComplexOpType>(type($lhs), type($rhs), type($result))"


@irdl_op_definition
class CompareOp(IRDLOperation):
    """Compares elements; `TOTALORDER` orders all floats, NaN and signed zeros included."""

    name = "stablehlo.compare"
    lhs = operand_def(AnyTensor)
    rhs = operand_def(AnyTensor)
    comparison_direction = prop_def(ComparisonDirectionAttr)
    compare_type = opt_prop_def(ComparisonTypeAttr)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$comparison_direction `,` $lhs `,` $rhs (`,` $compare_type^)? attr-dict `:` functional-type(operands, results)"

    def __init__(self, direction: ComparisonDirection, lhs: SSAValue, rhs: SSAValue, compare_type: ComparisonType | None = None):
        super().__init__(
            operands=[lhs, rhs],
            properties={
                "comparison_direction": ComparisonDirectionAttr(direction),
                "compare_type": ComparisonTypeAttr(compare_type) if compare_type else None,
            },
            result_types=[TensorType(i1, shape_of(lhs.type))],
        )

    def verify_(self) -> None:
        require_shape("the right operand", self.rhs.type, shape_of(self.lhs.type))
        require_element_type("the right operand", self.rhs.type, self.lhs.type)
        require_shape("the result", self.result.type, shape_of(self.lhs.type))
        if cast(TensorType, self.result.type).element_type != i1:
            raise VerifyException("a comparison gives i1 elements")


@irdl_op_definition
class SelectOp(IRDLOperation):
    """Takes each element from `on_true` where `pred` holds, else from `on_false`; a scalar `pred` decides for all."""

    name = "stablehlo.select"
    pred = operand_def(AnyTensor)
    on_true = operand_def(AnyTensor)
    on_false = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    custom_directives = (SelectType,)
    assembly_format = (
        "$pred `,` $on_true `,` $on_false attr-dict `:` custom<SelectType>(type($pred), type($on_true), type($on_false), type($result))"
    )

    def __init__(self, pred: SSAValue, on_true: SSAValue, on_false: SSAValue):
        super().__init__(operands=[pred, on_true, on_false], result_types=[on_true.type])

    def verify_(self) -> None:
        shape = shape_of(self.on_true.type)
        require_shape("on_false", self.on_false.type, shape)
        require_shape("the result", self.result.type, shape)
        require_element_type("on_false", self.on_false.type, self.on_true.type)
        if shape_of(self.pred.type):
            require_shape("the predicate", self.pred.type, shape)


@irdl_op_definition
class ClampOp(IRDLOperation):
    """Brings each element into the range from `min` to `max`, which may be scalars."""

    name = "stablehlo.clamp"
    min = operand_def(AnyTensor)
    operand = operand_def(AnyTensor)
    max = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    custom_directives = (TernaryType,)
    assembly_format = "$min `,` $operand `,` $max attr-dict `:` custom<TernaryType>(type($min), type($operand), type($max), type($result))"

    def __init__(self, min: SSAValue, operand: SSAValue, max: SSAValue):
        super().__init__(operands=[min, operand, max], result_types=[operand.type])

    def verify_(self) -> None:
        shape = shape_of(self.operand.type)
        require_shape("the result", self.result.type, shape)
        for what, bound in (("min", self.min), ("max", self.max)):
            require_element_type(what, bound.type, self.operand.type)
            if shape_of(bound.type):
                require_shape(what, bound.type, shape)


UNARY: tuple[type[UnaryOp], ...] = (
    AbsOp, CbrtOp, CeilOp, ConvertOp, CosineOp, CountLeadingZerosOp, ExponentialOp, ExponentialMinusOneOp, FloorOp, ImagOp, LogOp,
    LogPlusOneOp, LogisticOp, NegateOp, NotOp, PopcntOp, RealOp, RoundNearestAfzOp, RoundNearestEvenOp, RsqrtOp, SignOp, SineOp, SqrtOp,
    TanOp, TanhOp,
)  # fmt: skip
BINARY: tuple[type[BinaryOp], ...] = (
    AddOp, AndOp, Atan2Op, DivideOp, MaximumOp, MinimumOp, MultiplyOp, OrOp, PowerOp, RemainderOp, ShiftLeftOp, ShiftRightArithmeticOp,
    ShiftRightLogicalOp, SubtractOp, XorOp,
)  # fmt: skip
OPS: list[type[Operation]] = [
    *UNARY, *BINARY, BitcastConvertOp, ClampOp, CompareOp, ComplexOp, IsFiniteOp, ReducePrecisionOp, SelectOp,
]  # fmt: skip
