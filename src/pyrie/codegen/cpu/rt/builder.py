"""Writes the body of one runtime function, for a scalar or a vector of any width."""

from __future__ import annotations

from pyrie.codegen.cpu.emit.text import Text, float_literal
from pyrie.codegen.cpu.emit.values import llvm_type
from pyrie.codegen.cpu.machine import Machine

PREFIX = "pyrie."
SUFFIXES = {"float": "f32", "double": "f64", "i16": "i16", "i32": "i32", "i64": "i64", "i8": "i8", "i1": "i1"}
SIGNIFICANDS = {"float": 23, "double": 52}  # stored bits
INTEGERS = {"float": "i32", "double": "i64"}
SCALE = {
    "<16 x float>": ("llvm.x86.avx512.mask.scalef.ps.512", "i16"),
    "<8 x double>": ("llvm.x86.avx512.mask.scalef.pd.512", "i8"),
}
CURRENT_ROUNDING = "4"
BIASES = {"float": 127, "double": 1023}


def function_name(name: str, type: str, width: int) -> str:
    """The symbol of a runtime function on `width` lanes (0: a scalar) of `type`."""
    return f"{PREFIX}{name}.{f'v{width}' if width else ''}{SUFFIXES[type]}"


class MathBuilder:
    """Arithmetic on values of one float type and one width. Python numbers are constants."""

    def __init__(self, type: str, width: int, machine: Machine):
        self.scalar_type, self.width, self.machine = type, width, machine
        self.text = Text()

    @property
    def type(self) -> str:
        return llvm_type(self.scalar_type, self.width)

    @property
    def integer_type(self) -> str:
        return llvm_type(INTEGERS[self.scalar_type], self.width)

    @property
    def mask_type(self) -> str:
        return llvm_type("i1", self.width)

    @property
    def is_double(self) -> bool:
        return self.scalar_type == "double"

    # ---- constants -----------------------------------------------------------------------------------------------------

    def constant(self, value: float | str) -> str:
        if isinstance(value, str):
            return value
        return self.text.splat(float_literal(value, self.scalar_type), self.scalar_type, self.width)

    def integer(self, value: int | str, type: str | None = None) -> str:
        return value if isinstance(value, str) else self.text.splat(str(value), type or INTEGERS[self.scalar_type], self.width)

    def true(self) -> str:
        return self.text.splat("true", "i1", self.width)

    # ---- floats --------------------------------------------------------------------------------------------------------

    def _binary(self, name: str, a: float | str, b: float | str) -> str:
        return self.text.value(f"{name} {self.type} {self.constant(a)}, {self.constant(b)}")

    def add(self, a: float | str, b: float | str) -> str:
        return self._binary("fadd", a, b)

    def sub(self, a: float | str, b: float | str) -> str:
        return self._binary("fsub", a, b)

    def mul(self, a: float | str, b: float | str) -> str:
        return self._binary("fmul", a, b)

    def div(self, a: float | str, b: float | str) -> str:
        return self._binary("fdiv", a, b)

    def neg(self, a: str) -> str:
        return self.text.value(f"fneg {self.type} {a}")

    def fma(self, a: float | str, b: float | str, c: float | str) -> str:
        """a * b + c, rounded once where the machine can."""
        if not self.machine.has_fma:
            return self.add(self.mul(a, b), c)
        return self.intrinsic("llvm.fma", self.constant(a), self.constant(b), self.constant(c))

    def intrinsic(self, name: str, *operands: str) -> str:
        suffix = (f"v{self.width}" if self.width else "") + SUFFIXES[self.scalar_type]
        return self.text.call(self.type, f"{name}.{suffix}", [(self.type, o) for o in operands])

    def abs(self, a: str) -> str:
        return self.intrinsic("llvm.fabs", a)

    def copysign(self, magnitude: str, sign: str) -> str:
        return self.intrinsic("llvm.copysign", magnitude, sign)

    def sqrt(self, a: str) -> str:
        return self.intrinsic("llvm.sqrt", a)

    def polynomial(self, x: str, coefficients: list[float] | tuple[float, ...]) -> str:
        """Horner's rule, highest power first."""
        result = self.constant(coefficients[0])
        for coefficient in coefficients[1:]:
            result = self.fma(result, x, coefficient)
        return result

    # ---- choices -------------------------------------------------------------------------------------------------------

    def compare(self, predicate: str, a: float | str, b: float | str) -> str:
        return self.text.value(f"fcmp {predicate} {self.type} {self.constant(a)}, {self.constant(b)}")

    def select(self, condition: str, a: float | str, b: float | str) -> str:
        return self.text.value(f"select {self.mask_type} {condition}, {self.type} {self.constant(a)}, {self.type} {self.constant(b)}")

    def clamp(self, a: str, low: float, high: float) -> str:
        """Within bounds; NaN stays NaN."""
        a = self.select(self.compare("olt", a, low), low, a)
        return self.select(self.compare("ogt", a, high), high, a)

    def both(self, a: str, b: str) -> str:
        return self.text.value(f"and {self.mask_type} {a}, {b}")

    def either(self, a: str, b: str) -> str:
        return self.text.value(f"or {self.mask_type} {a}, {b}")

    # ---- bits ----------------------------------------------------------------------------------------------------------

    def integer_op(self, name: str, a: str, b: int | str) -> str:
        return self.text.value(f"{name} {self.integer_type} {a}, {self.integer(b)}")

    def integer_compare(self, predicate: str, a: str, b: int | str) -> str:
        return self.text.value(f"icmp {predicate} {self.integer_type} {a}, {self.integer(b)}")

    def bits(self, a: str) -> str:
        return self.text.value(f"bitcast {self.type} {a} to {self.integer_type}")

    def from_bits(self, a: str) -> str:
        return self.text.value(f"bitcast {self.integer_type} {a} to {self.type}")

    def to_integer(self, a: str) -> str:
        return self.text.value(f"fptosi {self.type} {a} to {self.integer_type}")

    def to_float(self, a: str) -> str:
        return self.text.value(f"sitofp {self.integer_type} {a} to {self.type}")

    def nearest(self, a: str) -> str:
        """The nearest whole number of one below 2^22 (2^51), by adding and subtracting a number whose last bit is one."""
        magic = 1.5 * 2.0 ** SIGNIFICANDS[self.scalar_type]
        return self.sub(self.add(a, magic), magic)

    def power_of_two(self, exponent: str) -> str:
        """2^n for an integer n in the range of normal numbers."""
        biased = self.integer_op("add", exponent, BIASES[self.scalar_type])
        return self.from_bits(self.integer_op("shl", biased, SIGNIFICANDS[self.scalar_type]))

    @property
    def has_scale(self) -> bool:
        """Whether `scale` is one instruction."""
        return self.machine.vector_bytes == 64 and self.type in SCALE

    def scale(self, value: str, exponent: str) -> str:
        """value * 2^exponent, rounded once, right for infinities, NaN and subnormal results."""
        name, mask = SCALE[self.type]
        arguments = [(self.type, value), (self.type, exponent), (self.type, "zeroinitializer"), (mask, "-1"), ("i32", CURRENT_ROUNDING)]
        return self.text.call(self.type, name, arguments)

    # ---- other functions -----------------------------------------------------------------------------------------------

    def function(self, name: str, *operands: str) -> str:
        """A call of another runtime function of the same type."""
        return self.text.call(self.type, function_name(name, self.scalar_type, self.width), [(self.type, o) for o in operands])

    def in_double(self, name: str, *operands: str) -> str:
        """A function computed in double and rounded once: for functions too rare to deserve a float version."""
        wide = llvm_type("double", self.width)
        extended = [(wide, self.text.value(f"fpext {self.type} {o} to {wide}")) for o in operands]
        result = self.text.call(wide, function_name(name, "double", self.width), extended)
        return self.text.value(f"fptrunc {wide} {result} to {self.type}")
