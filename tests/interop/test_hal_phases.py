"""The hal phases between the real tools: their stream text in, our text or module out, the same numbers on the real runtime."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import iree_tool
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_file
from pyrie.ir.passes import Pipeline
from pyrie.ir.printer import print_module
from pyrie.ir.transforms.cse import CSE
from pyrie.passes.hal.convert_to_hal import ConvertToHAL
from pyrie.passes.hal.pipeline import executable_configurations_phase, executable_sources_phase, executable_targets_phase, hal_phase
from pyrie.passes.options import CompileOptions
from pyrie.passes.vm.bytecode import emit_module
from pyrie.passes.vm.pipeline import vm_phase

pytestmark = pytest.mark.interop

CALLS = {
    "mlp": ("main", "4x64xf32=0.37"),
    "loop": ("iterate", "4x8xf32=0.3", "8x8xf32=0.2", "i32=3"),
    "counter": ("add", "i32=5"),
    "transformer_block": ("main", "32x64xf32=0.37"),
}
EXECUTABLES = (executable_sources_phase, executable_configurations_phase, executable_targets_phase)


def run(module: Path, function: str, *inputs: str) -> str:
    """What iree-run-module prints for one call, all elements of all results."""
    command = [iree_tool("iree-run-module"), "--device=local-sync", "--output_max_element_count=100000"]
    command += [f"--module={module}", f"--function={function}"]
    result = subprocess.run([*command, *(f"--input={value}" for value in inputs)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def numbers(output: str) -> np.ndarray:
    """All numbers of the results."""
    values = [line.split("=", 1)[1] for line in output.splitlines() if "=" in line]
    return np.array([float(number) for value in values for number in re.findall(r"[-\d.e]+", value)])


def finish(text: str, phase: str, scratch: Path) -> Path:
    """Has the real compiler continue our text of a phase."""
    source, module = scratch / f"{phase}.mlir", scratch / f"{phase}.vmfb"
    source.write_text(text + "\n")
    command = [iree_tool("iree-compile"), f"--compile-from={phase}", str(source), "-o", str(module)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[:4000]
    return module


def from_stream(real, options: CompileOptions, *, through_hal: bool):
    context = make_context()
    module = parse_file(real.phases["stream"], context)
    for phase in (*EXECUTABLES, hal_phase) if through_hal else EXECUTABLES[:1]:
        phase(options).run(context, module)
    return context, module


@pytest.mark.parametrize("example", CALLS)
def test_executable_sources_are_finished_by_the_real_compiler(real_iree: Callable, example: str, tmp_path: Path):
    real = real_iree(example)
    _, module = from_stream(real, CompileOptions(), through_hal=False)
    finished = finish(print_module(module), "executable-sources", tmp_path)
    assert run(finished, *CALLS[example]) == run(real.module, *CALLS[example])


@pytest.mark.parametrize("example", CALLS)
def test_stream_text_becomes_a_module_and_memoization_changes_no_bit(real_iree: Callable, example: str, tmp_path: Path):
    real = real_iree(example)
    outputs = []
    for memoization in (True, False):
        context, module = from_stream(real, replace(CompileOptions(), memoization=memoization), through_hal=True)
        assert ("memoize_result" in print_module(module)) == memoization
        vm_phase(CompileOptions()).run(context, module)
        ours = tmp_path / f"{example}.{memoization}.vmfb"
        ours.write_bytes(emit_module(module))
        outputs.append(run(ours, *CALLS[example]))
    assert outputs[0] == outputs[1]
    expected = numbers(run(real.module, *CALLS[example]))
    np.testing.assert_allclose(numbers(outputs[0]), expected, rtol=0, atol=5e-5 * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("example", [*CALLS, "hal_cases"])
def test_the_conversion_gives_the_text_of_the_real_one(real_iree: Callable, example: str):
    """Byte for byte, once duplicates are shared: ours asks a command buffer for its device once, the real one at each dispatch."""
    source = Path(__file__).with_name("hal_cases.mlir") if example == "hal_cases" else example
    path = real_iree(source).phases["executable-sources"]
    command = [iree_tool("iree-opt"), "--iree-hal-conversion", "--cse", str(path)]
    theirs = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    context = make_context()
    module = parse_file(path, context)
    Pipeline("conversion", ConvertToHAL(), CSE()).run(context, module)
    assert print_module(module).rstrip() == theirs.rstrip()


@pytest.mark.parametrize("example", ["loop", "counter"])
def test_hal_text_is_finished_by_the_real_compiler(real_iree: Callable, example: str, tmp_path: Path):
    real = real_iree(example)
    _, module = from_stream(real, CompileOptions(), through_hal=True)
    finished = finish(print_module(module), "hal", tmp_path)
    expected = numbers(run(real.module, *CALLS[example]))
    np.testing.assert_allclose(numbers(run(finished, *CALLS[example])), expected, rtol=1e-5)


CASES = [
    ("main", "3x64xf32=0.5"),
    ("main", "0x64xf32"),
    ("two", "2x3xi8=100", "1x2xf32=1.5"),
    ("two", "0x0xi8", "3x0xf32"),
    ("identity", "4xf32=2"),
    ("scalars", "i1=01", "f32=2.5"),
    ("scalars", "i1=00", "f32=2.5"),
    ("accumulate", "4xf32=3"),
    ("loop", "i64=4", "3xf32=1.5"),
    ("loop", "i64=0", "3xf32=1.5"),
    ("splat",),
    ("const",),
]


# How executions are recorded -> how many are submitted with a binding table, and how many with the buffers that were recorded. Sizes of
# two of the programs change from call to call.
RECORDINGS: dict[str, tuple[dict[str, bool], int, int]] = {
    "memoized": ({"memoize_dynamic": False}, 6, 2),
    "inlined": ({"memoize_dynamic": False, "memoization": False}, 6, 2),
    "each size memoized": ({}, 8, 0),
    "each size inlined": ({"memoization": False}, 8, 0),
    "forced": ({"force_indirect_command_buffers": True}, 8, 0),
    "direct": ({"indirect_command_buffers": False}, 0, 8),
}


@pytest.mark.parametrize("recording", RECORDINGS)
def test_programs_of_many_shapes(real_iree: Callable, recording: str, tmp_path: Path):
    """One module of many functions, compiled once; the numbers are the same however work is recorded."""
    real = real_iree(Path(__file__).with_name("hal_cases.mlir"))
    options, indirect, direct = RECORDINGS[recording]
    context, module = from_stream(real, replace(CompileOptions(), **options), through_hal=True)
    text = print_module(module)
    assert (text.count("hal.device.queue.execute.indirect<"), text.count("hal.device.queue.execute<")) == (indirect, direct)
    vm_phase(CompileOptions()).run(context, module)
    ours = tmp_path / "cases.vmfb"
    ours.write_bytes(emit_module(module))
    wrong = [case for case in CASES if run(ours, *case) != run(real.module, *case)]
    assert not wrong
