"""The meaning of arith and math: wrapping, IEEE specials, documented values of undefined cases, every width."""

# ruff: noqa: E501 - tables of one-line programs

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.interpreter import Interpreter
from pyrie.ir.parser import parse_module

SEED = 11


def evaluate(body: str, arguments: dict[str, tuple[str, object]], result: str) -> np.ndarray:
    """Runs one op on scalars: `arguments` maps names to (type, value)."""
    signature = ", ".join(f"%{name}: {type_}" for name, (type_, _) in arguments.items())
    text = f"func.func @f({signature}) -> {result} {{\n%r = {body}\nreturn %r : {result}\n}}"
    return Interpreter(parse_module(text, make_context())).call("f", *(value for _, value in arguments.values()))[0]


def binary(op: str, type_: str, a: object, b: object, result: str | None = None) -> object:
    return evaluate(f"{op} %a, %b : {type_}", {"a": (type_, a), "b": (type_, b)}, result or type_).item()


@pytest.mark.parametrize(
    "op, type_, a, b, expected",
    [
        ("arith.addi", "i8", 127, 1, -128),
        ("arith.muli", "i32", 2**31 - 1, 2, -2),
        ("arith.subi", "i64", -(2**63), 1, 2**63 - 1),
        ("arith.divsi", "i32", -7, 2, -3),
        ("arith.divsi", "i32", 7, 0, 0),
        ("arith.divsi", "i32", -(2**31), -1, -(2**31)),
        ("arith.remsi", "i32", -7, 2, -1),
        ("arith.remsi", "i32", 7, 0, 7),
        ("arith.remsi", "i32", -(2**31), -1, 0),
        ("arith.floordivsi", "i32", -7, 2, -4),
        ("arith.ceildivsi", "i32", -7, 2, -3),
        ("arith.ceildivsi", "i32", 7, 2, 4),
        ("arith.divui", "i8", -1, 2, 127),
        ("arith.remui", "i8", -1, 16, 15),
        ("arith.ceildivui", "i32", -1, 2, -(2**31)),
        ("arith.shli", "i32", 1, 31, -(2**31)),
        ("arith.shli", "i32", 1, 32, 0),
        ("arith.shrui", "i32", -1, 28, 15),
        ("arith.shrsi", "i32", -16, 2, -4),
        ("arith.shrsi", "i32", -16, 40, -1),
        ("arith.maxui", "i8", -1, 1, -1),
        ("arith.minsi", "i8", -1, 1, -1),
        ("arith.addi", "i1", True, True, False),
        ("arith.addi", "i4", 7, 1, -8),
        ("arith.muli", "i24", 2**22, 4, 0),
        ("arith.addi", "index", 2**62, 2**62, -(2**63)),
        ("arith.addf", "f32", 1e30, 1e30, float(np.float32(2e30))),
        ("arith.divf", "f32", 1.0, 0.0, math.inf),
        ("arith.maxnumf", "f32", math.nan, 1.0, 1.0),
        ("arith.maximumf", "f32", -0.0, 0.0, 0.0),
        ("arith.minimumf", "f32", 0.0, -0.0, -0.0),
        ("arith.remf", "f32", -7.5, 2.0, -1.5),
        ("arith.addf", "bf16", 256.0, 1.0, 256.0),
        ("arith.addf", "f16", 65504.0, 65504.0, math.inf),
        ("math.ipowi", "i32", 3, 5, 243),
        ("math.ipowi", "i32", 2, -1, 0),
        ("math.atan2", "f64", 1.0, -1.0, math.atan2(1.0, -1.0)),
        ("math.powf", "f32", 2.0, 10.0, 1024.0),
    ],
)
def test_binary(op: str, type_: str, a: object, b: object, expected: object):
    got = binary(op, type_, a, b)
    assert got == expected and math.copysign(1, float(got)) == math.copysign(1, float(expected)), got  # pyright: ignore


def test_maximum_propagates_nan():
    assert math.isnan(float(binary("arith.maximumf", "f32", math.nan, 1.0)))  # pyright: ignore
    assert math.isnan(float(binary("arith.minimumf", "f32", 1.0, math.nan)))  # pyright: ignore


