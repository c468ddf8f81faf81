"""Elementwise operators: arithmetic, comparison, logic, activations, casts."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce

import ml_dtypes
import onnx
from xdsl.dialects.builtin import IntegerType, i1
from xdsl.ir import Attribute, Operation

from pyrie.dialects import chlo
from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo import ComparisonDirection as Direction
from pyrie.importers.onnx.builder import Builder, is_float
from pyrie.importers.onnx.registry import onnx_op
from pyrie.importers.onnx.values import Value
from pyrie.ir.elements import element_type, numpy_dtype
from pyrie.support.errors import UnsupportedError

# ---- plain maps ----------------------------------------------------------------------------------------------------------

UNARY: dict[str, type[Operation]] = {
    "Abs": hlo.AbsOp, "Acos": chlo.AcosOp, "Acosh": chlo.AcoshOp, "Asin": chlo.AsinOp, "Asinh": chlo.AsinhOp, "Atan": chlo.AtanOp,
    "Atanh": chlo.AtanhOp, "BitwiseNot": hlo.NotOp, "Ceil": hlo.CeilOp, "Cos": hlo.CosineOp, "Cosh": chlo.CoshOp, "Erf": chlo.ErfOp,
    "Exp": hlo.ExponentialOp, "Floor": hlo.FloorOp, "Log": hlo.LogOp, "Neg": hlo.NegateOp, "Not": hlo.NotOp,
    "Round": hlo.RoundNearestEvenOp, "Sigmoid": hlo.LogisticOp, "Sign": hlo.SignOp, "Sin": hlo.SineOp, "Sinh": chlo.SinhOp,
    "Sqrt": hlo.SqrtOp, "Tan": hlo.TanOp, "Tanh": hlo.TanhOp,
}  # fmt: skip
BINARY: dict[str, type[Operation]] = {
    "Add": hlo.AddOp, "BitwiseAnd": hlo.AndOp, "BitwiseOr": hlo.OrOp, "BitwiseXor": hlo.XorOp, "Div": hlo.DivideOp,
    "Mul": hlo.MultiplyOp, "Sub": hlo.SubtractOp, "And": hlo.AndOp, "Or": hlo.OrOp, "Xor": hlo.XorOp,
}  # fmt: skip
COMPARISONS = {
    "Equal": Direction.EQ, "Greater": Direction.GT, "GreaterOrEqual": Direction.GE, "Less": Direction.LT, "LessOrEqual": Direction.LE,
}  # fmt: skip


def _unary(op: type[Operation]) -> Callable[[Builder, Value], Value]:
    return lambda b, x: b.unary(op, x)


def _binary(op: type[Operation]) -> Callable[[Builder, Value, Value], Value]:
    return lambda b, x, y: b.binary(op, x, y)


def _comparison(direction: Direction) -> Callable[[Builder, Value, Value], Value]:
    return lambda b, x, y: b.compare(direction, x, y)


for _name, _op in UNARY.items():
    onnx_op(_name, since=1 if _name == "Not" else 6)(_unary(_op))
for _name, _op in BINARY.items():
    onnx_op(_name, since=7)(_binary(_op))
for _name, _direction in COMPARISONS.items():
    onnx_op(_name, since=7)(_comparison(_direction))


def _variadic(op: type[Operation]) -> Callable[..., Value]:
    return lambda b, x, *rest: reduce(lambda y, z: b.binary(op, y, z), rest, x)


for _name, _op in {"Max": hlo.MaximumOp, "Min": hlo.MinimumOp, "Sum": hlo.AddOp}.items():
    onnx_op(_name, since=8)(_variadic(_op))


@onnx_op("Mean", since=8)
def mean(b: Builder, x: Value, *rest: Value) -> Value:
    total = reduce(lambda y, z: b.binary(hlo.AddOp, y, z), rest, x)
    return b.binary(hlo.DivideOp, total, 1 + len(rest))


@onnx_op("Identity", since=1)
def identity(b: Builder, x: Value) -> Value:
    return x


@onnx_op("Dropout", since=12)
def dropout(b: Builder, x: Value, ratio: Value | None = None, training: Value | None = None, *, seed: int = 0) -> list[Value]:
    """Does nothing at inference; the mask keeps everything."""
    if training is not None and (training.array is None or bool(training.array)):
        raise UnsupportedError("training mode is not supported", hint="supported: inference")
    return [x, b.broadcast(b.scalar(1, i1), x.sizes)]


@onnx_op("Dropout", since=7)
def dropout_by_attribute(b: Builder, x: Value, *, ratio: float = 0.5) -> list[Value]:
    return [x, b.broadcast(b.scalar(1, i1), x.sizes)]


# ---- arithmetic with a meaning of its own --------------------------------------------------------------------------------


@onnx_op("Pow", since=7)
def power(b: Builder, x: Value, y: Value) -> Value:
    """The exponent may have another type; the result has that of the base."""
    if y.array is not None and y.array.size == 1 and is_float(x):
        exponent = float(y.array.reshape(()))
        if exponent == 2.0 and y.rank <= x.rank:
            return b.binary(hlo.MultiplyOp, x, x)
        if exponent == 0.5 and y.rank <= x.rank:
            return b.unary(hlo.SqrtOp, x)
    return b.binary(hlo.PowerOp, x, b.convert(y, x.element))


@onnx_op("Mod", since=10)
def modulo(b: Builder, x: Value, y: Value, *, fmod: int = 0) -> Value:
    """`fmod=1`: the sign of the dividend, as C; else that of the divisor, as Python."""
    remainder = b.binary(hlo.RemainderOp, x, y)
    if fmod or (isinstance(x.element, IntegerType) and str(x.element).startswith("ui")):
        return remainder
    zero = 0
    nonzero = b.compare(Direction.NE, remainder, zero)
    other_sign = b.compare(Direction.NE, b.compare(Direction.LT, remainder, zero), b.compare(Direction.LT, y, zero))
    return b.select(b.binary(hlo.AndOp, nonzero, other_sign), b.binary(hlo.AddOp, remainder, y), remainder)


@onnx_op("Reciprocal", since=6)
def reciprocal(b: Builder, x: Value) -> Value:
    return b.binary(hlo.DivideOp, 1.0, x)


@onnx_op("BitShift", since=11)
def bit_shift(b: Builder, x: Value, y: Value, *, direction: str) -> Value:
    right = hlo.ShiftRightLogicalOp if str(x.element).startswith("ui") else hlo.ShiftRightArithmeticOp
    return b.binary(hlo.ShiftLeftOp if direction == "LEFT" else right, x, y)


@onnx_op("IsNaN", since=9)
def is_nan(b: Builder, x: Value) -> Value:
    return b.compare(Direction.NE, x, x)


@onnx_op("IsInf", since=10)
def is_inf(b: Builder, x: Value, *, detect_negative: int = 1, detect_positive: int = 1) -> Value:
    op = {(1, 1): chlo.IsInfOp, (1, 0): chlo.IsNegInfOp, (0, 1): chlo.IsPosInfOp}.get((detect_negative, detect_positive))
    if op is None:
        return b.broadcast(b.scalar(0, i1), x.sizes)
    return b.like(op(b.ssa(x)), x, i1)


@onnx_op("Where", since=9)
def where(b: Builder, condition: Value, x: Value, y: Value) -> Value:
    return b.select(condition, x, y)


@onnx_op("Cast", since=9)
def cast(b: Builder, x: Value, *, to: int, saturate: int = 1, round_mode: str = "up") -> Value:
    return cast_to(b, x, element_type(onnx.helper.tensor_dtype_to_np_dtype(to)), saturate)


def cast_to(b: Builder, x: Value, element: Attribute, saturate: int) -> Value:
    """Floats of eight bits hold their largest number in place of larger ones, when asked to saturate."""
    narrow = str(element).startswith("f8") and str(element) != "f8E8M0FNU"
    if saturate and narrow and is_float(x) and x.element != element:
        largest = float(ml_dtypes.finfo(numpy_dtype(element)).max)
        x = b.binary(hlo.MinimumOp, b.binary(hlo.MaximumOp, x, -largest), largest)
    return b.convert(x, element)


@onnx_op("CastLike", since=15)
def cast_like(b: Builder, x: Value, like: Value, *, saturate: int = 1, round_mode: str = "up") -> Value:
    return cast_to(b, x, like.element, saturate)


@onnx_op("Clip", since=11)
def clip(b: Builder, x: Value, low: Value | None = None, high: Value | None = None) -> Value:
    """The upper bound wins where it is below the lower one."""
    if low is not None:
        x = b.binary(hlo.MaximumOp, x, low)
    return x if high is None else b.binary(hlo.MinimumOp, x, high)


@onnx_op("Clip", since=6)
def clip_by_attributes(b: Builder, x: Value, *, min: float = -math.inf, max: float = math.inf) -> Value:
    if min != -math.inf:
        x = b.binary(hlo.MaximumOp, x, min)
    return x if max == math.inf else b.binary(hlo.MinimumOp, x, max)


# ---- activations ---------------------------------------------------------------------------------------------------------


@onnx_op("Relu", since=6)
def relu(b: Builder, x: Value) -> Value:
    return b.binary(hlo.MaximumOp, x, 0)


@onnx_op("LeakyRelu", since=6)
def leaky_relu(b: Builder, x: Value, *, alpha: float = 0.01) -> Value:
    return b.select(b.compare(Direction.LT, x, 0.0), b.binary(hlo.MultiplyOp, x, alpha), x)


@onnx_op("PRelu", since=9)
def prelu(b: Builder, x: Value, slope: Value) -> Value:
    return b.select(b.compare(Direction.LT, x, 0.0), b.binary(hlo.MultiplyOp, x, slope), x)


@onnx_op("ThresholdedRelu", since=10)
def thresholded_relu(b: Builder, x: Value, *, alpha: float = 1.0) -> Value:
    return b.select(b.compare(Direction.GT, x, alpha), x, 0.0)


@onnx_op("Elu", since=6)
def elu(b: Builder, x: Value, *, alpha: float = 1.0) -> Value:
    below = b.binary(hlo.MultiplyOp, b.unary(hlo.ExponentialMinusOneOp, x), alpha)
    return b.select(b.compare(Direction.LT, x, 0.0), below, x)


@onnx_op("Celu", since=12)
def celu(b: Builder, x: Value, *, alpha: float = 1.0) -> Value:
    below = b.binary(hlo.MultiplyOp, b.unary(hlo.ExponentialMinusOneOp, b.binary(hlo.DivideOp, x, alpha)), alpha)
    return b.binary(hlo.AddOp, b.binary(hlo.MaximumOp, x, 0.0), b.binary(hlo.MinimumOp, below, 0.0))


@onnx_op("Selu", since=6)
def selu(b: Builder, x: Value, *, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875) -> Value:
    return b.binary(hlo.MultiplyOp, elu(b, x, alpha=alpha), gamma)


@onnx_op("HardSigmoid", since=6)
def hard_sigmoid(b: Builder, x: Value, *, alpha: float = 0.2, beta: float = 0.5) -> Value:
    line = b.binary(hlo.AddOp, b.binary(hlo.MultiplyOp, x, alpha), beta)
    return b.binary(hlo.MinimumOp, b.binary(hlo.MaximumOp, line, 0.0), 1.0)


@onnx_op("HardSwish", since=14)
def hard_swish(b: Builder, x: Value) -> Value:
    return b.binary(hlo.MultiplyOp, x, hard_sigmoid(b, x, alpha=1 / 6, beta=0.5))


@onnx_op("Softplus", since=1)
def softplus(b: Builder, x: Value) -> Value:
    """log(1 + exp(x)), without overflow."""
    tail = b.unary(hlo.LogPlusOneOp, b.unary(hlo.ExponentialOp, b.unary(hlo.NegateOp, b.unary(hlo.AbsOp, x))))
    return b.binary(hlo.AddOp, b.binary(hlo.MaximumOp, x, 0.0), tail)


@onnx_op("Softsign", since=1)
def softsign(b: Builder, x: Value) -> Value:
    return b.binary(hlo.DivideOp, x, b.binary(hlo.AddOp, b.unary(hlo.AbsOp, x), 1.0))


@onnx_op("Mish", since=18)
def mish(b: Builder, x: Value) -> Value:
    return b.binary(hlo.MultiplyOp, x, b.unary(hlo.TanhOp, softplus(b, x)))


@onnx_op("Swish", since=24)
def swish(b: Builder, x: Value, *, alpha: float = 1.0) -> Value:
    return b.binary(hlo.MultiplyOp, x, b.unary(hlo.LogisticOp, x if alpha == 1.0 else b.binary(hlo.MultiplyOp, x, alpha)))


@onnx_op("Gelu", since=20)
@onnx_op("Gelu", since=1, domain="com.microsoft")
def gelu(b: Builder, x: Value, *, approximate: str = "none") -> Value:
    half = b.binary(hlo.MultiplyOp, x, 0.5)
    if approximate == "tanh":
        cube = b.binary(hlo.MultiplyOp, b.binary(hlo.MultiplyOp, x, x), x)
        inner = b.binary(hlo.AddOp, x, b.binary(hlo.MultiplyOp, cube, 0.044715))
        curve = b.unary(hlo.TanhOp, b.binary(hlo.MultiplyOp, inner, math.sqrt(2 / math.pi)))
    else:
        curve = b.unary(chlo.ErfOp, b.binary(hlo.MultiplyOp, x, math.sqrt(0.5)))
    return b.binary(hlo.MultiplyOp, half, b.binary(hlo.AddOp, curve, 1.0))
