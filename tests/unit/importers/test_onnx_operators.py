"""Every ONNX operator case, imported, lowered by the input phase and run by the reference interpreter, against ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
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
