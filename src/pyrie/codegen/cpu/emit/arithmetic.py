"""arith and math ops as LLVM instructions, chunk by chunk.

An op's row says how one chunk is computed from its operands' chunks (`Chunk`). f16 and bf16 are widened to f32, computed, and rounded
back: for + - * / and sqrt that is the correctly rounded result. Integer division never traps: x / 0 is all ones, x % 0 is x, INT_MIN / -1
is INT_MIN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation

from pyrie.codegen.cpu.emit import conversions
from pyrie.codegen.cpu.emit.function import Emit, FunctionEmitter
from pyrie.codegen.cpu.emit.text import float_literal
from pyrie.codegen.cpu.emit.values import BOOL, FLOAT, Element, Value, element_of, integer, llvm_type, shape_of
from pyrie.codegen.cpu.rt.library import function_name


@dataclass(frozen=True)
class Chunk:
    """One chunk being computed: the emitter, the op, element types of operand and result, lanes, and the operands."""

    f: FunctionEmitter
    op: Operation | None
    source: Element
    result: Element
    width: int
    operands: tuple[str, ...]

    @property
    def type(self) -> str:
        return llvm_type(self.source.register, self.width)

    @property
    def result_type(self) -> str:
        return llvm_type(self.result.register, self.width)

    def value(self, instruction: str) -> str:
        return self.f.text.value(instruction)

    def literal(self, number: float) -> str:
        """A constant of the operands' type."""
        text = float_literal(number, self.source.register) if self.source.is_float else str(int(number))
        if self.source.bits == 1:
            text = "true" if number else "false"
        return self.f.text.splat(text, self.source.register, self.width)

    def intrinsic(self, name: str, *operands: str, extra: tuple[tuple[str, str], ...] = ()) -> str:
        """A call of an LLVM intrinsic overloaded on the operands' type."""
        suffix = (f"v{self.width}" if self.width else "") + _SUFFIX.get(self.source.register, self.source.register)
        arguments = [*((self.type, o) for o in operands or self.operands), *extra]
        return self.f.text.call(self.type, f"{name}.{suffix}", arguments)

    def select(self, condition: str, a: str, b: str, type: str | None = None) -> str:
        type = type or self.type
        return self.value(f"select {llvm_type('i1', self.width)} {condition}, {type} {a}, {type} {b}")


_SUFFIX = {"float": "f32", "double": "f64"}
Compute = Callable[[Chunk], str]


def instruction(name: str) -> Compute:
    return lambda c: c.value(f"{name} {c.type} {', '.join(c.operands)}")


def float_instruction(name: str) -> Compute:
    def compute(c: Chunk) -> str:
        flags = "contract " if c.op is not None and "contract" in str(c.op.properties.get("fastmath", "")) else ""
        return c.value(f"{name} {flags}{c.type} {', '.join(c.operands)}")

    return compute


def intrinsic(name: str, *extra: tuple[str, str]) -> Compute:
    return lambda c: c.intrinsic(name, extra=extra)


def library(name: str) -> Compute:
    """A function of the runtime library, for float and double."""

    def compute(c: Chunk) -> str:
        target = function_name(name, c.source.register, c.width)
        return c.f.text.call(c.type, target, [(c.type, o) for o in c.operands])

    return compute


# ---- integers ----------------------------------------------------------------------------------------------------------


def _is_safe_divisor(c: Chunk) -> bool:
    value = c.operands[1]
    number = value[len(f"splat ({c.source.register} ") : -1] if value.startswith("splat (") else value
    return integer(number) not in (None, 0, -1)


def division(name: str, by_zero: Callable[[Chunk], str], *, signed: bool) -> Compute:
    """sdiv, udiv, srem, urem with a defined result where the instruction traps."""

    def compute(c: Chunk) -> str:
        a, b = c.operands
        if _is_safe_divisor(c):
            return c.value(f"{name} {c.type} {a}, {b}")
        zero = c.value(f"icmp eq {c.type} {b}, {c.literal(0)}")
        trap = zero
        if signed:
            lowest = c.value(f"icmp eq {c.type} {a}, {c.literal(-(1 << c.source.bits - 1) if c.source.bits > 1 else 1)}")
            minus = c.value(f"icmp eq {c.type} {b}, {c.literal(-1)}")
            bools = llvm_type("i1", c.width)
            trap = c.value(f"or {bools} {zero}, {c.value(f'and {bools} {lowest}, {minus}')}")
        safe = c.select(trap, c.literal(1), b)
        return c.select(zero, by_zero(c), c.value(f"{name} {c.type} {a}, {safe}"))

    return compute


def _all_ones(c: Chunk) -> str:
    return c.literal(-1 if c.source.bits > 1 else 1)


