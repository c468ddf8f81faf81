"""arith, math and cf: numbers and branches.

Integers below 32 bits live in i32 registers whose upper bits mean nothing; where they matter they are extended first. An i1 is 0 or 1.
"""

from __future__ import annotations

from xdsl.dialects.builtin import Float32Type, Float64Type, FloatAttr, IndexType, IntegerAttr, IntegerType, i32, i64
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import arith, cf, math, vm
from pyrie.ir.diagnostics import unsupported_at
from pyrie.passes.vm.conversion.converter import FAILED_PRECONDITION, Converter, bank, converts


def width_of(type: Attribute, index_bits: int = 64) -> int:
    """Bits of a host integer type."""
    if isinstance(type, IndexType):
        return index_bits
    return type.width.data if isinstance(type, IntegerType) else 0


def extended(c: Converter, value: SSAValue, *, signed: bool) -> SSAValue:
    """The VM value of an integer with meaningful upper bits."""
    width, new = width_of(value.type, c.index.width.data), c[value]
    if width == 1:
        return c.op("sub.i32", c.const(0), new) if signed else new
    if width in (8, 16):
        return c.op(f"ext.i{width}.i32.{'s' if signed else 'u'}", new)
    if width in (32, 64):
        return new
    raise unsupported_at(_user(value), f"the VM has no integers of {width} bits", hint="supported: i1, i8, i16, i32, i64, index")


def _user(value: SSAValue) -> Operation:
    return value.owner if isinstance(value.owner, Operation) else next(iter(value.uses)).operation


# op -> (instruction, the signedness it needs of its operands: None if it does not matter, instruction suffix)
BINARY: dict[type[Operation], tuple[str, bool | None]] = {
    arith.AddiOp: ("add", None),
    arith.SubiOp: ("sub", None),
    arith.MuliOp: ("mul", None),
    arith.DivSIOp: ("div", True),
    arith.DivUIOp: ("div", False),
    arith.RemSIOp: ("rem", True),
    arith.RemUIOp: ("rem", False),
    arith.ShLIOp: ("shl", None),
    arith.ShRSIOp: ("shr", True),
    arith.ShRUIOp: ("shr", False),
    arith.MinSIOp: ("min", True),
    arith.MinUIOp: ("min", False),
    arith.MaxSIOp: ("max", True),
    arith.MaxUIOp: ("max", False),
    arith.AndIOp: ("and", None),
    arith.OrIOp: ("or", None),
    arith.XOrIOp: ("xor", None),
}
FLOAT: dict[type[Operation], str] = {
    arith.AddfOp: "add", arith.SubfOp: "sub", arith.MulfOp: "mul", arith.DivfOp: "div", arith.RemfOp: "rem", arith.NegfOp: "neg",
    arith.MinimumfOp: "min", arith.MaximumfOp: "max", arith.MinnumfOp: "min", arith.MaxnumfOp: "max",
    math.AbsFOp: "abs", math.AtanOp: "atan", math.Atan2Op: "atan2", math.CeilOp: "ceil", math.CosOp: "cos", math.SinOp: "sin",
    math.ExpOp: "exp", math.Exp2Op: "exp2", math.ExpM1Op: "expm1", math.FloorOp: "floor", math.FmaOp: "fma", math.LogOp: "log",
    math.Log10Op: "log10", math.Log1pOp: "log1p", math.Log2Op: "log2", math.PowFOp: "pow", math.RsqrtOp: "rsqrt", math.SqrtOp: "sqrt",
    math.TanhOp: "tanh", math.ErfOp: "erf", math.RoundOp: "round", math.RoundEvenOp: "round",
}  # fmt: skip


@converts(*BINARY)
def binary(c: Converter, op: Operation) -> None:
    name, signed = BINARY[type(op)]
    type_ = c.type_of(op.results[0])
    operands = c.all(op.operands) if signed is None else [extended(c, value, signed=signed) for value in op.operands]
    if name in ("shl", "shr"):
        operands[1] = c.cast(operands[1], i32)  # the amount of a shift is an i32
    result = c.op(f"{name}.{bank(type_)}" + ("" if signed is None else ".s" if signed else ".u"), *operands)
    if width_of(op.results[0].type) == 1 and name in ("add", "sub", "mul", "div", "rem", "min", "max"):
        result = c.op("and.i32", result, c.const(1))
    c.bind(op.results[0], result)


@converts(*FLOAT)
def floating(c: Converter, op: Operation) -> None:
    name, operands = bank(c.type_of(op.results[0])), c.all(op.operands)
    suffix = ".even" if isinstance(op, math.RoundEvenOp) else ""
    result = c.op(f"{FLOAT[type(op)]}.{name}{suffix}", *operands)
    if isinstance(op, arith.MinimumfOp | arith.MaximumfOp):  # the runtime's min and max prefer the number to NaN
        result = c.op(f"select.{name}", _either_nan(c, operands), c.op(f"add.{name}", *operands), result)
    c.bind(op.results[0], result)


def _either_nan(c: Converter, operands: list[SSAValue]) -> SSAValue:
    return c.op("or.i32", *(c.op(f"cmp.nan.{value.type}", value) for value in operands))


