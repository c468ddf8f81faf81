"""What each VM operation means in Python: one template a mnemonic, filled with register names and integers.

Scalars are Python integers kept in signed range, or floats (f32 values are rounded after every operation). An expression becomes
`result = ...`; a statement stands as it is. Control flow, calls and what takes types or strings are in `translate`.
"""

from __future__ import annotations


def _wrap(expression: str, bits: int) -> str:
    """The expression brought back into the signed range."""
    half = 1 << (bits - 1)
    return f"(({expression}) + {half} & {2 * half - 1}) - {half}"


def _mask(operand: str, bits: int) -> str:
    return f"({{{operand}}} & {(1 << bits) - 1})"


def _integers(bits: int) -> dict[str, str]:
    t = f"i{bits}"
    lhs, rhs = _mask("lhs", bits), _mask("rhs", bits)
    amount = f"({{amount}} & {bits - 1})"
    expressions = {
        f"add.{t}": _wrap("{lhs} + {rhs}", bits),
        f"sub.{t}": _wrap("{lhs} - {rhs}", bits),
        f"mul.{t}": _wrap("{lhs} * {rhs}", bits),
        f"fma.{t}": _wrap("{a} * {b} + {c}", bits),
        f"div.{t}.s": _wrap("div_signed({lhs}, {rhs})", bits),
        f"rem.{t}.s": "rem_signed({lhs}, {rhs})",
        f"div.{t}.u": _wrap(f"{lhs} // {rhs} if {{rhs}} else -1", bits),
        f"rem.{t}.u": _wrap(f"{lhs} % {rhs} if {{rhs}} else {{lhs}}", bits),
        f"abs.{t}": _wrap("-{operand} if {operand} < 0 else {operand}", bits),
        f"not.{t}": "~{operand}",
        f"and.{t}": "{lhs} & {rhs}",
        f"or.{t}": "{lhs} | {rhs}",
        f"xor.{t}": "{lhs} ^ {rhs}",
        f"shl.{t}": _wrap(f"{{operand}} << {amount}", bits),
        f"shr.{t}.s": f"{{operand}} >> {amount}",
        f"shr.{t}.u": _wrap(f"{_mask('operand', bits)} >> {amount}", bits),
        f"ctlz.{t}": f"{bits} - {_mask('operand', bits)}.bit_length()",
        f"cmp.eq.{t}": "1 if {lhs} == {rhs} else 0",
        f"cmp.ne.{t}": "1 if {lhs} != {rhs} else 0",
        f"cmp.lt.{t}.s": "1 if {lhs} < {rhs} else 0",
        f"cmp.lt.{t}.u": f"1 if {lhs} < {rhs} else 0",
        f"cmp.nz.{t}": "1 if {operand} else 0",
        f"min.{t}.s": "{lhs} if {lhs} < {rhs} else {rhs}",
        f"max.{t}.s": "{rhs} if {lhs} < {rhs} else {lhs}",
        f"min.{t}.u": f"{{lhs}} if {lhs} < {rhs} else {{rhs}}",
        f"max.{t}.u": f"{{rhs}} if {lhs} < {rhs} else {{lhs}}",
    }
    return expressions | _common(t)


def _common(t: str) -> dict[str, str]:
    """What every scalar type has."""
    return {
        f"const.{t}": "{value}",
        f"select.{t}": "{true_value} if {condition} else {false_value}",
        f"global.load.indirect.{t}": f"globals_.load_{t}({{global}})",
        f"list.get.{t}": f"{{list}}.get_{t}({{index}})",
        f"buffer.load.{t}": f"{{source_buffer}}.load_{t}({{source_offset}})",
    }


_UNARY_MATH = (
    *("ceil", "floor", "round", "atan", "cos", "sin", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2"),
    *("rsqrt", "sqrt", "tanh", "erf"),
)


def _floats(t: str) -> dict[str, str]:
    def rounded(expression: str) -> str:
        return f"round_f32({expression})" if t == "f32" else expression

    expressions = {f"{name}.{t}": rounded(f"math_.{name}({{operand}})") for name in _UNARY_MATH}
    expressions |= {f"{name}.{t}": rounded(f"math_.{name}({{lhs}}, {{rhs}})") for name in ("div", "rem", "atan2", "pow")}
    expressions |= {
        f"const.{t}.zero": "0.0",
        f"add.{t}": rounded("{lhs} + {rhs}"),
        f"sub.{t}": rounded("{lhs} - {rhs}"),
        f"mul.{t}": rounded("{lhs} * {rhs}"),
        f"fma.{t}": rounded(f"{rounded('{a} * {b}')} + {{c}}"),
        f"abs.{t}": "math_.abs({operand})",
        f"neg.{t}": "-{operand}",
        f"round.{t}.even": "math_.round_even({operand})",
        f"min.{t}": "{rhs} if {rhs} < {lhs} else {lhs}",
        f"max.{t}": "{rhs} if {lhs} < {rhs} else {lhs}",
        f"cmp.nan.{t}": "1 if {operand} != {operand} else 0",
        f"cast.si32.{t}": rounded("math_.from_integer({operand})"),
        f"cast.si64.{t}": "math_.from_integer({operand})" if t == "f64" else "math_.f32_from_integer({operand})",
        f"cast.ui32.{t}": rounded(f"math_.from_integer({_mask('operand', 32)})"),
        f"cast.ui64.{t}": f"math_.{'' if t == 'f64' else 'f32_'}from_integer({_mask('operand', 64)})",
    }
    for bits in (32, 64):
        expressions[f"cast.{t}.si{bits}"] = f"math_.to_integer({{operand}}, {-(1 << bits - 1)}, {(1 << bits - 1) - 1})"
        expressions[f"cast.{t}.ui{bits}"] = _wrap(f"math_.to_integer({{operand}}, 0, {(1 << bits) - 1})", bits)
    for name, test in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("lte", "<=")):
        unordered = "{lhs} != {lhs} or {rhs} != {rhs}"
        expressions[f"cmp.{name}.{t}.o"] = f"1 if {{lhs}} {test} {{rhs}} else 0"
        expressions[f"cmp.{name}.{t}.u"] = f"1 if {unordered} or {{lhs}} {test} {{rhs}} else 0"
    return expressions | _common(t)


