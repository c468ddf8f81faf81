"""The interpreter, and the phases from global optimization to flow, against the real compiler and runtime."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from conftest import IREE_COMPILE_FLAGS, RealIREE, iree_tool
from pyrie.dialects.registry import make_context
from pyrie.ir.interpreter import Interpreter
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.passes.abi.pipeline import abi_phase
from pyrie.passes.dispatch_creation.pipeline import dispatch_creation_phase
from pyrie.passes.flow.pipeline import flow_phase
from pyrie.passes.global_optimization.pipeline import global_optimization_phase
from pyrie.passes.options import CompileOptions
from pyrie.passes.preprocessing.pipeline import preprocessing_phase

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "interpreter"))
from random_programs import RandomProgram

SEED = 26
pytestmark = pytest.mark.interop

CASES = Path(__file__).with_name("flow_cases.mlir")
TENSOR_PHASES = (global_optimization_phase, dispatch_creation_phase, flow_phase)


def after(text: str, *phases) -> str:
    context = make_context()
    module = parse_module(text, context)
    for phase in phases:
        phase(CompileOptions()).run(context, module)
    module.verify()
    return print_module(module)


def interpret(text: str, function: str, *arguments: np.ndarray) -> tuple[np.ndarray, ...]:
    return Interpreter(parse_module(text, make_context()), precise=True).call(function, *arguments)


class Real:
    """A module on the real runtime."""

    def __init__(self, path: Path):
        runtime = pytest.importorskip("iree.runtime")
        self.module = runtime.load_vm_flatbuffer_file(str(path), driver="local-sync")

    def __call__(self, function: str, *arguments: np.ndarray) -> list[np.ndarray]:
        result = self.module[function](*arguments)
        return [np.asarray(r) for r in (result if isinstance(result, tuple | list) else (result,))]


def real_compile(text: str, path: Path, *flags: str) -> Real:
    path.write_text(text)
    target = path.with_suffix(".vmfb")
    command = [iree_tool("iree-compile"), str(path), *IREE_COMPILE_FLAGS, *flags, "-o", str(target)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[:3000]
    return Real(target)


def assert_close(got, want, exact: bool = False) -> None:
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        assert np.shape(a) == np.shape(b)
        if exact or np.asarray(b).dtype.kind not in "f":
            np.testing.assert_array_equal(a, b)
        else:
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


# ---- the examples -------------------------------------------------------------------------------------------------------

EXAMPLES = {
    "mlp": ("main", [(4, 64)]),
    "transformer_block": ("main", [(32, 64)]),
    "loop": ("iterate", [(4, 8), (8, 8), 3]),
    "counter": ("add", [5]),
}


def example_arguments(shapes: list) -> list[np.ndarray]:
    rng = np.random.default_rng(SEED)
    return [np.array(s, np.int32) if isinstance(s, int) else (rng.standard_normal(s) * 0.4).astype(np.float32) for s in shapes]


def dispatches(text: str) -> int:
    return len(re.findall(r"= flow\.dispatch @", text))


@pytest.mark.parametrize("name", EXAMPLES)
def test_interpreter_gives_the_same_after_every_phase(name: str, real_iree: Callable[..., RealIREE]):
    function, shapes = EXAMPLES[name]
    real, arguments = real_iree(name), example_arguments(shapes)
    want = Real(real.module)(function, *arguments)
    for phase in ("input", "abi", "global-optimization", "dispatch-creation", "flow"):
        assert_close(interpret(real.phases[phase].read_text(), function, *arguments), want)


@pytest.mark.parametrize("name", EXAMPLES)
def test_our_flow_text_runs_on_the_real_tools(name: str, real_iree: Callable[..., RealIREE], tmp_path: Path):
    function, shapes = EXAMPLES[name]
    arguments = example_arguments(shapes)
    real = real_iree(name)
    source = real.phases["preprocessing"].read_text()
    text = after(source, *TENSOR_PHASES)
    want = interpret(source, function, *arguments)
    assert dispatches(text) <= dispatches(real.phases["flow"].read_text()), "more dispatches than the real compiler makes"
    assert_close(interpret(text, function, *arguments), want)
    assert_close(real_compile(text, tmp_path / f"{name}.mlir", "--compile-from=flow")(function, *arguments), want)


# ---- the cases ----------------------------------------------------------------------------------------------------------

# no subnormal numbers: the real runtime flushes them to zero
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, np.inf, -np.inf, np.nan, 3e38, -1e-30, 1e-37, 2.0, -7.25, 100.0, -0.75]
EXTREME = [0, 1, -1, 2**31 - 1, -(2**31), 5, -7, 1000003, -65536, 255, 256, -128, 12345, -54321, 7, 8]


def case_arguments() -> dict[str, list[np.ndarray]]:
    rng = np.random.default_rng(SEED)

    def f(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(np.float32)

    ints = np.array(EXTREME, np.int32)
    floats = np.array(SPECIAL, np.float32)
    return {
        "matmul_bias_relu": [f(5, 7), f(7, 6), f(6)],
        "matmul_of_transposed": [f(5, 7), f(6, 7)],
        "layer_norm": [f(4, 8), f(8)],
        "argmax": [f(3, 9)],
        "convolution": [f(1, 9, 9, 3), f(3, 3, 3, 4)],
        "pooling": [f(1, 6, 6, 2)],
        "softmax": [f(3, 5)],
        "movement": [f(4, 6), f(2, 6)],
        "gather_rows": [f(5, 3), np.array([4, 0, 2, 2], np.int32)],
        "dynamic_chain": [f(3, 4), f(3, 4)],
        "loop": [f(4), np.array(3, np.int32)],
        "integers": [ints, np.roll(ints, 3)],
        "floats": [floats, np.roll(floats, 5)],
        "transcendentals": [f(16) * 2],
    }


EXACT = {"argmax", "movement", "gather_rows", "integers", "floats"}


@pytest.fixture(scope="module")
def cases_text() -> str:
    return CASES.read_text()


@pytest.fixture(scope="module")
def on_real_iree(cases_text: str, tmp_path_factory: pytest.TempPathFactory) -> Real:
    return real_compile(cases_text, tmp_path_factory.mktemp("cases") / "cases.mlir", "--iree-input-type=none")


@pytest.fixture(scope="module")
def our_flow_text(cases_text: str) -> str:
    return after(cases_text, abi_phase, preprocessing_phase, *TENSOR_PHASES)


@pytest.fixture(scope="module")
def our_flow_on_real_iree(our_flow_text: str, tmp_path_factory: pytest.TempPathFactory) -> Real:
    return real_compile(our_flow_text, tmp_path_factory.mktemp("flow") / "flow.mlir", "--compile-from=flow")


@pytest.mark.parametrize("name", case_arguments())
def test_interpreter_agrees_with_the_real_compiler(name: str, cases_text: str, on_real_iree: Real):
    arguments = case_arguments()[name]
    assert_close(interpret(cases_text, name, *arguments), on_real_iree(name, *arguments), exact=name in EXACT)


@pytest.mark.parametrize("name", case_arguments())
def test_phases_keep_what_the_interpreter_computes(name: str, cases_text: str, our_flow_text: str):
    arguments = case_arguments()[name]
    assert_close(interpret(our_flow_text, name, *arguments), interpret(cases_text, name, *arguments), exact=name in EXACT)


@pytest.mark.parametrize("name", case_arguments())
def test_phases_feed_the_real_compiler(name: str, cases_text: str, our_flow_on_real_iree: Real):
    arguments = case_arguments()[name]
    assert_close(our_flow_on_real_iree(name, *arguments), interpret(cases_text, name, *arguments), exact=name in EXACT)


RANDOM_SEEDS = range(3000, 3010)


def test_random_programs_run_on_the_real_tools(tmp_path: Path):
    programs = {}
    for seed in RANDOM_SEEDS:
        program = RandomProgram(seed, dynamic=bool(seed % 2))
        programs[f"f{seed}"] = (program.build(3 + seed % 6).replace("@f(", f"@f{seed}("), program.arguments())
    text = after("\n".join(text for text, _ in programs.values()), abi_phase, preprocessing_phase, *TENSOR_PHASES)
    real = real_compile(text, tmp_path / "random.mlir", "--compile-from=flow")
    for name, (source, arguments) in programs.items():
        for got, want in zip(real(name, *arguments), interpret(source, name, *arguments), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5, err_msg=source)


def test_softmax_is_one_dispatch(our_flow_text: str):
    body = our_flow_text[our_flow_text.index("func public @softmax") :]
    assert dispatches(body[: body.index("util.return")]) == 1


def test_layer_norm_is_two_dispatches(our_flow_text: str):
    body = our_flow_text[our_flow_text.index("func public @layer_norm") :]
    assert dispatches(body[: body.index("util.return")]) == 2