_DIVIDE, _REMAINDER = division("sdiv", _all_ones, signed=True), division("srem", lambda c: c.operands[0], signed=True)
_UNSIGNED_DIVIDE = division("udiv", _all_ones, signed=False)


def floor_division(c: Chunk) -> str:
    """Rounds towards minus infinity: one less than the quotient where the remainder is not zero and the signs differ."""
    return _adjusted_division(c, differ=True, step="sub")


def ceil_division(c: Chunk) -> str:
    return _adjusted_division(c, differ=False, step="add")


def _adjusted_division(c: Chunk, *, differ: bool, step: str) -> str:
    a, b = c.operands
    quotient, remainder = _DIVIDE(c), _REMAINDER(c)
    bools = llvm_type("i1", c.width)
    inexact = c.value(f"icmp ne {c.type} {remainder}, {c.literal(0)}")
    signs = c.value(f"xor {c.type} {a}, {b}")
    opposite = c.value(f"icmp {'slt' if differ else 'sge'} {c.type} {signs}, {c.literal(0)}")
    usable = c.value(f"icmp ne {c.type} {b}, {c.literal(0)}")
    adjust = c.value(f"and {bools} {c.value(f'and {bools} {inexact}, {opposite}')}, {usable}")
    return c.select(adjust, c.value(f"{step} {c.type} {quotient}, {c.literal(1)}"), quotient)


def unsigned_ceil_division(c: Chunk) -> str:
    a, b = c.operands
    quotient = _UNSIGNED_DIVIDE(c)
    back = c.value(f"mul {c.type} {quotient}, {b}")
    more = c.value(f"icmp ult {c.type} {back}, {a}")
    usable = c.value(f"icmp ne {c.type} {b}, {c.literal(0)}")
    more = c.value(f"and {llvm_type('i1', c.width)} {more}, {usable}")
    return c.select(more, c.value(f"add {c.type} {quotient}, {c.literal(1)}"), quotient)


def comparison(c: Chunk) -> str:
    assert c.op is not None
    predicate = c.op.properties["predicate"]
    assert isinstance(predicate, IntegerAttr)
    number = predicate.value.data
    if c.source.is_float:
        return c.value(f"fcmp {FLOAT_PREDICATES[number]} {c.type} {c.operands[0]}, {c.operands[1]}")
    return c.value(f"icmp {INTEGER_PREDICATES[number]} {c.type} {c.operands[0]}, {c.operands[1]}")


INTEGER_PREDICATES = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
FLOAT_PREDICATES = (
    "false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord", "ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true",
)  # fmt: skip


# ---- floats ------------------------------------------------------------------------------------------------------------


def rounding(name: str, fallback: str) -> Compute:
    """An intrinsic where the machine has the instruction, a runtime function elsewhere (LLVM would call the C library)."""
    return lambda c: c.intrinsic(name) if c.f.machine.has_rounding else library(fallback)(c)


def fused_multiply_add(c: Chunk) -> str:
    if c.f.machine.has_fma:
        return c.intrinsic("llvm.fma")
    return library("fma")(c)


def reciprocal_square_root(c: Chunk) -> str:
    root = c.intrinsic("llvm.sqrt")
    return c.value(f"fdiv {c.type} {c.literal(1.0)}, {root}")


def classification(predicate: Callable[[Chunk, str], str]) -> Compute:
    return lambda c: predicate(c, c.intrinsic("llvm.fabs"))


def _is_nan(c: Chunk, magnitude: str) -> str:
    return c.value(f"fcmp uno {c.type} {magnitude}, {c.literal(0.0)}")


def _is_infinite(c: Chunk, magnitude: str) -> str:
    return c.value(f"fcmp oeq {c.type} {magnitude}, {c.literal(float('inf'))}")


def _is_finite(c: Chunk, magnitude: str) -> str:
    return c.value(f"fcmp olt {c.type} {magnitude}, {c.literal(float('inf'))}")


