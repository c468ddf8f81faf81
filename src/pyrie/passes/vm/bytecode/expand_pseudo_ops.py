"""Ops that have a text but no instruction become ops that have one. The vm phase leaves none; hand-written text may hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import IntegerAttr, IntegerType, i32, i64
from xdsl.ir import Attribute, Block, Operation, SSAValue

from pyrie.dialects import vm
from pyrie.format.opcodes import Bank
from pyrie.passes.vm.bytecode.registers import bank_of

FAILED_PRECONDITION = 9
# How many floats may lie between nearly equal ones: (the type with the same bits, that many).
ULPS = {"f32": (i32, 100), "f64": (i64, 50_000_000_000)}

Expansion = Callable[["_Builder", Sequence[SSAValue]], SSAValue]


def expand_pseudo_ops(module: vm.ModuleOp) -> None:
    """Rewrites all pseudo ops of a module in place."""
    for op in list(module.walk()):
        builder = _Builder(op)
        if isinstance(op, vm.CheckOp):
            op = _expand_check(op, builder)
        if isinstance(op, vm.CondFailOp):
            _expand_cond_fail(op)
        elif isinstance(op, vm.OptimizationBarrierOp):
            for result, operand in zip(op.results, op.operands, strict=True):
                result.replace_all_uses_with(operand)
            op.detach()
        elif isinstance(op, vm.RegularOp) and (expansion := EXPANSIONS.get(op.mnemonic)):
            op.results[0].replace_all_uses_with(expansion(builder, op.operands))
            op.detach()


class _Builder:
    """Inserts ops before `op`, at its location."""

    def __init__(self, op: Operation):
        self.op = op

    def insert(self, op: Operation) -> None:
        op.location = self.op.location
        block = self.op.parent
        assert block is not None
        block.insert_op_before(op, self.op)

    def __call__(self, mnemonic: str, *operands: SSAValue, **properties: Attribute) -> SSAValue:
        op = vm.OPS[mnemonic].create_op(*operands, **properties)
        self.insert(op)
        return op.results[0]

    def constant(self, value: int, type: IntegerType = i32) -> SSAValue:
        return self(f"const.{type}", value=IntegerAttr(value, type))

    def inverted(self, condition: SSAValue) -> SSAValue:
        return self("xor.i32", condition, self.constant(1))


def _chain(*mnemonics: str) -> Expansion:
    """One conversion after the other."""

    def expand(build: _Builder, operands: Sequence[SSAValue]) -> SSAValue:
        value = operands[0]
        for mnemonic in mnemonics:
            value = build(mnemonic, value)
        return value

    return expand


def _compare(mnemonic: str, *, swap: bool = False, invert: bool = False) -> Expansion:
    def expand(build: _Builder, operands: Sequence[SSAValue]) -> SSAValue:
        result = build(mnemonic, *(reversed(operands) if swap else operands))
        return build.inverted(result) if invert else result

    return expand


def _not_zero(type: str, ordering: str) -> Expansion:
    return lambda build, operands: build(f"cmp.ne.{type}.{ordering}", operands[0], build(f"const.{type}.zero"))


def _near(type: str) -> Expansion:
    """Values of the same sign are near if few floats lie between them; others only if they are equal zeros."""
    bits, ulps = ULPS[type]

    def expand(build: _Builder, operands: Sequence[SSAValue]) -> SSAValue:
        zero = build(f"const.{type}.zero")
        lhs_positive, rhs_positive = (build(f"cmp.lte.{type}.o", zero, v) for v in operands)
        difference = build(f"sub.{bits}", *(build(f"bitcast.{type}.{bits}", v) for v in operands))
        near = build(f"cmp.lt.{bits}.s", build(f"abs.{bits}", difference), build.constant(ulps, bits))
        exact = build(f"cmp.eq.{type}.o", *operands)
        return build("select.i32", build("cmp.ne.i32", lhs_positive, rhs_positive), exact, near)

    return expand


EXPANSIONS: dict[str, Expansion] = {
    "trunc.i16.i8": _chain("trunc.i32.i8"),
    **{f"trunc.i64.{n}": _chain("trunc.i64.i32", f"trunc.i32.{n}") for n in ("i8", "i16")},
    **{f"ext.{n}.i64.{s}": _chain(f"ext.{n}.i32.{s}", f"ext.i32.i64.{s}") for n in ("i8", "i16") for s in "su"},
    **{f"cmp.lte.{t}.{s}": _compare(f"cmp.lt.{t}.{s}", swap=True, invert=True) for t in ("i32", "i64") for s in "su"},
    **{f"cmp.gte.{t}.{s}": _compare(f"cmp.lt.{t}.{s}", invert=True) for t in ("i32", "i64") for s in "su"},
    **{f"cmp.gt.{t}.{s}": _compare(f"cmp.lt.{t}.{s}", swap=True) for t in ("i32", "i64") for s in "su"},
    **{f"cmp.gt.{t}.{o}": _compare(f"cmp.lt.{t}.{o}", swap=True) for t in ("f32", "f64") for o in "ou"},
    **{f"cmp.gte.{t}.{o}": _compare(f"cmp.lte.{t}.{o}", swap=True) for t in ("f32", "f64") for o in "ou"},
    **{f"cmp.nz.{t}.{o}": _not_zero(t, o) for t in ("f32", "f64") for o in "ou"},
    **{f"cmp.eq.{t}.near": _near(t) for t in ("f32", "f64")},
}

# The comparison behind each check, by kind of value.
_CHECKS: dict[str, dict[Bank, str]] = {
    **{c: {b: f"cmp.{c}.{b.value}{'.o' if b in (Bank.F32, Bank.F64) else ''}" for b in Bank} for c in ("eq", "ne", "nz")},
    "nearly_eq": {b: f"cmp.eq.{b.value}{'.near' if b in (Bank.F32, Bank.F64) else ''}" for b in Bank},
}


def _expand_check(op: vm.CheckOp, build: _Builder) -> vm.CondFailOp:
    """before: vm.check.eq %a, %b, "text"    after: %0 = vm.cmp.eq %a, %b; vm.cond_fail not %0, FAILED_PRECONDITION, "text" """
    mnemonic = _CHECKS[op.name.removeprefix("vm.check.")][bank_of(op.operands[0].type)]
    expansion = EXPANSIONS.get(mnemonic)
    holds = expansion(build, op.operands) if expansion else build(mnemonic, *op.operands)
    failing = vm.CondFailOp(build.inverted(holds), build.constant(FAILED_PRECONDITION), op.text)
    build.insert(failing)
    op.detach()
    return failing


def _expand_cond_fail(op: vm.CondFailOp) -> None:
    """before: vm.cond_fail %c, %s; ...    after: vm.cond_br %c, ^fail, ^rest    ^rest: ...    ^fail: vm.fail %s"""
    block = op.parent
    region = block.parent if block else None
    assert block is not None and region is not None
    rest = block.split_before(op)
    failing = Block([vm.FailOp(op.status, op.message.data if op.message else None)])
    branch = vm.CondBranchOp(op.condition, failing, (), rest, ())
    for made in (branch, failing.first_op):
        assert made is not None
        made.location = op.location
    op.detach()
    block.add_op(branch)
    region.add_block(failing)
