"""The meaning of linalg: the fast ways agree with the loop nest as written."""

# ruff: noqa: E501 - tables of one-line programs

from __future__ import annotations

import itertools
from typing import Any, cast

import numpy as np
import pytest
from xdsl.dialects.builtin import TensorType

from pyrie.dialects.linalg import StructuredOp
from pyrie.dialects.linalg.named import ROWS
from pyrie.dialects.registry import make_context
from pyrie.ir.interpreter import Interpreter, Machine
from pyrie.ir.interpreter.affine import evaluate
from pyrie.ir.parser import parse_module
from pyrie.support.errors import DeviceError, UnsupportedError

SEED = 12


def loop_nest(op: Any, operands: list[np.ndarray]) -> list[np.ndarray]:
    """A structured op one point after the other: slow and obviously right."""
    outputs = [np.array(operand) for operand in operands[len(op.inputs) :]]
    machine = Machine(op.get_toplevel_object())
    values = [*operands[: len(op.inputs)], *outputs]
    ranges: dict[int, int] = {}
    for value, map_ in zip(values, op.maps(), strict=True):
        for axis, result in enumerate(map_.results):
            if hasattr(result, "position"):
                ranges[result.position] = np.shape(value)[axis]
    for point in itertools.product(*(range(ranges[loop]) for loop in range(len(op.iterators())))):
        indices = [np.array(number) for number in point]
        places = [tuple(int(evaluate(result, indices)) for result in map_.results) for map_ in op.maps()]
        machine.set(op.body.block.args, [np.asarray(value[place]) for value, place in zip(values, places, strict=True)])
        for inner in op.body.block.ops:
            if inner.name == "linalg.index":
                machine.values[inner.results[0]] = indices[inner.properties["dim"].value.data]
            elif inner is not op.body.block.last_op:
                machine.run_op(inner)
        for output, place, result in zip(outputs, places[len(op.inputs) :], op.body.block.last_op.operands, strict=True):
            output[place] = machine.get(result)
    return outputs


def compare(text: str, *arguments: np.ndarray, **tolerance: float) -> None:
    """The one structured op of @f, by the interpreter and by the loop nest."""
    module = parse_module(text, make_context())
    op = next(op for op in module.walk() if isinstance(op, StructuredOp))
    got = Interpreter(module).call("f", *arguments)
    want = loop_nest(op, list(arguments))
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a.astype(np.float64), b.astype(np.float64), **(tolerance or {"rtol": 1e-5, "atol": 1e-6}))


def named_case(row: Any, element: str, properties: str = "") -> str:
    sizes = {name: 2 + position % 3 for position, name in enumerate(dict.fromkeys(row.loops.replace("|", " ").split()))}
    types = []
    for operand in row.operands:
        terms = [] if operand == "()" else operand.split()
        shape = [sizes[t] if "~" not in t else 2 * sizes[t.split("~")[0]] + sizes[t.split("~")[1]] for t in terms]
        scalar = operand == "()" and row.name != "dot"
        types.append(element if scalar else f"tensor<{'x'.join([*map(str, shape), element])}>")
    arguments = ", ".join(f"%a{i}: {t}" for i, t in enumerate(types))
    ins = ", ".join(f"%a{i}" for i in range(len(types) - 1))
    op = f"linalg.{row.name} {properties}ins({ins} : {', '.join(types[:-1])}) outs(%a{len(types) - 1} : {types[-1]}) -> {types[-1]}"
    return f"func.func @f({arguments}) -> {types[-1]} {{\n%r = {op}\nreturn %r : {types[-1]}\n}}"


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_named_ops_are_their_loop_nests(row: Any):
    rng = np.random.default_rng(SEED)
    strides = f"dense<2> : tensor<{row.windows}xi64>"
    properties = f"{{dilations = dense<1> : tensor<{row.windows}xi64>, strides = {strides}}} " if row.windows else ""
    quantized = "()" in row.operands and row.name != "dot"
    element = "i32" if quantized or "unsigned" in row.name else "f32"
    text = named_case(row, element, properties)
    module = parse_module(text, make_context())
    types = [argument.type for argument in next(op for op in module.walk() if op.name == "func.func").regions[0].block.args]
    arguments = []
    for type_ in types:
        shape = type_.get_shape() if isinstance(type_, TensorType) else ()
        arguments.append(rng.integers(-9, 9, shape).astype(np.int32) if element == "i32" else rng.standard_normal(shape).astype(np.float32))
    compare(text, *arguments)