@converts(math.AbsIOp, math.CountLeadingZerosOp)
def integer_unary(c: Converter, op: Operation) -> None:
    name, signed = ("abs", True) if isinstance(op, math.AbsIOp) else ("ctlz", False)
    type_ = c.type_of(op.results[0])
    result = c.op(f"{name}.{bank(type_)}", extended(c, op.operands[0], signed=signed))
    if name == "ctlz" and (spare := 32 - width_of(op.operands[0].type, c.index.width.data)) > 0:
        result = c.op("sub.i32", result, c.const(spare))
    c.bind(op.results[0], result)


@converts(arith.CeilDivUIOp, arith.CeilDivSIOp, arith.FloorDivSIOp)
def rounded_division(c: Converter, op: Operation) -> None:
    """Division that rounds up or down, from the one that cuts: the quotient is corrected where a remainder is left."""
    signed = not isinstance(op, arith.CeilDivUIOp)
    up = not isinstance(op, arith.FloorDivSIOp)
    name = bank(c.type_of(op.results[0]))
    lhs, rhs = (extended(c, value, signed=signed) for value in op.operands)
    suffix = "s" if signed else "u"
    quotient = c.op(f"div.{name}.{suffix}", lhs, rhs)
    remains = c.op(f"cmp.nz.{name}", c.op(f"rem.{name}.{suffix}", lhs, rhs))
    if signed:
        zero = c.const(0, c.type_of(op.results[0]))
        differ = c.op(f"cmp.lt.{name}.s", c.op(f"xor.{name}", lhs, rhs), zero)
        remains = c.op("and.i32", remains, c.op("xor.i32", differ, c.const(1)) if up else differ)
    step = c.op("ext.i32.i64.u", remains) if name == "i64" else remains
    c.bind(op.results[0], c.op(f"{'add' if up else 'sub'}.{name}", quotient, step))


@converts(arith.ConstantOp)
def constant(c: Converter, op: Operation) -> None:
    assert isinstance(op, arith.ConstantOp)
    match op.value:
        case IntegerAttr() as value:
            number = value.value.data & 1 if width_of(value.type) == 1 else value.value.data
            type_ = c.type_of(op.results[0])
            if type_ == i32 and number >= 1 << 31:
                number -= 1 << 32
            c.bind(op.results[0], c.const(number, type_))
        case FloatAttr() as value:
            c.bind(op.results[0], c.const(value.value.data, c.type_of(op.results[0])))
        case _:
            raise unsupported_at(op, "a tensor or vector constant cannot be used on the host")


# predicate -> (instruction, signed, swap operands, negate)
INTEGER_COMPARE: tuple[tuple[str, bool | None, bool, bool], ...] = (
    ("eq", None, False, False),
    ("ne", None, False, False),
    ("lt", True, False, False),  # slt
    ("lt", True, True, True),  # sle: not (rhs < lhs)
    ("lt", True, True, False),  # sgt
    ("lt", True, False, True),  # sge
    ("lt", False, False, False),  # ult
    ("lt", False, True, True),  # ule
    ("lt", False, True, False),  # ugt
    ("lt", False, False, True),  # uge
)


@converts(arith.CmpiOp)
def compare_integers(c: Converter, op: Operation) -> None:
    assert isinstance(op, arith.CmpiOp)
    name, signed, swap, negate = INTEGER_COMPARE[op.predicate.value.data]
    lhs, rhs = (extended(c, value, signed=bool(signed)) for value in (op.lhs, op.rhs))
    if swap:
        lhs, rhs = rhs, lhs
    result = c.op(f"cmp.{name}.{bank(lhs.type)}" + ("" if signed is None else ".s" if signed else ".u"), lhs, rhs)
    c.bind(op.result, c.op("xor.i32", result, c.const(1)) if negate else result)


# predicate -> (instruction, swap operands)
FLOAT_COMPARE: dict[int, tuple[str, bool]] = {
    1: ("eq.{}.o", False), 2: ("lt.{}.o", True), 3: ("lte.{}.o", True), 4: ("lt.{}.o", False), 5: ("lte.{}.o", False),
    8: ("eq.{}.u", False), 9: ("lt.{}.u", True), 10: ("lte.{}.u", True), 11: ("lt.{}.u", False),
    12: ("lte.{}.u", False), 13: ("ne.{}.u", False),
}  # fmt: skip
FALSE, ORDERED_AND_DIFFERENT, ORDERED, UNORDERED, TRUE = 0, 6, 7, 14, 15


