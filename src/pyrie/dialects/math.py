"""The math dialect: mathematical functions beyond arithmetic, elementwise on scalars, vectors and tensors."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.arith import FastMathFlagsAttr
from xdsl.dialects.builtin import IntegerType, container_of
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, Dialect, Operation, SSAValue
from xdsl.irdl import IRDLOperation, VarConstraint, base, irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure

from pyrie.dialects.arith.comparison import BOOL_LIKE, bool_type_like
from pyrie.dialects.arith.floats import FLOAT_LIKE, NO_FAST_MATH, FloatBinaryOp, FloatUnaryOp
from pyrie.dialects.arith.integers import INTEGER_LIKE, IntegerBinaryOp
from pyrie.dialects.folding import fold_elementwise


class IntegerUnaryOp(IRDLOperation, HasFolderInterface, abc.ABC):
    """Base of the ops that take one integer to one of the same type."""

    T: ClassVar = VarConstraint("T", INTEGER_LIKE)

    operand = operand_def(T)
    result = result_def(T)

    traits = traits_def(Pure())
    assembly_format = "$operand attr-dict `:` type($result)"

    def __init__(self, operand: Operation | SSAValue):
        super().__init__(operands=[operand], result_types=[SSAValue.get(operand).type])

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return fold_elementwise(self)


class ClassificationOp(IRDLOperation, HasFolderInterface, abc.ABC):
    """Base of the ops that ask what kind of number a float is."""

    operand = operand_def(FLOAT_LIKE)
    result = result_def(BOOL_LIKE)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FAST_MATH)

    traits = traits_def(Pure())

    @classmethod
    def parse(cls, parser: Parser) -> ClassificationOp:
        operand = parser.parse_unresolved_operand()
        fastmath = None
        if parser.parse_optional_keyword("fastmath"):
            fastmath = FastMathFlagsAttr(FastMathFlagsAttr.parse_parameter(parser))
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        op = cls(parser.resolve_operand(operand, parser.parse_type()), fastmath)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.operand)
        if self.fastmath != NO_FAST_MATH:
            printer.print_string(" fastmath")
            self.fastmath.print_parameter(printer)
        if self.attributes:
            printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.operand.type)

    def __init__(self, operand: Operation | SSAValue, fastmath: FastMathFlagsAttr | None = None):
        types = [bool_type_like(SSAValue.get(operand).type)]
        super().__init__(operands=[operand], result_types=types, properties={"fastmath": fastmath})

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return fold_elementwise(self)


@irdl_op_definition
class AbsFOp(FloatUnaryOp):
    """The absolute value."""

    name = "math.absf"


@irdl_op_definition
class AcosOp(FloatUnaryOp):
    """Arcus cosine."""

    name = "math.acos"


@irdl_op_definition
class AcoshOp(FloatUnaryOp):
    """Inverse hyperbolic cosine."""

    name = "math.acosh"


@irdl_op_definition
class AsinOp(FloatUnaryOp):
    """Arcus sine."""

    name = "math.asin"


@irdl_op_definition
class AsinhOp(FloatUnaryOp):
    """Inverse hyperbolic sine."""

    name = "math.asinh"


@irdl_op_definition
class AtanOp(FloatUnaryOp):
    """Arcus tangent."""

    name = "math.atan"


@irdl_op_definition
class AtanhOp(FloatUnaryOp):
    """Inverse hyperbolic tangent."""

    name = "math.atanh"


@irdl_op_definition
class CbrtOp(FloatUnaryOp):
    """Cube root."""

    name = "math.cbrt"


@irdl_op_definition
class CeilOp(FloatUnaryOp):
    """Rounds up to an integer."""

    name = "math.ceil"


@irdl_op_definition
class CosOp(FloatUnaryOp):
    """Cosine."""

    name = "math.cos"


@irdl_op_definition
class CoshOp(FloatUnaryOp):
    """Hyperbolic cosine."""

    name = "math.cosh"


@irdl_op_definition
class ErfOp(FloatUnaryOp):
    """The error function."""

    name = "math.erf"


@irdl_op_definition
class ErfcOp(FloatUnaryOp):
    """1 - erf(x), without cancellation."""

    name = "math.erfc"


@irdl_op_definition
class Exp2Op(FloatUnaryOp):
    """2 to the power x."""

    name = "math.exp2"


@irdl_op_definition
class ExpM1Op(FloatUnaryOp):
    """exp(x) - 1, without cancellation."""

    name = "math.expm1"


@irdl_op_definition
class ExpOp(FloatUnaryOp):
    """e to the power x."""

    name = "math.exp"


@irdl_op_definition
class FloorOp(FloatUnaryOp):
    """Rounds down to an integer."""

    name = "math.floor"


@irdl_op_definition
class Log10Op(FloatUnaryOp):
    """Logarithm to base 10."""

    name = "math.log10"


@irdl_op_definition
class Log1pOp(FloatUnaryOp):
    """log(1 + x), without cancellation."""

    name = "math.log1p"


@irdl_op_definition
class Log2Op(FloatUnaryOp):
    """Logarithm to base 2."""

    name = "math.log2"


@irdl_op_definition
class LogOp(FloatUnaryOp):
    """Natural logarithm."""

    name = "math.log"


@irdl_op_definition
class RoundEvenOp(FloatUnaryOp):
    """Rounds to nearest, ties to even."""

    name = "math.roundeven"


@irdl_op_definition
class RoundOp(FloatUnaryOp):
    """Rounds to nearest, ties away from zero."""

    name = "math.round"


@irdl_op_definition
class RsqrtOp(FloatUnaryOp):
    """1 / sqrt(x)."""

    name = "math.rsqrt"


@irdl_op_definition
class SinOp(FloatUnaryOp):
    """Sine."""

    name = "math.sin"


@irdl_op_definition
class SinhOp(FloatUnaryOp):
    """Hyperbolic sine."""

    name = "math.sinh"


@irdl_op_definition
class SqrtOp(FloatUnaryOp):
    """Square root."""

    name = "math.sqrt"


@irdl_op_definition
class TanOp(FloatUnaryOp):
    """Tangent."""

    name = "math.tan"


@irdl_op_definition
class TanhOp(FloatUnaryOp):
    """Hyperbolic tangent."""

    name = "math.tanh"


@irdl_op_definition
class TruncOp(FloatUnaryOp):
    """Rounds towards zero."""

    name = "math.trunc"


@irdl_op_definition
class Atan2Op(FloatBinaryOp):
    """The angle of the point (rhs, lhs), in all four quadrants."""

    name = "math.atan2"
    traits = traits_def(Pure())


@irdl_op_definition
class CopySignOp(FloatBinaryOp):
    """The magnitude of lhs with the sign of rhs."""

    name = "math.copysign"
    traits = traits_def(Pure())


@irdl_op_definition
class PowFOp(FloatBinaryOp):
    """lhs to the power rhs."""

    name = "math.powf"
    traits = traits_def(Pure())


@irdl_op_definition
class AbsIOp(IntegerUnaryOp):
    """The absolute value; the smallest integer is its own."""

    name = "math.absi"


@irdl_op_definition
class CountLeadingZerosOp(IntegerUnaryOp):
    """Zero bits above the highest set bit."""

    name = "math.ctlz"


@irdl_op_definition
class CountTrailingZerosOp(IntegerUnaryOp):
    """Zero bits below the lowest set bit."""

    name = "math.cttz"


@irdl_op_definition
class CtPopOp(IntegerUnaryOp):
    """Set bits."""

    name = "math.ctpop"


@irdl_op_definition
class IsFiniteOp(ClassificationOp):
    """Neither infinite nor NaN."""

    name = "math.isfinite"


@irdl_op_definition
class IsInfOp(ClassificationOp):
    """Infinite."""

    name = "math.isinf"


@irdl_op_definition
class IsNaNOp(ClassificationOp):
    """NaN."""

    name = "math.isnan"


@irdl_op_definition
class IsNormalOp(ClassificationOp):
    """Neither zero, subnormal, infinite nor NaN."""

    name = "math.isnormal"


@irdl_op_definition
class IPowIOp(IntegerBinaryOp):
    """lhs to the power rhs; a negative power of anything but 1 and -1 is 0."""

    name = "math.ipowi"
    traits = traits_def(Pure())


@irdl_op_definition
class FPowIOp(IRDLOperation, HasFolderInterface):
    """A float to an integer power."""

    name = "math.fpowi"

    T: ClassVar = VarConstraint("T", FLOAT_LIKE)
    N: ClassVar = VarConstraint("N", container_of(base(IntegerType)))

    lhs = operand_def(T)
    rhs = operand_def(N)
    result = result_def(T)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FAST_MATH)

    traits = traits_def(Pure())
    assembly_format = "$lhs `,` $rhs (`fastmath` `` $fastmath^)? attr-dict `:` type($lhs) `,` type($rhs)"

    def __init__(self, lhs: Operation | SSAValue, rhs: Operation | SSAValue, fastmath: FastMathFlagsAttr | None = None):
        super().__init__(operands=[lhs, rhs], result_types=[SSAValue.get(lhs).type], properties={"fastmath": fastmath})

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return fold_elementwise(self)


@irdl_op_definition
class FmaOp(IRDLOperation, HasFolderInterface):
    """a * b + c, rounded once."""

    name = "math.fma"

    T: ClassVar = VarConstraint("T", FLOAT_LIKE)

    a = operand_def(T)
    b = operand_def(T)
    c = operand_def(T)
    result = result_def(T)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FAST_MATH)

    traits = traits_def(Pure())
    assembly_format = "$a `,` $b `,` $c (`fastmath` `` $fastmath^)? attr-dict `:` type($result)"

    def __init__(
        self, a: Operation | SSAValue, b: Operation | SSAValue, c: Operation | SSAValue, fastmath: FastMathFlagsAttr | None = None
    ):
        super().__init__(operands=[a, b, c], result_types=[SSAValue.get(a).type], properties={"fastmath": fastmath})

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return fold_elementwise(self)


DIALECT = Dialect(
    "math",
    [
        *(AbsFOp, AcosOp, AcoshOp, AsinOp, AsinhOp, AtanOp, AtanhOp, CbrtOp, CeilOp, CosOp, CoshOp, ErfOp, ErfcOp, Exp2Op),
        *(ExpM1Op, ExpOp, FloorOp, Log10Op, Log1pOp, Log2Op, LogOp, RoundEvenOp, RoundOp, RsqrtOp, SinOp, SinhOp, SqrtOp),
        *(TanOp, TanhOp, TruncOp, Atan2Op, CopySignOp, PowFOp, AbsIOp, CountLeadingZerosOp, CountTrailingZerosOp, CtPopOp),
        *(IsFiniteOp, IsInfOp, IsNaNOp, IsNormalOp, IPowIOp, FPowIOp, FmaOp),
    ],
)
