"""Bytecode means what the VM's operations mean, whatever values it meets."""

from __future__ import annotations

import ctypes
import math
import random
import struct
from collections.abc import Callable

import numpy as np
import pytest
from small_modules import context, imports, ref, rodata, straight

from pyrie.format.encoder import FunctionEncoder
from pyrie.format.opcodes import OPCODES, Bank, Kind
from pyrie.runtime.native import cpu
from pyrie.runtime.vm.objects import VMBuffer, VMList, siphash
from pyrie.runtime.vm.operations import EXPRESSIONS, STATEMENTS
from pyrie.support.errors import DeviceError, InputError

SEED = 20261123
LETTER = {Bank.I32: "i", Bank.I64: "I", Bank.F32: "f", Bank.F64: "F", Bank.REF: "r"}
EDGES = {
    Bank.I32: [0, 1, -1, 2, 31, 32, 255, -128, 0x7FFFFFFF, -0x80000000],
    Bank.I64: [0, 1, -1, 63, 64, 1 << 31, -(1 << 31), (1 << 63) - 1, -(1 << 63)],
    Bank.F32: [0.0, -0.0, 1.0, -1.5, 0.5, 2.5, 1e30, -1e-30, math.inf, -math.inf, math.nan, 3.25, 16777216.0],
    Bank.F64: [0.0, -0.0, 1.0, -1.5, 0.5, 2.5, 1e300, -1e-300, math.inf, -math.inf, math.nan, 3.25, 2.0**60],
}


def signed(value: int, bits: int) -> int:
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def unsigned(value: int, bits: int) -> int:
    return value % (1 << bits)


