"""Every ONNX operator case, imported, lowered by the input phase and run by the reference interpreter, against ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper
from PIL import Image

from conftest import EXAMPLES
from onnx_cases import CASES, OnnxCase
from pyrie.dialects.registry import make_context
from pyrie.importers.onnx import import_onnx
from pyrie.ir.interpreter import Interpreter
from pyrie.passes.input.pipeline import input_phase
from pyrie.passes.options import CompileOptions

SEED = 22


def interpreter(source: object) -> Interpreter:
    context = make_context()
    module = import_onnx(source, context)  # pyright: ignore[reportArgumentType]
    input_phase(CompileOptions()).run(context, module)
    return Interpreter(module)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_operator_agrees_with_onnx_runtime(case: OnnxCase):
    run = interpreter(case.model())
    print("seed", SEED)
    assert case.difference(lambda *x: list(run.call("main", *x)), SEED) is None


def test_digits_agrees_with_onnx_runtime():
    run, session = interpreter(EXAMPLES / "digits.onnx"), onnxruntime.InferenceSession(EXAMPLES / "digits.onnx")
    random = np.random.default_rng(SEED)
    for n in (1, 3, 17, 0):
        image = random.random((n, 1, 8, 8)).astype(np.float32)
        np.testing.assert_allclose(run.call("main", image)[0], session.run(None, {"image": image})[0], rtol=1e-5, atol=1e-6)


def test_digits_reads_its_pictures():
    run = interpreter(EXAMPLES / "digits.onnx")
    pictures = np.stack([np.asarray(Image.open(Path(EXAMPLES / "digits" / f"{d}.png")), np.float32)[None] / 255 for d in range(10)])
    assert list(run.call("main", pictures)[0].argmax(1)) == list(range(10))


def test_functions_of_the_model_are_inlined():
    double = helper.make_function(
        "mine", "Double", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 18)]
    )
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3])
    nodes = [helper.make_node("Double", ["x"], ["t"], domain="mine"), helper.make_node("Double", ["t"], ["y"], domain="mine")]
    graph = helper.make_graph(nodes, "g", [x], [helper.make_empty_tensor_value_info("y")])
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("mine", 1)]
    model = helper.make_model(graph, functions=[double], opset_imports=opsets)
    value = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(interpreter(model).call("main", value)[0], 4 * value)


def test_an_operator_without_a_row_is_imported_by_its_definition():
    node = helper.make_node("MeanVarianceNormalization", ["x"], ["y"])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3, 4, 4])
    graph = helper.make_graph([node], "g", [x], [helper.make_empty_tensor_value_info("y")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    value = np.random.default_rng(SEED).standard_normal((2, 3, 4, 4)).astype(np.float32)
    centered = value - value.mean((0, 2, 3), keepdims=True)
    expected = centered / np.sqrt((centered**2).mean((0, 2, 3), keepdims=True))
    np.testing.assert_allclose(interpreter(model).call("main", value)[0], expected, rtol=1e-4, atol=1e-5)
