"""Declarations of functions in source terms."""

from __future__ import annotations

import pytest

from pyrie.runtime.signature import OpaqueType, ScalarType, TensorType, parse_declaration, parse_type, split_commas
from pyrie.support import dtypes


def test_tensors_scalars_and_names():
    text = 'sync func @f(%input0: tensor<4x?xf32> {iree.identifier = "x, (y"}, %input1: i32, %input2: index) -> (%output0: tensor<bf16>)'
    signature = parse_declaration("f", text)
    assert signature is not None
    assert [p.name for p in signature.parameters] == ["x, (y", "input1", "input2"]
    assert [str(p.type) for p in signature.parameters] == ["tensor<4x?xf32>", "i32", "index"]
    assert signature.results[0].type == TensorType((), dtypes.BY_MLIR["bf16"])
    assert not signature.is_async
    assert str(signature) == "f(x, (y: tensor<4x?xf32>, input1: i32, input2: index) -> (output0: tensor<bf16>)"


@pytest.mark.parametrize(
    "text, arguments, results",
    [
        ("sync func @f() -> ()", 0, 0),
        ("async func @f(%a: tensor<2xi1>) -> ()", 1, 0),
        ('func @"odd name"(%a: !hal.buffer_view, %b: tensor<2x3xcomplex<f32>>) -> (%o: !util.list<tensor<?xf32>>, %p: f32)', 2, 2),
        ("sync func @f(%a: tensor<4xf32, #some.encoding<[a, b]>>) -> (%o: tensor<0xi8>)", 1, 1),
    ],
)
def test_counts(text: str, arguments: int, results: int):
    signature = parse_declaration("f", text)
    assert signature is not None
    assert (len(signature.parameters), len(signature.results)) == (arguments, results)


@pytest.mark.parametrize(
    "text", ["", "func", "sync func @f", "sync func @f(%a: i32", "sync func @f(i32) -> ()", "@f()", "((((", "sync func @f(%a: i32 -> ("]
)
def test_what_is_no_declaration_says_nothing(text: str):
    assert parse_declaration("f", text) is None


def test_hostile_text_takes_no_time():
    for text in (
        "sync func @f(" + "(" * 200_000,
        "sync func @f(" + "%a: tensor<" * 50_000,
        "sync func @f(%a: " + "tensor<1x" + "1x" * 100_000,
    ):
        parse_declaration("f", text)
    assert parse_declaration("f", "x" * (1 << 21)) is None


def test_types():
    assert parse_type("tensor<3x?x5xui8>") == TensorType((3, None, 5), dtypes.BY_MLIR["ui8"])
    assert parse_type("tensor<2xcomplex<f32>>") == TensorType((2,), dtypes.BY_MLIR["complex<f32>"])
    assert parse_type("index") == ScalarType("index")
    assert parse_type("!hal.fence") == OpaqueType("!hal.fence")
    assert parse_type("tensor<3xwhat>") == OpaqueType("tensor<3xwhat>")


def test_commas():
    assert [*split_commas('a, b<c, d>, (e, f), "g, h", i -> j')] == ["a", " b<c, d>", " (e, f)", ' "g, h"', " i -> j"]