def c_div(a: int, b: int) -> int:
    return -1 if b == 0 else int(math.copysign(1, a) * math.copysign(1, b)) * (abs(a) // abs(b))


def c_rem(a: int, b: int) -> int:
    return a if b == 0 else a - b * c_div(a, b)


def integer_models(bits: int) -> dict[str, Callable[..., int]]:
    t = f"i{bits}"
    u = lambda v: unsigned(v, bits)  # noqa: E731
    models = {
        f"add.{t}": lambda a, b: a + b, f"sub.{t}": lambda a, b: a - b, f"mul.{t}": lambda a, b: a * b,
        f"fma.{t}": lambda a, b, c: a * b + c,
        f"div.{t}.s": c_div, f"rem.{t}.s": c_rem,
        f"div.{t}.u": lambda a, b: u(a) // u(b) if b else -1, f"rem.{t}.u": lambda a, b: u(a) % u(b) if b else a,
        f"abs.{t}": abs, f"not.{t}": lambda a: -1 - a, f"ctlz.{t}": lambda a: f"{u(a):0{bits}b}".find("1") if a else bits,
        f"and.{t}": lambda a, b: u(a) & u(b), f"or.{t}": lambda a, b: u(a) | u(b), f"xor.{t}": lambda a, b: u(a) ^ u(b),
        f"shl.{t}": lambda a, n: a << n % bits, f"shr.{t}.s": lambda a, n: a >> n % bits, f"shr.{t}.u": lambda a, n: u(a) >> n % bits,
        f"min.{t}.s": min, f"max.{t}.s": max, f"min.{t}.u": lambda a, b: min(u(a), u(b)), f"max.{t}.u": lambda a, b: max(u(a), u(b)),
        f"cmp.eq.{t}": lambda a, b: a == b, f"cmp.ne.{t}": lambda a, b: a != b, f"cmp.nz.{t}": lambda a: a != 0,
        f"cmp.lt.{t}.s": lambda a, b: a < b, f"cmp.lt.{t}.u": lambda a, b: u(a) < u(b),
        f"select.{t}": lambda c, a, b: a if c else b,
    }  # fmt: skip
    return {name: (lambda *v, f=model: signed(int(f(*v)), bits)) for name, model in models.items()}


CONVERSIONS = {
    "trunc.i32.i8": lambda a: a & 0xFF, "trunc.i32.i16": lambda a: a & 0xFFFF, "trunc.i64.i32": lambda a: signed(a, 32),
    "ext.i8.i32.s": lambda a: signed(a, 8), "ext.i8.i32.u": lambda a: a & 0xFF, "ext.i16.i32.s": lambda a: signed(a, 16),
    "ext.i16.i32.u": lambda a: a & 0xFFFF, "ext.i32.i64.s": lambda a: a, "ext.i32.i64.u": lambda a: unsigned(a, 32),
    "bitcast.i32.f32": lambda a: ctypes.c_float.from_buffer(ctypes.c_int32(a)).value,
    "bitcast.i64.f64": lambda a: ctypes.c_double.from_buffer(ctypes.c_int64(a)).value,
}  # fmt: skip
INTEGER_MODELS = integer_models(32) | integer_models(64) | CONVERSIONS


def float_models(t: str) -> dict[str, Callable[..., float]]:
    """By numpy, which computes each of these in the type itself."""
    n: Callable[[float], np.floating] = np.float32 if t == "f32" else np.float64
    unordered = lambda a, b: a != a or b != b  # noqa: E731, PLR0124
    models = {
        f"add.{t}": lambda a, b: n(a) + n(b), f"sub.{t}": lambda a, b: n(a) - n(b), f"mul.{t}": lambda a, b: n(a) * n(b),
        f"div.{t}": lambda a, b: n(a) / n(b), f"fma.{t}": lambda a, b, c: n(a) * n(b) + n(c), f"neg.{t}": lambda a: -n(a),
        f"abs.{t}": lambda a: np.abs(n(a)), f"ceil.{t}": lambda a: np.ceil(n(a)), f"floor.{t}": lambda a: np.floor(n(a)),
        f"sqrt.{t}": lambda a: np.sqrt(n(a)), f"round.{t}.even": lambda a: np.rint(n(a)),
        f"round.{t}": lambda a: np.copysign(np.floor(np.abs(a) + 0.5), a) if abs(a) < 2**23 else a,
        f"min.{t}": lambda a, b: b if b < a else a, f"max.{t}": lambda a, b: b if a < b else a,
        f"cmp.eq.{t}.o": lambda a, b: a == b, f"cmp.eq.{t}.u": lambda a, b: unordered(a, b) or a == b,
        f"cmp.ne.{t}.o": lambda a, b: a != b, f"cmp.ne.{t}.u": lambda a, b: unordered(a, b) or a != b,
        f"cmp.lt.{t}.o": lambda a, b: a < b, f"cmp.lt.{t}.u": lambda a, b: unordered(a, b) or a < b,
        f"cmp.lte.{t}.o": lambda a, b: a <= b, f"cmp.lte.{t}.u": lambda a, b: unordered(a, b) or a <= b,
        f"cmp.nan.{t}": lambda a: a != a,  # noqa: PLR0124
        f"cast.si32.{t}": n, f"cast.si64.{t}": n, f"cast.ui32.{t}": lambda a: n(unsigned(a, 32)),
        f"cast.ui64.{t}": lambda a: n(unsigned(a, 64)),
        f"select.{t}": lambda c, a, b: a if c else b,
    }  # fmt: skip
    for function in (np.cos, np.sin, np.exp, np.exp2, np.expm1, np.log, np.log10, np.log1p, np.log2, np.tanh):
        models[f"{function.__name__}.{t}"] = lambda a, f=function: f(np.float64(a))
    models[f"atan.{t}"] = lambda a: np.arctan(np.float64(a))
    models[f"atan2.{t}"] = lambda a, b: np.arctan2(np.float64(a), np.float64(b))
    models[f"pow.{t}"] = lambda a, b: math.inf if a == -math.inf and 0 < b != round(b) else np.power(np.float64(a), np.float64(b))
    models[f"rsqrt.{t}"] = lambda a: np.float64(1) / np.sqrt(np.float64(a))
    return models


FLOAT_MODELS = float_models("f32") | float_models("f64")
BY_MNEMONIC = {op.mnemonic: op for op in OPCODES}


def call_of(mnemonic: str):
    """One opcode as a Python function, through the whole of verifier and translator."""
    fields = [f for f in BY_MNEMONIC[mnemonic].fields if f.kind is Kind.REGISTER]
    operands, result = [f for f in fields if not f.result], fields[-1]
    convention = "0" + "".join(LETTER[f.bank] for f in operands) + "_" + LETTER[result.bank]
    registers, at = [], 0
    for f in operands:
        at += at & 1 if f.bank.is_wide else 0
        registers.append(at)
        at += 2 if f.bank.is_wide else 1
    body = straight((mnemonic, *registers, 40), ("return", (40,)))
    made = context({"f": (convention, body)})
    return [f.bank for f in operands], result.bank, lambda *values: made.call("f", *values)


def samples(banks: list[Bank], count: int) -> list[tuple]:
    generator = random.Random(SEED)

    def value(bank: Bank):
        if generator.random() < 0.7:
            return generator.choice(EDGES[bank])
        if bank in (Bank.I32, Bank.I64):
            bits = 32 if bank is Bank.I32 else 64
            return signed(generator.getrandbits(bits), bits)
        wide = generator.uniform(-100, 100)
        return struct.unpack("f", struct.pack("f", wide))[0] if bank is Bank.F32 else wide

    return [tuple(value(b) for b in banks) for _ in range(count)]


@pytest.mark.parametrize("mnemonic", sorted(INTEGER_MODELS))
def test_integer_operations(mnemonic: str):
    banks, _, call = call_of(mnemonic)
    for values in samples(banks, 60):
        expected, actual = INTEGER_MODELS[mnemonic](*values), call(*values)
        assert actual == expected or (expected != expected and actual != actual), f"{mnemonic}{values}, seed {SEED}"  # noqa: PLR0124


@pytest.mark.parametrize("mnemonic", sorted(FLOAT_MODELS))
def test_float_operations(mnemonic: str):
    banks, result, call = call_of(mnemonic)
    dtype = {Bank.F32: np.float32, Bank.F64: np.float64}.get(result, np.int64)
    for values in samples(banks, 60):
        with np.errstate(all="ignore"):
            expected = dtype(FLOAT_MODELS[mnemonic](*values))
        actual = dtype(call(*values))
        ulp = 0 if dtype is np.int64 else abs(np.spacing(expected)) if np.isfinite(expected) else 0
        close = actual == expected or (np.isnan(actual) and np.isnan(expected)) or abs(actual - expected) <= 2 * ulp
        assert close, f"{mnemonic}{values}: {actual}, expected {expected}, seed {SEED}"


def test_every_operation_has_a_meaning():
    elsewhere = {"import.resolved", "block"}
    for op in OPCODES:
        handled = op.mnemonic in EXPRESSIONS or op.mnemonic in STATEMENTS or op.is_terminator
        fixed_global = op.mnemonic.startswith("global.") and op.mnemonic.count(".") == 2
        assert handled or fixed_global or op.mnemonic.startswith(("call", "switch.")) or op.mnemonic in elsewhere, op.mnemonic


@pytest.mark.parametrize(
    "mnemonic, value, expected",
    [
        ("cast.f32.si32", 2.5, 3), ("cast.f32.si32", -2.5, -3), ("cast.f32.si32", math.nan, 0), ("cast.f32.si32", 1e20, 0x7FFFFFFF),
        ("cast.f32.si32", -math.inf, -0x80000000), ("cast.f32.ui32", 3e9, signed(3_000_000_000, 32)), ("cast.f64.si64", -1e300, -(1 << 63)),
        ("cast.f64.ui64", 1e19, signed(10**19, 64)), ("cast.f64.ui32", -5.0, 0), ("cast.f32.si64", 1.5, 2),
    ],
)  # fmt: skip
def test_floats_to_integers_round_and_saturate(mnemonic: str, value: float, expected: int):
    assert call_of(mnemonic)[2](value) == expected


def test_globals_survive_calls_and_belong_to_one_context():
    functions = {
        "bump": ("0v_I", straight(
            ("global.load.i64", 8, 0), ("const.i64", 5, 2), ("add.i64", 0, 2, 0), ("global.store.i64", 8, 0), ("return", (0,)),
        )),
        "peek": ("0i_i", straight(("global.load.indirect.i32", 0, 1), ("return", (1,)))),
        "__init": ("0v_v", straight(("const.i64", 1 << 32, 0), ("global.store.i64", 8, 0), ("return", ()))),
    }  # fmt: skip
    first, second = context(functions, global_bytes=16), context(functions, global_bytes=16)
    assert [first.call("bump") for _ in range(2)] == [(1 << 32) + 5, (1 << 32) + 10]
    assert second.call("bump") == (1 << 32) + 5
    assert first.call("peek", 12) == 1
    with pytest.raises(DeviceError, match=r"16\.\.20") as caught:
        first.call("peek", 16)
    assert caught.value.code == "OUT_OF_RANGE"
    assert first.module.is_stateful


def collatz(f: FunctionEncoder) -> None:
    """Counts steps: a loop with a header, a branch and a join, values passed as branch operands."""
    n, steps, one, two, three, test = 0, 2, 4, 6, 8, 10
    f.block("entry")
    for register, value in ((steps, 0), (one, 1), (two, 2), (three, 3)):
        f.append("const.i64", value, register)
    f.append("br", "head", ((n, 20), (1, 21), (steps, 22), (3, 23)))
    f.block("head")
    f.append("cmp.lt.i64.s", one, 20, test)
    f.append("cond_br", test, "body", (), "done", ((22, 24), (23, 25)))
    f.block("body")
    f.append("add.i64", 22, one, 22)
    f.append("rem.i64.s", 20, two, 12)
    f.append("cmp.nz.i64", 12, test)
    f.append("cond_br", test, "odd", (), "even", ())
    f.block("odd")
    f.append("fma.i64", 20, three, one, 14)
    f.append("br", "head", ((14, 20), (15, 21)))
    f.block("even")
    f.append("div.i64.s", 20, two, 14)
    f.append("br", "head", ((14, 20), (15, 21)))
    f.block("done")
    f.append("return", (24,))


def test_loops():
    made = context({"collatz": ("0I_I", collatz)})
    assert [made.call("collatz", n) for n in (1, 6, 27, 97)] == [0, 8, 111, 118]


def test_branch_operands_swap_through_a_scratch_register():
    def body(f: FunctionEncoder) -> None:
        f.block(0)
        f.append("br", 1, ((0, 9), (1, 0), (9, 1)))
        f.block(1)
        f.append("return", (0, 1))

    assert context({"swap": ("0ii_ii", body)}).call("swap", 3, 4) == (4, 3)


def test_branch_tables_and_switches():
    def table(f: FunctionEncoder) -> None:
        f.block(0)
        f.append("br_table", 0, "other", (), (("zero", ()), ("one", ())))
        for label, value in (("zero", 100), ("one", 101), ("other", 102)):
            f.block(label)
            f.append("const.i32", value, 5)
            f.append("return", (5,))

    switch = straight(("const.i32", 7, 1), ("const.i32", 8, 2), ("const.i32", 9, 3), ("switch.i32", 0, 1, (2, 3), 4), ("return", (4,)))
    made = context({"table": ("0i_i", table), "switch": ("0i_i", switch)})
    assert [made.call("table", n) for n in (0, 1, 2, -1)] == [100, 101, 102, 102]
    assert [made.call("switch", n) for n in (0, 1, 2, -1)] == [8, 9, 7, 7]


def deep(levels: int):
    def body(f: FunctionEncoder) -> None:
        for level in range(levels):
            f.block(level)
            f.append("const.i32", level, 1)
            f.append("cmp.lt.i32.s", 1, 0, 2)
            f.append("cond_br", 2, level + 1, (), ("end", level), ())
        f.block(levels)
        f.append("const.i32", levels, 1)
        f.append("return", (1,))
        for level in range(levels):
            f.block(("end", level))
            f.append("const.i32", level, 1)
            f.append("return", (1,))

    return body


@pytest.mark.parametrize("levels", [3, 19, 20, 21, 22, 40, 300])
def test_nesting_is_bounded(levels: int):
    made = context({"deep": ("0i_i", deep(levels))})
    assert [made.call("deep", n) for n in (0, 1, levels - 1, levels)] == [0, 1, levels - 1, levels]


def test_fail_carries_code_and_message():
    def body(f: FunctionEncoder) -> None:
        f.block(0)
        f.append("cond_br", 0, 1, (), 2, ())
        f.block(1)
        f.append("fail", 0, "the weather '\"\\n{}' is bad")
        f.block(2)
        f.append("return", ())

    made = context({"f": ("0i_v", body)})
    assert made.call("f", 0) is None
    with pytest.raises(DeviceError, match="the weather '\"") as caught:
        made.call("f", 9)
    assert caught.value.code == "FAILED_PRECONDITION"


def test_calls_between_functions_and_recursion():
    def factorial(f: FunctionEncoder) -> None:
        f.block(0)
        f.append("const.i64", 1, 2)
        f.append("cmp.lt.i64.s", 2, 0, 6)
        f.append("cond_br", 6, 1, (), 2, ())
        f.block(1)
        f.append("sub.i64", 0, 2, 4)
        f.append("call", 0, (4,), (8,))
        f.append("mul.i64", 8, 0, 8)
        f.append("return", (8,))
        f.block(2)
        f.append("return", (2,))

    forever = straight(("call", 1, (), ()), ("return", ()))
    made = context({"factorial": ("0I_I", factorial), "forever": ("0v_v", forever)})
    assert made.call("factorial", 10) == math.factorial(10)
    with pytest.raises(DeviceError) as caught:
        made.call("forever")
    assert caught.value.code == "RESOURCE_EXHAUSTED"


def test_lists():
    body = straight(
        ("const.i32", 3, 0), ("list.alloc", 0, 0, ref(0)), ("list.resize", ref(0), 0), ("const.i64", 1 << 40 | 7, 2), ("const.i32.zero", 1),
        ("list.set.i64", ref(0), 1, 2), ("list.get.i32", ref(0), 1, 4), ("list.size", ref(0), 5), ("return", (4, 5, ref(0, move=True))),
    )  # fmt: skip
    get = straight(("list.get.i32", ref(0), 0, 1), ("return", (1,)))
    made = context({"make": ("0v_iir", body), "get": ("0ir_i", get)}, types=("!vm.list<?>",))
    seven, size, values = made.call("make")
    assert (seven, size) == (7, 3)
    assert isinstance(values, VMList)
    assert made.call("get", 2, values) == 0
    for index in (3, -1):
        with pytest.raises(DeviceError) as caught:
            made.call("get", index, values)
        assert caught.value.code == "OUT_OF_RANGE"


def test_buffers():
    make = straight(("const.i32", 8, 2), ("buffer.alloc", 0, 2, ref(0)), ("return", (ref(0, move=True),)))
    poke = straight(
        ("buffer.store.i16", ref(0), 0, 2), ("buffer.load.i8.s", ref(0), 0, 3), ("buffer.load.i16.u", ref(0), 0, 4), ("return", (3, 4))
    )
    made = context({"make": ("0I_r", make), "poke": ("0rIi_ii", poke)})
    buffer = made.call("make", 16)
    assert buffer.length() == 16
    assert made.call("poke", buffer, 2, -2) == (0, 0xFFFE)  # i16 element 2 is bytes 4 and 5, i8 element 2 is byte 2
    assert made.call("poke", buffer, 1, 0x1FF80) == (-128 if buffer.load_u8(1) == 0x80 else 0, 0xFF80)
    with pytest.raises(DeviceError, match=r"16\.\.18"):
        made.call("poke", buffer, 8, 1)
    constant = VMBuffer(memoryview(b"12345678"), is_mutable=False)
    with pytest.raises(DeviceError) as caught:
        made.call("poke", constant, 0, 1)
    assert caught.value.code == "PERMISSION_DENIED"
    buffer.fill_i32(1, 2, -1)
    assert bytes(buffer.data[:16]) == bytes([0, 0, 0x80, 0xFF]) + b"\xff" * 8 + b"\0" * 4
    with pytest.raises(DeviceError) as caught:
        made.call("make", -1)
    assert caught.value.code == "INVALID_ARGUMENT"


def test_rodata_hashes_and_comparisons():
    body = straight(
        ("const.ref.rodata", 0, ref(0)), ("const.ref.rodata", 1, ref(1)), ("const.i64", 0, 0), ("const.i64", 8, 2),
        ("buffer.compare", ref(0), 0, ref(1), 0, 2, 4), ("buffer.hash", ref(0), 0, 2, 6), ("return", (4, 6)),
    )  # fmt: skip
    made = context({"f": ("0v_iI", body)}, rodata=rodata(bytes(range(8)), bytes(range(8)) + b"tail"))
    equal, value = made.call("f")
    assert equal == 1
    assert value == siphash(bytes(range(8))) == signed(0x93F5F5799A932462, 64), "the published SipHash-2-4 vector of 8 bytes"


@pytest.mark.parametrize("target", [None, 3, "text"])
def test_null_and_wrong_references_are_errors(target: object):
    made = context({"f": ("0r_I", straight(("buffer.length", ref(0), 0), ("return", (0,))))})
    with pytest.raises(DeviceError, match="null reference or a value of the wrong kind"):
        made.call("f", target)


def test_casts_check_the_type():
    body = straight(("cast.any.ref", ref(0), 0, ref(1)), ("return", (ref(1),)))
    made = context({"f": ("0r_r", body)}, types=("!vm.buffer",))
    buffer = VMBuffer.allocate(1)
    assert made.call("f", buffer) is buffer
    assert made.call("f", None) is None
    with pytest.raises(DeviceError, match="VMList was cast to VMBuffer"):
        made.call("f", VMList())


def test_imports():
    known, unknown = imports(hal__devices__count="0v_i"), imports(nowhere__function="0v_v")
    count = straight(("call", 0x80000000, (), (0,)), ("return", (0,)))
    assert context({"count": ("0v_i", count)}, imports=known).call("count") == 1
    with pytest.raises(DeviceError, match=r"nowhere\.function"):
        context({"count": ("0v_i", count)}, imports=(*known, *unknown))
    with pytest.raises(DeviceError, match=r"hal\.devices\.count"):
        context({}, imports=imports(hal__devices__count="0v_I"))


def test_optional_imports_can_be_asked_about():
    (missing,) = imports(hal__not__yet="0v_v")
    optional = type(missing)(missing.name, missing.signature, is_optional=True)
    ask = straight(("import.resolved", 0x80000000, 0), ("return", (0,)))
    use = straight(("call", 0x80000000, (), ()), ("return", ()))
    made = context({"ask": ("0v_i", ask), "use": ("0v_v", use)}, imports=(optional,))
    assert made.call("ask") == 0
    with pytest.raises(DeviceError, match=r"hal\.not\.yet"):
        made.call("use")


def test_wrong_calls_are_refused():
    made = context({"f": ("0i_i", straight(("return", (0,))))})
    with pytest.raises(InputError, match="takes 1 arguments, not 2"):
        made.call("f", 1, 2)
    with pytest.raises(InputError, match="no function 'g'"):
        made.call("g")


def test_cpu_features_are_checked_before_anything_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cpu, "features", lambda: {"avx2": True, "fma": False, "avx512f": False})
    functions = {"f": ("0v_v", straight(("return", ())))}
    assert context(functions, attributes=(("pyrie.cpu_features", "avx2,unheard-of"),)).call("f") is None
    with pytest.raises(DeviceError, match=r"fma, avx512f.*\n.*--target=generic") as caught:
        context(functions, attributes=(("pyrie.cpu_features", "avx2,fma,avx512f"),))
    assert caught.value.code == "INCOMPATIBLE"