FLOAT_OPS: dict[str, Compute] = {
    "arith.addf": float_instruction("fadd"),
    "arith.subf": float_instruction("fsub"),
    "arith.mulf": float_instruction("fmul"),
    "arith.divf": float_instruction("fdiv"),
    "arith.remf": library("fmod"),
    "arith.negf": float_instruction("fneg"),
    "arith.maximumf": intrinsic("llvm.maximum"),
    "arith.minimumf": intrinsic("llvm.minimum"),
    "arith.maxnumf": intrinsic("llvm.maxnum"),
    "arith.minnumf": intrinsic("llvm.minnum"),
    "math.absf": intrinsic("llvm.fabs"),
    "math.sqrt": intrinsic("llvm.sqrt"),
    "math.rsqrt": reciprocal_square_root,
    "math.copysign": intrinsic("llvm.copysign"),
    "math.fma": fused_multiply_add,
    "math.ceil": rounding("llvm.ceil", "ceil"),
    "math.floor": rounding("llvm.floor", "floor"),
    "math.trunc": rounding("llvm.trunc", "trunc"),
    "math.roundeven": rounding("llvm.roundeven", "roundeven"),
    "math.round": library("round"),
    **{
        f"math.{name}": library(name)
        for name in (
            "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
            "asinh", "acosh", "atanh", "erf", "erfc", "cbrt",
        )
    },
    "math.powf": library("pow"),
    "math.atan2": library("atan2"),
}  # fmt: skip
CLASSIFICATIONS: dict[str, Compute] = {
    "math.isnan": classification(_is_nan),
    "math.isinf": classification(_is_infinite),
    "math.isfinite": classification(_is_finite),
    "math.isnormal": classification(lambda c, m: c.value(
        f"and {llvm_type('i1', c.width)} {_is_finite(c, m)}, "
        f"{c.value(f'fcmp oge {c.type} {m}, {c.literal(2.0**-126 if c.source.bits == 32 else 2.0**-1022)}')}"
    )),
    "arith.cmpf": comparison,
}  # fmt: skip
INTEGER_OPS: dict[str, Compute] = {
    "arith.addi": instruction("add"),
    "arith.subi": instruction("sub"),
    "arith.muli": instruction("mul"),
    "arith.andi": instruction("and"),
    "arith.ori": instruction("or"),
    "arith.xori": instruction("xor"),
    "arith.shli": instruction("shl"),
    "arith.shrsi": instruction("ashr"),
    "arith.shrui": instruction("lshr"),
    "arith.divsi": _DIVIDE,
    "arith.divui": _UNSIGNED_DIVIDE,
    "arith.remsi": _REMAINDER,
    "arith.remui": division("urem", lambda c: c.operands[0], signed=False),
    "arith.floordivsi": floor_division,
    "arith.ceildivsi": ceil_division,
    "arith.ceildivui": unsigned_ceil_division,
    "arith.maxsi": intrinsic("llvm.smax"),
    "arith.minsi": intrinsic("llvm.smin"),
    "arith.maxui": intrinsic("llvm.umax"),
    "arith.minui": intrinsic("llvm.umin"),
    "arith.cmpi": comparison,
    "math.absi": intrinsic("llvm.abs", ("i1", "false")),
    "math.ctlz": intrinsic("llvm.ctlz", ("i1", "false")),
    "math.cttz": intrinsic("llvm.cttz", ("i1", "false")),
    "math.ctpop": intrinsic("llvm.ctpop"),
    "math.ipowi": library("ipow"),
}
COMBINERS: dict[str, tuple[str, str]] = {  # combining kind -> op on floats, on integers
    "add": ("arith.addf", "arith.addi"), "mul": ("arith.mulf", "arith.muli"),
    "maximumf": ("arith.maximumf", ""), "minimumf": ("arith.minimumf", ""),
    "maxnumf": ("arith.maxnumf", ""), "minnumf": ("arith.minnumf", ""),
    "maxsi": ("", "arith.maxsi"), "minsi": ("", "arith.minsi"), "maxui": ("", "arith.maxui"), "minui": ("", "arith.minui"),
    "and": ("", "arith.andi"), "or": ("", "arith.ori"), "xor": ("", "arith.xori"),
}  # fmt: skip


def combine(f: FunctionEmitter, kind: str, element: Element, width: int, a: str, b: str) -> str:
    """One step of a reduction."""
    floating, integral = COMBINERS[kind]
    if element.is_float:
        return _on_floats(f, FLOAT_OPS[floating], None, element, element, width, (a, b))
    return INTEGER_OPS[integral](Chunk(f, None, element, element, width, (a, b)))


def _on_floats(
    f: FunctionEmitter, compute: Compute, op: Operation | None, source: Element, result: Element, width: int, operands: tuple[str, ...]
) -> str:
    """Runs `compute`, in f32 if the type is narrow."""
    if not source.is_narrow_float:
        return compute(Chunk(f, op, source, result, width, operands))
    wide = tuple(conversions.widen(f, o, source, width) for o in operands)
    computed = compute(Chunk(f, op, FLOAT, FLOAT if result.is_float else result, width, wide))
    return conversions.narrow(f, computed, result, width) if result.is_narrow_float else computed


