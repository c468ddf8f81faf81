"""Our text at each phase is finished by the real compiler, and our modules run on the real runtime, with the same numbers."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from examples import CALLS, EXAMPLES, MODELS, Arrays, Call, as_tuple, assert_close

import pyrie
from conftest import iree_tool
from pyrie.ir.printer import print_module
from pyrie.session import PHASES, Session, compile

pytestmark = pytest.mark.interop
SEAMS = ("flow", "stream", "executable-sources", "hal", "vm")


@cache
def texts(model: str) -> dict[str, str]:
    """Our text after each phase."""
    found: dict[str, str] = {}
    session = Session(on_phase=lambda phase, module: found.__setitem__(phase, print_module(module)))
    session.compile(EXAMPLES / model)
    return found


@cache
def module_bytes(model: str) -> bytes:
    return compile(EXAMPLES / model, cache=False)


def run_real(module: Path, call: Call, results: int, device: str = "local-sync") -> Arrays:
    """Runs `call` on the real iree-run-module."""
    command = [iree_tool("iree-run-module"), f"--module={module}", f"--function={call.function}", f"--device={device}"]
    for i, argument in enumerate(call.arguments()):
        np.save(module.with_suffix(f".in{i}.npy"), argument)
        command.append(f"--input=@{module.with_suffix(f'.in{i}.npy')}")
    outputs = [module.with_suffix(f".out{i}.npy") for i in range(results)]
    finished = subprocess.run([*command, *(f"--output=@{path}" for path in outputs)], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return tuple(np.load(path) for path in outputs)


def ours(call: Call) -> Arrays:
    return as_tuple(pyrie.load(module_bytes(call.model))[call.function](*call.arguments()))


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize("device", ["local-sync", "local-task"])
def test_our_module_runs_on_the_real_runtime(call: Call, device: str, tmp_path: Path):
    (tmp_path / "m.vmfb").write_bytes(module_bytes(call.model))
    expected = ours(call)
    assert_close(run_real(tmp_path / "m.vmfb", call, len(expected), device), expected)


@pytest.mark.parametrize("call", [c for c in CALLS if c.model.endswith(".mlir")], ids=str)
def test_the_real_module_runs_on_our_runtime(call: Call, real_iree):
    program = pyrie.load(real_iree(call.path).module)
    assert_close(as_tuple(program[call.function](*call.arguments())), ours(call))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("phase", SEAMS)
def test_the_real_compiler_finishes_our_text(model: str, phase: str, tmp_path: Path):
    source = tmp_path / "m.mlir"
    source.write_text(texts(model)[phase])
    command = [iree_tool("iree-compile"), f"--compile-from={phase}", str(source), "-o", str(tmp_path / "m.vmfb")]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr[:4000]
    for call in [c for c in CALLS if c.model == model]:
        expected = ours(call)
        assert_close(run_real(tmp_path / "m.vmfb", call, len(expected)), expected)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("phase", PHASES)
def test_text_after_each_phase_is_a_fixpoint(model: str, phase: str):
    session = Session()
    text = texts(model)[phase]
    assert print_module(session.load(text)) == text
