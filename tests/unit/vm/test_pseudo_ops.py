"""Ops without an instruction of their own compute what they say, in the real VM and in ours."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import iree.runtime as iree
import pytest

from pyrie.dialects import vm
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.passes.vm.bytecode import emit_module
from pyrie.passes.vm.bytecode.expand_pseudo_ops import EXPANSIONS
from pyrie.runtime.context import load
from pyrie.support.errors import DeviceError

INTEGERS = (0, 1, -1, 127, -128, 300, -40000, 1 << 31 - 1)
FLOATS = (0.0, -0.0, 1.0, 1.0000001, -1.5, math.inf, math.nan)
RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "nz": lambda a, b: a != 0,
}


def unsigned(value: int, bits: int) -> int:
    return value & (1 << bits) - 1


def signed(value: int, bits: int) -> int:
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def expected(mnemonic: str, a: Any, b: Any) -> int:
    name, *types = mnemonic.split(".")
    if name == "trunc":
        return unsigned(a, int(types[1][1:]))
    if name == "ext":
        bits = int(types[0][1:])
        return signed(a, bits) if types[2] == "s" else unsigned(a, bits)
    relation, type, kind = types
    if kind == "u" and type[0] == "i":
        a, b = unsigned(a, int(type[1:])), unsigned(b, int(type[1:]))
    if kind == "near":
        return int(a == b or abs(a - b) < 1e-5 or (math.isnan(a) and math.isnan(b)))  # equal bits are near, whatever they mean
    if type[0] == "f" and any(math.isnan(v) for v in ((a,) if relation == "nz" else (a, b))):
        return int(kind == "u" or relation == "nz")  # not equal is true of what is not a number
    return int(RELATIONS[relation](a, b))


def function(mnemonic: str) -> tuple[str, tuple[str, ...], str]:
    """Text, argument types and result type of a function that applies one op."""
    operands, result = vm.PSEUDO[mnemonic]
    types = tuple(str(t) for t in operands)
    names = [f"%a{i}" for i in range(len(types))]
    arguments = ", ".join(f"{n}: {t}" for n, t in zip(names, types, strict=True))
    tail = f"{types[0]} -> {result}" if mnemonic.startswith(("trunc", "ext")) else types[0]
    name = mnemonic.replace(".", "_")
    return (
        (
            f"vm.func private @{name}({arguments}) -> {result} {{\n  %r = vm.{mnemonic} {', '.join(names)} : {tail}\n"
            f"  vm.return %r : {result}\n}}\nvm.export @{name}\n"
        ),
        types,
        str(result),
    )


TEXT = "vm.module public @m {\n" + "".join(function(m)[0] for m in vm.PSEUDO) + "}\n"


@pytest.fixture(scope="module")
def data() -> bytes:
    return emit_module(parse_module(TEXT, make_context()))


def test_every_pseudo_op_is_expanded():
    assert set(EXPANSIONS) == set(vm.PSEUDO)


def cases(mnemonic: str) -> list[tuple[Any, ...]]:
    types = function(mnemonic)[1]
    values = FLOATS if types[0][0] == "f" else tuple(v if types[0] == "i64" else signed(v, 32) for v in INTEGERS)
    return list(itertools.product(values, repeat=len(types)))


@pytest.mark.parametrize("mnemonic", vm.PSEUDO)
def test_our_vm(mnemonic: str, data: bytes):
    context = load(data)
    bits = 64 if function(mnemonic)[2] == "i64" else 32
    for arguments in cases(mnemonic):
        want = expected(mnemonic, arguments[0], arguments[-1])
        assert signed(context.call(mnemonic.replace(".", "_"), *arguments), bits) == want, arguments


@pytest.mark.interop
@pytest.mark.parametrize("mnemonic", [m for m in vm.PSEUDO if ".f64" not in m])
def test_the_real_vm(mnemonic: str, data: bytes):
    instance = iree.VmInstance()
    module = iree.VmModule.copy_buffer(instance, data)
    context = iree.VmContext(instance, modules=[module])
    called = module.lookup_function(mnemonic.replace(".", "_"))
    bits = 64 if function(mnemonic)[2] == "i64" else 32
    for values in cases(mnemonic):
        arguments, results = iree.VmVariantList(2), iree.VmVariantList(1)
        for value in values:
            (arguments.push_float if isinstance(value, float) else arguments.push_int)(value)
        context.invoke(called, arguments, results)
        assert signed(results.get_variant(0), bits) == expected(mnemonic, values[0], values[-1]), values


CHECKS = """vm.module public @m {
  vm.func private @check(%a: i32, %b: i64, %c: f32, %l: i32) -> i32 {
    vm.check.nz %a, "a is zero" : i32
    %0 = vm.const.i64 7
    vm.check.eq %b, %0, "b is not 7" : i64
    %1 = vm.const.f32 1.000000e+00
    vm.check.nearly_eq %c, %1, "c is not 1" : f32
    vm.check.ne %a, %l : i32
    %2 = vm.optimization_barrier %a : i32
    vm.cond_fail %l, %2, "l is set"
    vm.return %2 : i32
  }
  vm.export @check
}
"""


def test_checks_print_as_they_parse():
    text = print_module(parse_module(CHECKS, make_context()))
    assert print_module(parse_module(text, make_context())) == text
    assert 'vm.check.nearly_eq %arg2, %0, "c is not 1" : f32' in text
    assert "vm.check.ne %arg0, %arg3 : i32" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0, 7, 1.0, 0), "a is zero"), ((1, 8, 1.0, 0), "b is not 7"), ((1, 7, 1.1, 0), "c is not 1"), ((3, 7, 1.0, 5), "l is set")],
)
def test_checks_fail_with_their_message(arguments: tuple, message: str):
    context = load(emit_module(parse_module(CHECKS, make_context())))
    assert context.call("check", 3, 7, 1.0000001, 0) == 3
    with pytest.raises(DeviceError, match=message):
        context.call("check", *arguments)
    with pytest.raises(DeviceError):
        context.call("check", 2, 7, 1.0, 2)
