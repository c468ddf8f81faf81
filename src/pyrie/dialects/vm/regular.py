"""The ops that are one instruction each: made from the opcode table, so text and bytecode cannot disagree.

`OPS["add.i32"]` is the class of `vm.add.i32`. Register fields become operands and results of the same name, constants and symbols
become properties; type fields are derived from the value types by the emitter. Pseudo ops have a text but no instruction; they are
expanded before bytecode is made.
"""

from __future__ import annotations

import re

from xdsl.dialects.builtin import (
    FlatSymbolRefAttrConstr,
    FloatAttr,
    IntegerAttr,
    UnitAttr,
    f32,
    f64,
    i32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AnyOf,
    IRDLOperation,
    VarConstraint,
    base,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.irdl.constraints import AttrConstraint, EqAttrConstraint
from xdsl.traits import Commutative, OpTrait, Pure

from pyrie.dialects.vm.types import POINTER, REFERENCE_TYPES, BufferType, ListType, is_reference, reference_name
from pyrie.format.opcodes import BY_MNEMONIC, OPCODES, Bank, Field, Kind

SCALARS: dict[Bank, Attribute] = {Bank.I32: i32, Bank.I64: i64, Bank.F32: f32, Bank.F64: f64}
ANY_REFERENCE: AttrConstraint = AnyOf(tuple(base(t) for t in REFERENCE_TYPES))

# How an op with these fields is written. `{0}` is the mnemonic's own property, where it has one.
FORMATS: dict[tuple[str, ...], str] = {
    ("operand", "result"): "$operand attr-dict `:` type($operand)",
    ("lhs", "rhs", "result"): "$lhs `,` $rhs attr-dict `:` type($lhs)",
    ("a", "b", "c", "result"): "$a `,` $b `,` $c attr-dict `:` type($a)",
    ("operand", "amount", "result"): "$operand `,` $amount attr-dict `:` type($operand)",
    ("condition", "true_value", "false_value", "result"): "$condition `,` $true_value `,` $false_value attr-dict `:` type($result)",
    ("index", "default_value", "values", "result"): "$index `[` $values `]` `else` $default_value attr-dict `:` type($result)",
    ("result",): "attr-dict",
    ("value", "result"): "$value attr-dict",
    ("rodata", "result"): "$rodata attr-dict `:` type($result)",
    ("list", "minimum_capacity"): "operands attr-dict `:` `(` type($list) `,` type($minimum_capacity) `)`",
    ("list", "new_size"): "operands attr-dict `:` `(` type($list) `,` type($new_size) `)`",
    ("list", "index", "result"): "$list `,` $index attr-dict `:` `(` type($list) `,` type($index) `)` `->` type($result)",
    ("list", "index", "value"): "$list `,` $index `,` $value attr-dict `:` `(` type($list) `,` type($index) `,` type($value) `)`",
    ("list", "result"): "$list attr-dict `:` `(` type($list) `)` `->` type($result)",
    ("initial_capacity", "result"): "$initial_capacity attr-dict `:` `(` type($initial_capacity) `)` `->` type($result)",
    (
        "source_buffer",
        "source_offset",
        "result",
    ): "$source_buffer `[` $source_offset `]` attr-dict `:` type($source_buffer) `->` type($result)",
    ("target_buffer", "target_offset", "value"): (
        "$value `,` $target_buffer `[` $target_offset `]` attr-dict `:` type($value) `->` type($target_buffer)"
    ),
    ("target_buffer", "target_offset", "length", "value"): (
        "$target_buffer `,` $target_offset `,` $length `,` $value attr-dict `:` type($value) `->` type($target_buffer)"
    ),
    ("buffer", "result"): "$buffer attr-dict `:` type($buffer) `->` type($result)",
    ("length", "alignment", "result"): "$length `,` $alignment attr-dict `:` type($result)",
    ("source_buffer", "source_offset", "length", "alignment", "result"): (
        "$source_buffer `,` $source_offset `,` $length `,` $alignment attr-dict `:` type($source_buffer) `->` type($result)"
    ),
    ("source_buffer", "source_offset", "length", "result"): (
        "$source_buffer `,` $source_offset `,` $length attr-dict `:` type($source_buffer) `->` type($result)"
    ),
    ("source_buffer", "source_offset", "target_buffer", "target_offset", "length"): (
        "$source_buffer `,` $source_offset `,` $target_buffer `,` $target_offset `,` $length attr-dict "
        "`:` type($source_buffer) `->` type($target_buffer)"
    ),
    ("lhs_buffer", "lhs_offset", "rhs_buffer", "rhs_offset", "length", "result"): (
        "$lhs_buffer `,` $lhs_offset `,` $rhs_buffer `,` $rhs_offset `,` $length attr-dict `:` type($lhs_buffer) `,` type($rhs_buffer)"
    ),
}
CONVERSION = "$operand attr-dict `:` type($operand) `->` type($result)"
ZERO_REFERENCE = "`:` type($result) attr-dict"
GLOBAL_LOAD = "(`immutable` $is_immutable^)? $global attr-dict `:` type($result)"
GLOBAL_STORE = "$value `,` $global attr-dict `:` type($value)"
GLOBAL_LOAD_INDIRECT = "$global attr-dict `:` type($global) `->` type($result)"
GLOBAL_STORE_INDIRECT = "$value `,` $global attr-dict `:` type($value) `->` type($global)"

# Ops of the control-flow and call files, which have a structure of their own.
IRREGULAR = {
    *("br", "cond_br", "br_table", "call", "call.variadic", "call.yieldable", "call.variadic.yieldable", "return", "fail", "yield"),
    *("break", "cond_break", "trace", "print", "block", "import.resolved", "discard.refs", "assign.ref"),
}
CONVERSIONS = re.compile(r"(trunc|ext|cast|bitcast)\.")
COMMUTATIVE = re.compile(r"(add|mul|and|or|xor|min|max)\.|cmp\.(eq|ne)\.")
IMPURE = re.compile(r"(div|rem)\.i|global\.|list\.|buffer\.|cast\.any")

# Text without an instruction of its own: mnemonic -> (operand types, result type).
PSEUDO: dict[str, tuple[tuple[Attribute, ...], Attribute]] = {
    "trunc.i16.i8": ((i32,), i32),
    "trunc.i64.i8": ((i64,), i32),
    "trunc.i64.i16": ((i64,), i32),
    **{f"ext.{n}.i64.{s}": ((i32,), i64) for n in ("i8", "i16") for s in "su"},
    **{f"cmp.{p}.{t}.{s}": ((t, t), i32) for p in ("lte", "gt", "gte") for t in (i32, i64) for s in "su"},
    **{f"cmp.{p}.{t}.{s}": ((t, t), i32) for p in ("gt", "gte") for t in (f32, f64) for s in "ou"},
    **{f"cmp.eq.{t}.near": ((t, t), i32) for t in (f32, f64)},
    **{f"cmp.nz.{t}.{s}": ((t,), i32) for t in (f32, f64) for s in "ou"},
}


class RegularOp(IRDLOperation):
    """Base of the generated classes."""

    @property
    def mnemonic(self) -> str:
        return self.name.removeprefix("vm.")

    @classmethod
    def create_op(cls, *operands: SSAValue, result: Attribute | None = None, **properties: Attribute) -> RegularOp:
        """Builds the op from its operands in field order; `result` is needed only where the result is a reference."""
        mnemonic = cls.name.removeprefix("vm.")
        opcode = BY_MNEMONIC.get(mnemonic)
        fields = opcode.fields if opcode else ()
        if result is None:
            written = [f for f in fields if f.result]
            result = SCALARS[written[0].bank] if written and written[0].bank in SCALARS else None
            if mnemonic in PSEUDO:
                result = PSEUDO[mnemonic][1]
        if mnemonic.startswith("switch."):
            return cls(operands=[operands[0], operands[1], list(operands[2:])], result_types=[result])
        return cls(operands=list(operands), result_types=[result] if result is not None else [], properties=properties)

    def asm_result_names(self) -> tuple[str | None, ...]:
        return tuple(_result_name(self, r.type) for r in self.results)


def _result_name(op: RegularOp, type: Attribute) -> str | None:
    kind, _, rest = op.mnemonic.partition(".")
    if kind == "const":
        if rest.endswith("rodata"):
            return op.properties["rodata"].string_value()  # pyright: ignore[reportAttributeAccessIssue]
        if rest.endswith("zero"):
            return "null" if is_reference(type) else "zero"
        value = op.properties["value"]
        if not isinstance(value, IntegerAttr):
            return None
        return f"c{value.value.data}" if value.value.data else "zero"
    if kind == "global" and "global" in op.properties:
        return op.properties["global"].string_value()  # pyright: ignore[reportAttributeAccessIssue]
    if kind == "cmp":
        predicate, bank, *sign = rest.split(".")
        prefix = "r" if bank == "ref" else sign[0] if sign and bank[0] == "i" else ""
        return prefix + predicate if bank[0] in "ir" else None
    return reference_name(type)


def _constraint(field: Field, mnemonic: str) -> AttrConstraint:
    if field.name == "global":
        return POINTER
    if field.bank in SCALARS:
        return EqAttrConstraint(SCALARS[field.bank])
    if field.name.endswith("buffer") or mnemonic in ("buffer.alloc", "buffer.clone", "const.ref.rodata"):
        return base(BufferType)
    if field.name == "list" or mnemonic == "list.alloc":
        return base(ListType)
    if mnemonic.startswith(("select.", "switch.", "cmp.")):
        return VarConstraint("T", ANY_REFERENCE)
    return ANY_REFERENCE


def _format(mnemonic: str, names: tuple[str, ...]) -> str:
    if mnemonic.startswith("global."):
        indirect, load = ".indirect." in mnemonic, ".load." in mnemonic
        if indirect:
            return GLOBAL_LOAD_INDIRECT if load else GLOBAL_STORE_INDIRECT
        return GLOBAL_LOAD if load else GLOBAL_STORE
    if CONVERSIONS.match(mnemonic):
        return CONVERSION
    return ZERO_REFERENCE if mnemonic == "const.ref.zero" else FORMATS[names]


def _define(mnemonic: str, members: dict[str, object], names: tuple[str, ...], doc: str) -> type[RegularOp]:
    traits: list[OpTrait] = [] if IMPURE.match(mnemonic) else [Pure()]
    if COMMUTATIVE.match(mnemonic):
        traits.append(Commutative())
    body = {
        "__doc__": doc,
        "__module__": __name__,
        "name": f"vm.{mnemonic}",
        "assembly_format": _format(mnemonic, names),
        "traits": traits_def(*traits),
        **members,
    }
    return irdl_op_definition(type(mnemonic.title().replace(".", "") + "Op", (RegularOp,), body))


def _from_opcode(mnemonic: str) -> type[RegularOp]:
    members: dict[str, object] = {}
    for field in BY_MNEMONIC[mnemonic].fields:
        # `global` is a keyword of Python; the property keeps its name in text
        attribute = "global_" if field.name == "global" else field.name
        match field.kind:
            case Kind.REGISTER if field.result:
                members[attribute] = result_def(_constraint(field, mnemonic))
            case Kind.REGISTER:
                members[field.name] = operand_def(_constraint(field, mnemonic))
            case Kind.REGISTERS:
                members[attribute] = var_operand_def(_constraint(field, mnemonic))
            case Kind.CONSTANT:
                integer = field.bank in (Bank.I32, Bank.I64)
                constraint = (IntegerAttr if integer else FloatAttr).constr(EqAttrConstraint(SCALARS[field.bank]))  # pyright: ignore
                members[attribute] = prop_def(constraint)
            case Kind.GLOBAL | Kind.RODATA:
                members[attribute] = prop_def(FlatSymbolRefAttrConstr, prop_name=field.name)
            case _:
                pass  # types are derived from the values
    if mnemonic.startswith("global.load.") and ".indirect." not in mnemonic:
        members["is_immutable"] = opt_prop_def(UnitAttr)
    names = tuple(f.name for f in BY_MNEMONIC[mnemonic].fields if f.kind is not Kind.TYPE)
    return _define(mnemonic, members, names, f"One `{mnemonic}` instruction.")


def _from_pseudo(mnemonic: str) -> type[RegularOp]:
    operands, result = PSEUDO[mnemonic]
    names = ("operand",) if len(operands) == 1 else ("lhs", "rhs")
    members: dict[str, object] = {n: operand_def(EqAttrConstraint(t)) for n, t in zip(names, operands, strict=True)}
    members["result"] = result_def(EqAttrConstraint(result))
    return _define(mnemonic, members, (*names, "result"), f"`{mnemonic}`, which expands to real instructions before bytecode is made.")


OPS: dict[str, type[RegularOp]] = {
    **{op.mnemonic: _from_opcode(op.mnemonic) for op in OPCODES if op.mnemonic not in IRREGULAR},
    **{mnemonic: _from_pseudo(mnemonic) for mnemonic in PSEUDO},
}


def _from_any_ref() -> type[RegularOp]:
    members: dict[str, object] = {"operand": operand_def(ANY_REFERENCE), "result": result_def(ANY_REFERENCE)}
    return _define("cast.ref.any", members, ("operand", "result"), "A reference seen as one of any type; always succeeds.")


OPS["cast.ref.any"] = _from_any_ref()


def is_zero_constant(op: Operation) -> bool:
    """Whether `op` is one of the `vm.const.*.zero` ops."""
    return isinstance(op, RegularOp) and op.mnemonic.startswith("const.") and op.mnemonic.endswith(".zero")
