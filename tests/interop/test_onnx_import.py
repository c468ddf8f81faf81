"""ONNX models through the importer and the input and abi phases, finished by the real compiler, against ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from test_input_phases import RealModule, real_compile

from conftest import EXAMPLES
from onnx_cases import CASES, OnnxCase
from pyrie.dialects.registry import make_context
from pyrie.importers.onnx import import_onnx
from pyrie.ir.printer import print_module
from pyrie.passes.abi.pipeline import abi_phase
from pyrie.passes.input.pipeline import input_phase
from pyrie.passes.options import CompileOptions

SEED = 21
pytestmark = pytest.mark.interop


def text_at_abi(source) -> str:
    context = make_context()
    module = import_onnx(source, context)
    for phase in (input_phase, abi_phase):
        phase(CompileOptions()).run(context, module)
    module.verify()
    return print_module(module)


def compiled(text: str, path: Path) -> RealModule:
    path.write_text(text)
    return RealModule(real_compile(path, "--compile-from=abi"))


def test_digits_with_any_batch(tmp_path: Path):
    path = EXAMPLES / "digits.onnx"
    module, runtime = compiled(text_at_abi(path), tmp_path / "digits.mlir"), onnxruntime.InferenceSession(path)
    random = np.random.default_rng(SEED)
    for n in (1, 3, 17, 0):
        image = random.random((n, 1, 8, 8)).astype(np.float32)
        (expected,), (actual,) = runtime.run(None, {"image": image}), module("main", image)
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("share", [pytest.param(20, id="twentieth"), pytest.param(1, id="whole", marks=pytest.mark.full)])
def test_operators_agree_with_onnx_runtime(share: int, tmp_path: Path):
    """One model a case; all functions in one module, so the real compiler runs once."""
    chosen = sorted(np.random.default_rng(SEED).permutation(len(CASES))[: -(-len(CASES) // share)])
    cases = [CASES[i] for i in chosen]
    module = compiled(joined([text_at_abi(case.model()) for case in cases], cases), tmp_path / "cases.mlir")
    print("seed", SEED)
    wrong = [message for case in cases if (message := case.difference(lambda *x, c=case: module(c.name, *x), SEED))]
    assert not wrong, "\n".join(wrong)


def joined(texts: list[str], cases: list[OnnxCase]) -> str:
    """One module of many: aliases are written out, each entry gets the name of its case."""
    from pyrie.ir.parser import parse_module

    modules = [parse_module(text, make_context()) for text in texts]
    first = modules[0]
    for module, case in zip(modules, cases, strict=True):
        for op in list(module.ops):
            op.properties["sym_name"] = type(op.properties["sym_name"])(case.name)
            if module is not first:
                op.detach()
                first.body.block.add_op(op)
    return print_module(first)