@converts(arith.CmpfOp)
def compare_floats(c: Converter, op: Operation) -> None:
    assert isinstance(op, arith.CmpfOp)
    predicate = op.predicate.value.data
    lhs, rhs = c[op.lhs], c[op.rhs]
    if predicate in (FALSE, TRUE):
        result = c.const(1 if predicate == TRUE else 0)
    elif predicate == ORDERED_AND_DIFFERENT:  # the runtime's `ne.o` holds for NaN too
        result = c.op("or.i32", c.op(f"cmp.lt.{lhs.type}.o", lhs, rhs), c.op(f"cmp.lt.{lhs.type}.o", rhs, lhs))
    elif predicate in (ORDERED, UNORDERED):
        result = _either_nan(c, [lhs, rhs])
        if predicate == ORDERED:
            result = c.op("xor.i32", result, c.const(1))
    else:
        name, swap = FLOAT_COMPARE[predicate]
        result = c.op("cmp." + name.format(lhs.type), *((rhs, lhs) if swap else (lhs, rhs)))
    c.bind(op.result, result)


@converts(arith.SelectOp)
def select(c: Converter, op: Operation) -> None:
    type_ = c.type_of(op.results[0])
    c.bind(op.results[0], c.op(f"select.{bank(type_)}", *c.all(op.operands), result=type_))


# ---- casts -------------------------------------------------------------------------------------------------------------


@converts(arith.ExtSIOp, arith.ExtUIOp, arith.IndexCastOp, arith.IndexCastUIOp, arith.TruncIOp)
def integer_cast(c: Converter, op: Operation) -> None:
    signed = isinstance(op, arith.ExtSIOp | arith.IndexCastOp)
    source, target = (width_of(value.type, c.index.width.data) for value in (op.operands[0], op.results[0]))
    value = extended(c, op.operands[0], signed=signed)
    if target == 64 and value.type == i32:
        value = c.op(f"ext.i32.i64.{'s' if signed else 'u'}", value)
    elif target < 64 and value.type == i64:
        value = c.op("trunc.i64.i32", value)
    if target == 1 and source > 1:
        value = c.op("and.i32", value, c.const(1))
    c.bind(op.results[0], value)


@converts(arith.SIToFPOp, arith.UIToFPOp)
def integer_to_float(c: Converter, op: Operation) -> None:
    signed = isinstance(op, arith.SIToFPOp)
    value = extended(c, op.operands[0], signed=signed)
    source = ("si" if signed else "ui") + str(value.type)[1:]
    c.bind(op.results[0], c.op(f"cast.{source}.{bank(c.type_of(op.results[0]))}", value))


@converts(arith.FPToSIOp, arith.FPToUIOp)
def float_to_integer(c: Converter, op: Operation) -> None:
    target = ("si" if isinstance(op, arith.FPToSIOp) else "ui") + str(c.type_of(op.results[0]))[1:]
    value = c[op.operands[0]]
    c.bind(op.results[0], c.op(f"cast.{value.type}.{target}", value))


@converts(arith.ExtFOp, arith.TruncFOp)
def float_cast(c: Converter, op: Operation) -> None:
    value, type_ = c[op.operands[0]], c.type_of(op.results[0])
    c.bind(op.results[0], value if value.type == type_ else c.op("ext.f32.f64" if isinstance(op, arith.ExtFOp) else "trunc.f64.f32", value))


@converts(arith.BitcastOp)
def bitcast(c: Converter, op: Operation) -> None:
    value, type_ = c[op.operands[0]], c.type_of(op.results[0])
    floats = (Float32Type, Float64Type)
    if isinstance(value.type, floats) == isinstance(type_, floats):
        c.bind(op.results[0], value)
    else:
        c.bind(op.results[0], c.op(f"bitcast.{value.type}.{type_}", value))


# ---- branches ----------------------------------------------------------------------------------------------------------


@converts(cf.BranchOp)
def branch(c: Converter, op: Operation) -> None:
    c.emit(vm.BranchOp(c.successor(op.successors[0]), c.all(op.operands)))


@converts(cf.ConditionalBranchOp)
def conditional_branch(c: Converter, op: Operation) -> None:
    assert isinstance(op, cf.ConditionalBranchOp)
    then, otherwise = (c.successor(block) for block in op.successors)
    c.emit(vm.CondBranchOp(c[op.cond], then, c.all(op.then_arguments), otherwise, c.all(op.else_arguments)))


@converts(cf.SwitchOp)
def switch(c: Converter, op: Operation) -> None:
    """A chain of comparisons; the cases of a switch are any numbers, those of `vm.br_table` are 0, 1, 2, ..."""
    assert isinstance(op, cf.SwitchOp)
    flag = extended(c, op.flag, signed=False)
    values = op.case_values.get_values() if op.case_values is not None else ()
    for number, block, operands in zip(values, op.case_blocks, op.case_operand, strict=True):
        after = c.continue_in()
        matches = c.op(f"cmp.eq.{flag.type}", flag, c.const(int(number), flag.type))
        c.emit(vm.CondBranchOp(matches, c.successor(block), c.all(operands), after, ()))
        c.enter(after)
    c.emit(vm.BranchOp(c.successor(op.default_block), c.all(op.default_operands)))


@converts(cf.AssertOp)
def assertion(c: Converter, op: Operation) -> None:
    assert isinstance(op, cf.AssertOp)
    status = c.const(FAILED_PRECONDITION)
    after = c.continue_in()
    c.emit(vm.CondBranchOp(c[op.arg], after, (), c.fail_block(status, op.msg.data), ()))
    c.enter(after)
