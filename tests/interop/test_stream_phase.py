"""Our stream phase between the real compiler's halves: its flow text in, our stream text to `--compile-from=stream`, equal numbers out."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from stream_random import HEADER, HELPERS, random_program

from conftest import IREE_COMPILE_FLAGS, RealIREE, iree_tool
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.passes.options import CompileOptions
from pyrie.passes.stream.pipeline import stream_phase

PROGRAMS = Path(__file__).with_name("stream_programs.mlir")

EXAMPLES = [
    ("mlp", "main", ["4x64xf32=0.1"]),
    ("transformer_block", "main", ["32x64xf32=0.3"]),
    ("loop", "iterate", ["4x8xf32=0.3", "8x8xf32=0.2", "i32=3"]),
    ("loop", "iterate", ["4x8xf32=-0.3", "8x8xf32=0.2", "i32=0"]),
    ("counter", "add", ["i32=3"]),
]
CASES = [
    ("batch_matmul_relu", ["3x5x8xf32=0.3", "3x8x16xf32=-2"]),
    ("batch_matmul_relu", ["1x1x8xf32=0.3", "1x8x16xf32=2"]),
    ("dimension_arithmetic", ["3x5xf32=0.5"]),
    ("concatenate_and_slice", ["2x4xf32=1.5", "3x4xf32=-2"]),
    ("pad_and_update", ["2x4xf32=3", "i32=2"]),
    ("update_in_loop", ["8x4xf32=0.5", "i32=5"]),
    ("update_in_loop", ["8x4xf32=0.5", "i32=0"]),
    ("advance_state", ["i32=4"]),
    ("calls", ["3x4xf32=1", "4xf32=1,2,3,4"]),
    ("nothing", ["3x4xf32=1", "0x4xf32"]),
    ("nothing", ["0x4xf32", "0x4xf32"]),
    ("element_types", ["4xi64=1,2,3,4", "4xbf16=1,2,3,4", "4xi1=01 00 00 01", "4xi8=1,2,3,4"]),
    ("pass_through", ["4xf32=1,2,3,4", "i1=00"]),
    ("pass_through", ["4xf32=1,2,3,4", "i1=01"]),
]


def our_stream(flow: str) -> str:
    context = make_context()
    module = parse_module(flow, context)
    stream_phase(CompileOptions()).run(context, module)
    return print_module(module)


@pytest.fixture(scope="module")
def continued(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Callable[[RealIREE], Path]:
    """The module that the real compiler makes of our stream text; kept by content."""

    built: dict[Path, Path] = {}

    def build(real: RealIREE) -> Path:
        if real.module in built:
            return built[real.module]
        text = our_stream(real.phases["flow"].read_text())
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        assert pytestconfig.cache is not None
        target = Path(pytestconfig.cache.mkdir("stream-phase")) / f"{real.module.stem}-{key}.vmfb"
        if not target.exists():
            source = tmp_path_factory.mktemp("stream") / "stream.mlir"
            source.write_text(text)
            command = [
                iree_tool("iree-compile"),
                "--compile-from=stream",
                str(source),
                *IREE_COMPILE_FLAGS,
                "-o",
                str(source.with_suffix(".vmfb")),
            ]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            assert result.returncode == 0, result.stderr[:4000]
            source.with_suffix(".vmfb").rename(target)
        built[real.module] = target
        return target

    return build


def run(module: Path, function: str, inputs: list[str], device: str) -> str:
    """What iree-run-module prints: every result with its shape and elements."""
    command = [iree_tool("iree-run-module"), f"--module={module}", f"--function={function}", f"--device={device}"]
    result = subprocess.run([*command, *(f"--input={i}" for i in inputs)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[:4000]
    assert "result[0]" in result.stdout
    return result.stdout


@pytest.mark.interop
@pytest.mark.parametrize(
    "source, function, inputs",
    [*EXAMPLES, *((PROGRAMS, *case) for case in CASES)],
    ids=lambda value: value.stem if isinstance(value, Path) else None,
)
def test_the_numbers_are_those_of_the_real_stream_phase(real_iree, continued, source, function, inputs):
    real = real_iree(source)
    expected = run(real.module, function, inputs, "local-sync")
    for device in ("local-sync", "local-task"):
        assert run(continued(real), function, inputs, device) == expected


@pytest.mark.interop
@pytest.mark.parametrize("example", ["mlp", "transformer_block", "loop", "counter"])
def test_our_text_is_a_fixpoint_of_the_real_printer(real_iree, tmp_path, example):
    """The real tool reads our stream text, verifies it and prints the same lines, down to the resources, which it sorts by use."""
    text = our_stream(real_iree(example).phases["flow"].read_text())
    source = tmp_path / "stream.mlir"
    source.write_text(text)
    result = subprocess.run([iree_tool("iree-opt"), str(source)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[:4000]
    assert result.stdout.partition("{-#")[0].rstrip() == text.partition("{-#")[0].rstrip()


@pytest.mark.interop
def test_random_programs_keep_value_semantics(real_iree, tmp_path):
    """Writes in place, copies that were dropped, lifetimes and timepoints: what comes out is what numpy says."""
    seeds = range(24)
    programs = {seed: random_program(seed) for seed in seeds}
    device = re.search(r"#hal\.device\.target<.*> : !hal\.device", inlined_targets(real_iree("counter").phases["flow"].read_text()))
    assert device
    flow = HEADER.replace("DEVICE", device[0]) + HELPERS + "".join(text for text, _ in programs.values()) + "}\n"
    source, module = tmp_path / "random.mlir", tmp_path / "random.vmfb"
    source.write_text(our_stream(flow))
    command = [iree_tool("iree-compile"), "--compile-from=stream", str(source), *IREE_COMPILE_FLAGS, "-o", str(module)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[:4000]
    wrong = []
    for seed, (text, expected) in programs.items():
        printed = run(module, f"f{seed}", ["8xi32=0,1,2,3,4,5,6,7", "8xi32=10,11,12,13,14,15,16,17"], "local-task")
        found = [[int(word) for word in line.split()] for line in re.findall(r"8xi32=(.*)", printed)]
        if found != [value.tolist() for value in expected]:
            wrong.append(f"seed {seed}: {found}, not {[value.tolist() for value in expected]}\n{text}")
    assert not wrong, wrong[0]


def inlined_targets(text: str) -> str:
    """The text with the alias of the executable target written out, so that the device is one attribute."""
    alias = re.search(r"^(#executable_target\w*) = (.*)$", text, re.MULTILINE)
    assert alias
    return text.replace(f"[{alias[1]}]", f"[{alias[2]}]")
