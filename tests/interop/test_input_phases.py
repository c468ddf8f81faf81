"""The input and abi phases against the real compiler: our text at those phases, continued by it, computes the same numbers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from conftest import EXAMPLES, IREE_COMPILE_FLAGS, iree_tool
from pyrie.dialects.registry import make_context
from pyrie.ir.interpreter import Interpreter
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.passes.abi.pipeline import abi_phase
from pyrie.passes.input.pipeline import input_phase
from pyrie.passes.options import CompileOptions
from stablehlo_cases import CASES, OURS_ONLY, Case

SEED = 20
pytestmark = pytest.mark.interop


def after_phases(text: str, *phases) -> str:
    context = make_context()
    module = parse_module(text, context)
    for phase in phases:
        phase(CompileOptions()).run(context, module)
    module.verify()
    return print_module(module)


def real_compile(path: Path, *flags: str) -> Path:
    target = path.with_suffix(".vmfb")
    result = subprocess.run([iree_tool("iree-compile"), str(path), *IREE_COMPILE_FLAGS, *flags, "-o", str(target)],
                            capture_output=True, text=True, check=False)  # fmt: skip
    assert result.returncode == 0, result.stderr[:3000]
    return target


Run = Callable[..., Sequence[np.ndarray]]


class RealModule:
    """A module on the real runtime."""

    def __init__(self, path: Path):
        runtime = pytest.importorskip("iree.runtime")
        self.module = runtime.load_vm_flatbuffer_file(str(path), driver="local-sync")

    def __call__(self, function: str, *arguments: np.ndarray) -> list[np.ndarray]:
        result = self.module[function](*arguments)
        return [np.asarray(r) for r in (result if isinstance(result, tuple | list) else (result,))]


ARGUMENTS = {
    "mlp": [("main", [(4, 64)])],
    "transformer_block": [("main", [(32, 64)])],
    "loop": [("iterate", [(4, 8), (8, 8), 3])],
    "counter": [("add", [5]), ("add", [7]), ("reset", []), ("add", [1])],
}


def run_example(module: RealModule, name: str) -> list[np.ndarray]:
    random = np.random.default_rng(SEED)
    outputs = []
    for function, shapes in ARGUMENTS[name]:
        arguments = [np.int32(s) if isinstance(s, int) else random.standard_normal(s).astype(np.float32) for s in shapes]
        outputs += [r for r in module(function, *arguments) if r.dtype != object]
    return outputs


PHASES = {"input": (input_phase,), "abi": (input_phase, abi_phase)}


@pytest.mark.parametrize("name, phase", [*((name, "input") for name in ARGUMENTS), ("loop", "abi"), ("counter", "abi")])
def test_examples_go_on_in_the_real_compiler(name: str, phase: str, real_iree, tmp_path: Path):
    text = after_phases((EXAMPLES / f"{name}.mlir").read_text(), *PHASES[phase])
    path = tmp_path / f"{name}.mlir"
    path.write_text(text)
    ours = run_example(RealModule(real_compile(path, f"--compile-from={phase}")), name)
    theirs = run_example(RealModule(real_iree(name).module), name)
    assert len(ours) == len(theirs) > 0
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 * max(1.0, float(np.abs(b).max())))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_entry_points_are_declared_as_the_real_compiler_does(name: str, real_iree):
    def declarations(text: str) -> list[str]:
        return [line.strip() for line in text.splitlines() if "iree.abi.declaration" in line]

    ours = after_phases((EXAMPLES / f"{name}.mlir").read_text(), input_phase, abi_phase)
    assert declarations(ours) == declarations(real_iree(name).phases["abi"].read_text())


@pytest.mark.parametrize("share", [pytest.param(10, id="tenth"), pytest.param(1, id="whole", marks=pytest.mark.full)])
def test_every_op_means_what_the_real_compiler_makes_of_it(share: int, tmp_path: Path):
    """StableHLO compiled by the real compiler; our linalg in the reference interpreter and, for the whole table, compiled by it too."""
    chosen = sorted(np.random.default_rng(SEED).permutation(len(CASES))[: -(-len(CASES) // share)])
    cases = [CASES[i] for i in chosen]
    text = "".join(case.text for case in cases)
    path = tmp_path / "theirs.mlir"
    path.write_text(text)
    theirs = RealModule(real_compile(path, "--iree-input-demote-f64-to-f32=false"))
    lowered = after_phases(text, input_phase)
    interpreter = Interpreter(parse_module(lowered, make_context()))
    print("seed", SEED)
    wrong = [message for case in cases if (message := difference(case, theirs, interpreter.call))]
    if share == 1:
        path = tmp_path / "ours.mlir"
        path.write_text(lowered)
        ours = RealModule(real_compile(path, "--compile-from=input"))
        wrong += [message for case in cases if (message := difference(case, theirs, ours))]
    assert not wrong, "\n".join(wrong)


def difference(case: Case, theirs: Run, ours: Run) -> str | None:
    inputs = case.inputs(SEED)
    for expected, actual, type in zip(theirs(case.name, *inputs), ours(case.name, *inputs), case.results, strict=True):
        if "ui" in type:  # the interpreter knows bits, not signs
            actual = actual.view(expected.dtype)
        if expected.shape != actual.shape or expected.dtype != actual.dtype:
            return f"{case.name}: {actual.dtype}{actual.shape}, expected {expected.dtype}{expected.shape}"
        close = np.allclose(actual, expected, rtol=1e-4, atol=1e-5) if expected.dtype.kind == "f" else np.array_equal(actual, expected)
        if not close:
            return f"{case.name}: {actual.ravel()[:6]}, expected {expected.ravel()[:6]}"
    return None


def test_reshapes_of_dynamic_shapes():
    module = Interpreter(parse_module(after_phases("".join(case.text for case, _ in OURS_ONLY), input_phase), make_context()))
    for case, meaning in OURS_ONLY:
        inputs = case.inputs(SEED)
        np.testing.assert_array_equal(module.call(case.name, *inputs)[0], meaning(*inputs), err_msg=case.name)