def _narrow(bits: int, signed: bool) -> str:
    return _wrap("{operand}", bits) if signed else _mask("operand", bits)


EXPRESSIONS: dict[str, str] = {
    **_integers(32),
    **_integers(64),
    **_floats("f32"),
    **_floats("f64"),
    "const.i32.zero": "0",
    "const.i64.zero": "0",
    "const.ref.zero": "None",
    "const.ref.rodata": "rodata[{rodata}]",
    "trunc.i32.i8": _narrow(8, False),
    "trunc.i32.i16": _narrow(16, False),
    "trunc.i64.i32": _narrow(32, True),
    "ext.i8.i32.s": _narrow(8, True),
    "ext.i8.i32.u": _narrow(8, False),
    "ext.i16.i32.s": _narrow(16, True),
    "ext.i16.i32.u": _narrow(16, False),
    "ext.i32.i64.s": "{operand}",
    "ext.i32.i64.u": _narrow(32, False),
    "trunc.f64.f32": "round_f32({operand})",
    "ext.f32.f64": "{operand}",
    "bitcast.i32.f32": "math_.bitcast('<i', '<f', {operand})",
    "bitcast.f32.i32": "math_.bitcast('<f', '<i', {operand})",
    "bitcast.i64.f64": "math_.bitcast('<q', '<d', {operand})",
    "bitcast.f64.i64": "math_.bitcast('<d', '<q', {operand})",
    "cmp.eq.ref": "1 if {lhs} is {rhs} else 0",
    "cmp.ne.ref": "1 if {lhs} is not {rhs} else 0",
    "cmp.nz.ref": "1 if {operand} is not None else 0",
    "select.ref": "{true_value} if {condition} else {false_value}",
    "assign.ref": "{operand}",
    "cast.any.ref": "cast_ref({operand}, types[{type}])",
    "global.load.ref": "refs[{global}]",
    "global.load.indirect.ref": "globals_.load_ref({global})",
    "list.alloc": "new_list({initial_capacity})",
    "list.size": "{list}.size()",
    "list.get.ref": "{list}.get_ref({index}, types[{type}])",
    "buffer.alloc": "new_buffer({length}, {alignment})",
    "buffer.clone": "{source_buffer}.clone({source_offset}, {length}, {alignment})",
    "buffer.length": "{buffer}.length()",
    "buffer.compare": "{lhs_buffer}.compare({lhs_offset}, {rhs_buffer}, {rhs_offset}, {length})",
    "buffer.hash": "{source_buffer}.hash({source_offset}, {length})",
    "buffer.load.i8.u": "{source_buffer}.load_u8({source_offset})",
    "buffer.load.i8.s": "{source_buffer}.load_i8({source_offset})",
    "buffer.load.i16.u": "{source_buffer}.load_u16({source_offset})",
    "buffer.load.i16.s": "{source_buffer}.load_i16({source_offset})",
}

STATEMENTS: dict[str, str] = {
    "global.store.ref": "refs[{global}] = {value}",
    "global.store.indirect.ref": "globals_.store_ref({global}, {value})",
    "list.reserve": "{list}.reserve({minimum_capacity})",
    "list.resize": "{list}.resize({new_size})",
    "list.set.ref": "{list}.set({index}, {value})",
    "buffer.copy": "{source_buffer}.copy({source_offset}, {target_buffer}, {target_offset}, {length})",
    "buffer.store.i8": "{target_buffer}.store_i8({target_offset}, {value})",
    "buffer.store.i16": "{target_buffer}.store_i16({target_offset}, {value})",
    "buffer.fill.i8": "{target_buffer}.fill_i8({target_offset}, {length}, {value})",
    "buffer.fill.i16": "{target_buffer}.fill_i16({target_offset}, {length}, {value})",
    "trace": "",
    "print": "",
    "discard.refs": "",
    **{f"global.store.indirect.{t}": f"globals_.store_{t}({{global}}, {{value}})" for t in ("i32", "i64", "f32", "f64")},
    **{f"list.set.{t}": "{list}.set({index}, {value})" for t in ("i32", "i64", "f32", "f64")},
    **{f"buffer.store.{t}": f"{{target_buffer}}.store_{t}({{target_offset}}, {{value}})" for t in ("i32", "i64", "f32", "f64")},
    **{f"buffer.fill.{t}": f"{{target_buffer}}.fill_{t}({{target_offset}}, {{length}}, {{value}})" for t in ("i32", "i64", "f32", "f64")},
}