@pytest.mark.parametrize(
    "op, of, value, to, expected",
    [
        ("arith.trunci", "i32", 0x1FF, "i8", -1),
        ("arith.extsi", "i8", -1, "i32", -1),
        ("arith.extui", "i8", -1, "i32", 255),
        ("arith.extsi", "i1", True, "i32", -1),
        ("arith.extui", "i1", True, "i32", 1),
        ("arith.extui", "i4", -1, "i8", 15),
        ("arith.index_castui", "i32", -1, "index", 2**32 - 1),
        ("arith.index_cast", "i32", -1, "index", -1),
        ("arith.fptosi", "f32", -2.7, "i32", -2),
        ("arith.fptosi", "f32", 3e9, "i32", 2**31 - 1),
        ("arith.fptosi", "f32", math.nan, "i32", 0),
        ("arith.fptosi", "f32", -math.inf, "i8", -128),
        ("arith.fptoui", "f32", 300.0, "i8", -1),
        ("arith.fptoui", "f64", 2.0**63, "i64", -(2**63)),
        ("arith.uitofp", "i8", -1, "f32", 255.0),
        ("arith.sitofp", "i64", 2**53 + 1, "f64", float(2**53)),
        ("arith.truncf", "f32", 1.00390625, "bf16", 1.0),
        ("arith.bitcast", "f32", -0.0, "i32", -(2**31)),
    ],
)
def test_conversions(op: str, of: str, value: object, to: str, expected: object):
    assert evaluate(f"{op} %a : {of} to {to}", {"a": (of, value)}, to).item() == expected


@pytest.mark.parametrize(
    "predicate, expected", [("oeq", False), ("ueq", True), ("ord", False), ("uno", True), ("une", True), ("olt", False), ("true", True)]
)
def test_comparison_with_nan(predicate: str, expected: bool):
    assert bool(evaluate(f"arith.cmpf {predicate}, %a, %a : f32", {"a": ("f32", math.nan)}, "i1")) is expected


@pytest.mark.parametrize("predicate, expected", [("slt", True), ("ult", False), ("sge", False), ("uge", True), ("ne", True)])
def test_integer_comparison(predicate: str, expected: bool):
    arguments = {"a": ("i16", -1), "b": ("i16", 1)}
    assert bool(evaluate(f"arith.cmpi {predicate}, %a, %b : i16", arguments, "i1")) is expected


@pytest.mark.parametrize(
    "op, value, expected", [("ctlz", 1, 31), ("ctlz", 0, 32), ("cttz", 8, 3), ("cttz", 0, 32), ("ctpop", -1, 32), ("absi", -5, 5)]
)
def test_bit_counts(op: str, value: int, expected: int):
    assert evaluate(f"math.{op} %a : i32", {"a": ("i32", value)}, "i32").item() == expected


@pytest.mark.parametrize(
    "op, value, expected",
    [("round", 2.5, 3.0), ("round", -0.5, -1.0), ("roundeven", 2.5, 2.0), ("trunc", -1.5, -1.0), ("erf", 0.5, math.erf(0.5))],
)
def test_unary_floats(op: str, value: float, expected: float):
    assert evaluate(f"math.{op} %a : f64", {"a": ("f64", value)}, "f64").item() == expected


def test_transcendentals_are_rounded_once():
    """The float64 result, rounded to float32."""
    rng = np.random.default_rng(SEED)
    values = rng.standard_normal(500).astype(np.float32) * 20
    text = "func.func @f(%a: tensor<500xf32>) -> tensor<500xf32> {\n%r = math.exp %a : tensor<500xf32>\nreturn %r : tensor<500xf32>\n}"
    got = Interpreter(parse_module(text, make_context())).call("f", values)[0]
    np.testing.assert_array_equal(got, np.exp(values.astype(np.float64)).astype(np.float32))


@pytest.mark.parametrize("dtype, name", [(ml_dtypes.bfloat16, "bf16"), (np.float16, "f16"), (ml_dtypes.float8_e4m3fn, "f8E4M3FN")])
def test_narrow_floats_round_after_each_op(dtype, name: str):
    text = f"func.func @f(%a: tensor<4x{name}>) -> tensor<4x{name}> {{\n%m = arith.mulf %a, %a : tensor<4x{name}>\n%r = arith.addf %m, %a : tensor<4x{name}>\nreturn %r : tensor<4x{name}>\n}}"
    values = np.array([1.1, -0.3, 2.7, 0.01]).astype(dtype)
    got = Interpreter(parse_module(text, make_context())).call("f", values)[0]
    np.testing.assert_array_equal(got, (values * values).astype(dtype) + values)
    assert got.dtype == dtype


def test_extended_multiplication():
    text = "func.func @f(%a: i64, %b: i64) -> (i64, i64) {\n%l, %h = arith.mului_extended %a, %b : i64\nreturn %l, %h : i64, i64\n}"
    low, high = Interpreter(parse_module(text, make_context())).call("f", -1, -1)
    assert (int(low), int(high)) == (1, -2)