GENERIC = """
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#mirror = affine_map<(d0, d1) -> (d0 * -1 + 4, d1 floordiv 2)>
func.func @f({arguments}) -> {result} {{
  %r = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{iterators}]}} ins(%x : tensor<5x6xf32>) outs(%o : {result}) {{
  ^bb0(%a: f32, %b: f32):
    {body}
  }} -> {result}
  return %r : {result}
}}
"""


def generic(body: str, maps: str, iterators: str, result: str) -> str:
    quoted = ", ".join(f'"{kind}"' for kind in iterators.split())
    return GENERIC.format(arguments=f"%x: tensor<5x6xf32>, %o: {result}", maps=maps, iterators=quoted, body=body, result=result)


BODIES = {
    "sum": ("%0 = arith.addf %b, %a : f32\nlinalg.yield %0 : f32", "#id, #row", "parallel reduction", "tensor<5xf32>"),
    "product": ("%0 = arith.mulf %a, %b : f32\nlinalg.yield %0 : f32", "#id, #row", "parallel reduction", "tensor<5xf32>"),
    "largest": ("%0 = arith.maximumf %a, %b : f32\nlinalg.yield %0 : f32", "#id, #row", "parallel reduction", "tensor<5xf32>"),
    "sum_of_squares": ("%s = arith.mulf %a, %a : f32\n%0 = arith.addf %b, %s : f32\nlinalg.yield %0 : f32", "#id, #row", "parallel reduction", "tensor<5xf32>"),
    "alternating": ("%0 = arith.subf %a, %b : f32\nlinalg.yield %0 : f32", "#id, #row", "parallel reduction", "tensor<5xf32>"),
    "horner": ("%s = arith.mulf %b, %a : f32\n%0 = arith.addf %s, %a : f32\nlinalg.yield %0 : f32", "#id, #row", "parallel reduction", "tensor<5xf32>"),
    "reads_output": ("%0 = arith.addf %a, %b : f32\nlinalg.yield %0 : f32", "#id, #id", "parallel parallel", "tensor<5x6xf32>"),
    "position": ("%i = linalg.index 0 : index\n%j = linalg.index 1 : index\n%k = arith.muli %i, %j : index\n%n = arith.index_cast %k : index to i32\n%s = arith.sitofp %n : i32 to f32\n%0 = arith.addf %a, %s : f32\nlinalg.yield %0 : f32", "#id, #id", "parallel parallel", "tensor<5x6xf32>"),
    "strange_map": ("linalg.yield %a : f32", "#mirror, #id", "parallel parallel", "tensor<5x8xf32>"),
    "branch": ("%z = arith.constant 0.0 : f32\n%c = arith.cmpf ogt, %a, %z : f32\n%0 = scf.if %c -> (f32) {\n%p = arith.addf %a, %a : f32\nscf.yield %p : f32\n} else {\nscf.yield %z : f32\n}\nlinalg.yield %0 : f32", "#id, #id", "parallel parallel", "tensor<5x6xf32>"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_generic_is_its_loop_nest(name: str):
    body, maps, iterators, result = BODIES[name]
    rng = np.random.default_rng(SEED)
    shape = [int(n) for n in result[7:-5].split("x")]
    compare(
        generic(body, maps, iterators, result),
        rng.standard_normal((5, 6)).astype(np.float32),
        rng.standard_normal(shape).astype(np.float32),
    )


def test_precise_sums_in_double():
    body, maps, iterators, result = BODIES["sum"]
    text = generic(body, maps, iterators, result).replace("5x6", "1x400000").replace("tensor<5xf32>", "tensor<1xf32>")
    values = np.full((1, 400000), 0.1, np.float32)
    got = Interpreter(parse_module(text, make_context()), precise=True).call("f", values, np.zeros(1, np.float32))[0]
    assert got[0] == np.float32(np.sum(values.astype(np.float64)))


def test_empty_reduction_keeps_the_initial_value():
    text = """func.func @f(%x: tensor<3x0xf32>, %o: tensor<3xf32>) -> tensor<3xf32> {
      %r = linalg.reduce { arith.addf } ins(%x : tensor<3x0xf32>) outs(%o : tensor<3xf32>) dimensions = [1]
      return %r : tensor<3xf32>
    }"""
    got = Interpreter(parse_module(text, make_context())).call("f", np.zeros((3, 0), np.float32), np.full(3, 5, np.float32))[0]
    np.testing.assert_array_equal(got, np.full(3, 5))


def test_loops_that_disagree_are_refused():
    text = """func.func @f(%x: tensor<?x4xf32>, %y: tensor<4x?xf32>, %o: tensor<?x?xf32>) -> tensor<?x?xf32> {
      %r = linalg.matmul ins(%x, %y : tensor<?x4xf32>, tensor<4x?xf32>) outs(%o : tensor<?x?xf32>) -> tensor<?x?xf32>
      return %r : tensor<?x?xf32>
    }"""
    with pytest.raises(DeviceError, match="runs over"):
        Interpreter(parse_module(text, make_context())).call("f", np.zeros((2, 4)), np.zeros((4, 3)), np.zeros((2, 2)))


def test_pack_and_unpack_are_inverse():
    text = """func.func @f(%x: tensor<5x7xf32>, %z: f32) -> (tensor<4x2x4x2xf32>, tensor<5x7xf32>) {
      %e = tensor.empty() : tensor<4x2x4x2xf32>
      %p = linalg.pack %x padding_value(%z : f32) outer_dims_perm = [1, 0] inner_dims_pos = [0, 1] inner_tiles = [4, 2] into %e : tensor<5x7xf32> -> tensor<4x2x4x2xf32>
      %d = tensor.empty() : tensor<5x7xf32>
      %u = linalg.unpack %p outer_dims_perm = [1, 0] inner_dims_pos = [0, 1] inner_tiles = [4, 2] into %d : tensor<4x2x4x2xf32> -> tensor<5x7xf32>
      return %p, %u : tensor<4x2x4x2xf32>, tensor<5x7xf32>
    }"""
    x = np.arange(35, dtype=np.float32).reshape(5, 7)
    packed, back = Interpreter(parse_module(text, make_context())).call("f", x, np.float32(-1))
    np.testing.assert_array_equal(back, x)
    assert packed[3, 1, 0, 1] == -1 and packed[0, 1, 0, 0] == x[4, 0]


def test_op_without_meaning_is_named():
    module = parse_module('func.func @f() {\n"test.unknown"() : () -> ()\nreturn\n}', make_context(allow_unregistered=True), name="m.mlir")
    with pytest.raises(UnsupportedError, match=r"m.mlir:2.*test.unknown"):
        Interpreter(module).call("f")


def test_out_of_range_slices_are_refused():
    text = """func.func @f(%x: tensor<4xf32>, %i: index) -> tensor<2xf32> {
      %r = tensor.extract_slice %x[%i] [2] [1] : tensor<4xf32> to tensor<2xf32>
      return %r : tensor<2xf32>
    }"""
    interpreter = Interpreter(parse_module(text, make_context()))
    np.testing.assert_array_equal(interpreter.call("f", np.arange(4, dtype=np.float32), 2)[0], [2, 3])
    with pytest.raises(DeviceError, match="leaves a tensor"):
        interpreter.call("f", np.arange(4, dtype=np.float32), 3)


def test_wrong_arguments_are_refused():
    module = parse_module("func.func @f(%x: tensor<4xf32>) {\nreturn\n}", make_context())
    for arguments in ([], [np.zeros(5)], [np.zeros((4, 1))]):
        with pytest.raises(Exception, match="@f"):
            Interpreter(cast(Any, module)).call("f", *arguments)