def elementwise(compute: Compute, *, floats: bool = False) -> Emit:
    """Emits an op whose operands and result have one shape, once for each different chunk."""

    def emit(f: FunctionEmitter, op: Operation) -> None:
        operands = [f.packed(f[operand]) for operand in op.operands]
        result, shape = element_of(op.results[0].type), shape_of(op.results[0].type)
        source = operands[0].element
        chunks = []
        done: dict[tuple[str, ...], str] = {}
        widths = f.widths(shape) * (operands[0].rows if shape else 1) if shape else (0,)
        for i, width in enumerate(widths):
            names = tuple(v.chunks[i] for v in operands)
            key = (*names, str(width))
            if key not in done:
                if floats:
                    done[key] = _on_floats(f, compute, op, source, result, width, names)
                else:
                    done[key] = compute(Chunk(f, op, source, result, width, names))
            chunks.append(done[key])
        f[op.results[0]] = f.value(result, shape, chunks) if shape else Value(result, (), (), tuple(chunks))

    return emit


def select(f: FunctionEmitter, op: Operation) -> None:
    """A condition for each lane, or one for all."""
    condition, a, b = (f.packed(f[operand]) for operand in op.operands)
    chunks = []
    for i, (width, x, y) in enumerate(zip(a.chunk_widths, a.chunks, b.chunks, strict=True)):
        type = llvm_type(a.element.register, width)
        test = condition.chunks[i] if condition.shape else condition.scalar
        chunks.append(f.text.value(f"select {llvm_type('i1', width if condition.shape else 0)} {test}, {type} {x}, {type} {y}"))
    f[op.results[0]] = Value(a.element, a.shape, a.widths, tuple(chunks))


def folded(compute: Callable[[FunctionEmitter, str, str], str], otherwise: Compute) -> Emit:
    """Index arithmetic on literals is done now."""
    general = elementwise(otherwise)

    def emit(f: FunctionEmitter, op: Operation) -> None:
        a, b = (f[operand] for operand in op.operands)
        if not a.shape and a.element.register == "i64":
            f.bind(op.results[0], compute(f, a.scalar, b.scalar))
        else:
            general(f, op)

    return emit


def _extended(name: str) -> Emit:
    """mului_extended, mulsi_extended: the low and high halves of the product."""
    extend = "sext" if name == "mulsi_extended" else "zext"

    def emit(f: FunctionEmitter, op: Operation) -> None:
        a, b = (f.packed(f[operand]) for operand in op.operands)
        bits = a.element.bits
        low, high = [], []
        for width, x, y in zip(a.chunk_widths, a.chunks, b.chunks, strict=True):
            type, wide = llvm_type(f"i{bits}", width), llvm_type(f"i{2 * bits}", width)
            x2, y2 = (f.text.value(f"{extend} {type} {v} to {wide}") for v in (x, y))
            product = f.text.value(f"mul {wide} {x2}, {y2}")
            low.append(f.text.value(f"trunc {wide} {product} to {type}"))
            shift = f.text.splat(str(bits), f"i{2 * bits}", width)
            shifted = f.text.value(f"lshr {wide} {product}, {shift}")
            high.append(f.text.value(f"trunc {wide} {shifted} to {type}"))
        f.define(op, [Value(a.element, a.shape, a.widths, tuple(c)) for c in (low, high)])

    return emit


def _add_extended(f: FunctionEmitter, op: Operation) -> None:
    """addui_extended: the sum and whether it wrapped."""
    a, b = (f.packed(f[operand]) for operand in op.operands)
    sums, wrapped = [], []
    for width, x, y in zip(a.chunk_widths, a.chunks, b.chunks, strict=True):
        type = llvm_type(a.element.register, width)
        sums.append(f.text.value(f"add {type} {x}, {y}"))
        wrapped.append(f.text.value(f"icmp ult {type} {sums[-1]}, {x}"))
    f.define(op, [Value(a.element, a.shape, a.widths, tuple(sums)), Value(BOOL, a.shape, a.widths, tuple(wrapped))])


EMITTERS: dict[str, Emit] = {
    **{name: elementwise(compute, floats=True) for name, compute in FLOAT_OPS.items()},
    **{name: elementwise(compute, floats=True) for name, compute in CLASSIFICATIONS.items()},
    **{name: elementwise(compute) for name, compute in INTEGER_OPS.items()},
    "arith.addi": folded(lambda f, a, b: f.text.add(a, b), INTEGER_OPS["arith.addi"]),
    "arith.subi": folded(lambda f, a, b: f.text.sub(a, b), INTEGER_OPS["arith.subi"]),
    "arith.muli": folded(lambda f, a, b: f.text.mul(a, b), INTEGER_OPS["arith.muli"]),
    "arith.select": select,
    "arith.mului_extended": _extended("mului_extended"),
    "arith.mulsi_extended": _extended("mulsi_extended"),
    "arith.addui_extended": _add_extended,
    **{name: elementwise(compute) for name, compute in conversions.CONVERSIONS.items()},
}
