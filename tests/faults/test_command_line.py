"""Bad input at the command line: one located message and exit code 1, never a traceback, a hang or a crash."""

from __future__ import annotations

import io
import random
import time
from pathlib import Path

import numpy as np
import pytest

from conftest import EXAMPLES
from pyrie.session import compile
from pyrie.tools.main import run

SECONDS = 20.0  # far above what any of these takes, far below a hang


def fails(*arguments: str) -> str:
    """Runs a command that must be refused; returns the message."""
    out, err = io.StringIO(), io.StringIO()
    begin = time.perf_counter()
    code = run(list(arguments), stdin=io.StringIO(), stdout=out, stderr=err)
    assert time.perf_counter() - begin < SECONDS
    message = err.getvalue()
    assert code == 1, f"exit code {code}: {out.getvalue()[:200]}{message[:400]}"
    assert message.strip() and "Traceback" not in message and "defect in Pyrie" not in message, message[:2000]
    return message


def succeeds_or_fails(*arguments: str) -> None:
    """A damaged file may by luck still be a good one."""
    out, err = io.StringIO(), io.StringIO()
    code = run(list(arguments), stdin=io.StringIO(), stdout=out, stderr=err)
    assert code in (0, 1) and "Traceback" not in err.getvalue() and "defect in Pyrie" not in err.getvalue(), err.getvalue()[:2000]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("modules") / "digits.vmfb"
    path.write_bytes(compile(EXAMPLES / "digits.onnx", cache=False))
    return path


@pytest.mark.parametrize("command", ["compile", "run", "opt", "bench", "check", "dump"])
def test_a_missing_file_is_named(command: str, tmp_path: Path):
    assert "nowhere" in fails(command, str(tmp_path / "nowhere.mlir"), *(["-o", "-"] if command == "compile" else []))


@pytest.mark.parametrize("command", ["compile", "run", "opt", "bench", "check", "dump"])
def test_an_unknown_flag_is_named(command: str):
    assert "--no-such-flag" in fails(command, "--no-such-flag")


BAD_TEXT = {
    "syntax": "func.func @f() {\n  %0 = arith.constant\n}\n",
    "parens": "func.func @f(" + "(" * 10_000,
    "quote": 'func.func @f() { "' + "a" * 1_000_000,
    "unknown_op": "func.func @f() {\n  stablehlo.frobnicate\n  return\n}\n",
    "unknown_dialect": "func.func @f() {\n  nosuch.op\n  return\n}\n",
    "undefined": "func.func @f() -> tensor<f32> {\n  return %x : tensor<f32>\n}\n",
    "wrong_type": "func.func @f(%x: tensor<2xf32>) -> tensor<3xf32> {\n  return %x : tensor<2xf32>\n}\n",
    "binary": "\x00\x01\x02" * 100,
    "huge_type": "func.func @f(%x: tensor<" + "9x" * 200 + "f32>) { return }\n",
}


@pytest.mark.parametrize("name", BAD_TEXT)
@pytest.mark.parametrize("command", ["compile", "opt"])
def test_bad_text_is_located(name: str, command: str, tmp_path: Path):
    path = tmp_path / "bad.mlir"
    path.write_text(BAD_TEXT[name])
    message = fails(command, str(path), *(["-o", str(tmp_path / "out")] if command == "compile" else []))
    assert "bad.mlir" in message


def test_damaged_onnx(tmp_path: Path):
    data = (EXAMPLES / "digits.onnx").read_bytes()
    rng = random.Random(5)
    path = tmp_path / "bad.onnx"
    for _ in range(12):
        path.write_bytes(data[: rng.randrange(len(data))])
        assert "bad.onnx" in fails("compile", str(path), "--compile-to=input", "-o", "-")
    for _ in range(40):
        damaged = bytearray(data)
        for _ in range(rng.choice((1, 1, 8, 64))):
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        succeeds_or_fails("compile", str(path), "--compile-to=input", "-o", str(tmp_path / "out"))


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        (["1x1x9x8xf32=0"], "9"),
        (["1x1x8x8xi32=0"], "int32"),
        (["64xf32=0"], "64"),
        ([], "needs 'image'"),
        (["1x1x8x8xf32=0", "1xf32=0"], "argument"),
        (["1x1x8x8xf32=zero"], "zero"),
        (["@nowhere.npy"], "nowhere.npy"),
        (["1x1x8x8xf33=0"], "f33"),
        (["99999999x99999999x99999999xf32=0"], "99999999"),
    ],
)
def test_wrong_inputs_say_what_is_wrong(digits: Path, inputs: list[str], says: str):
    assert says in fails("run", str(digits), *(f"--input={text}" for text in inputs))


def test_a_function_that_is_not_there(digits: Path):
    assert "nothing" in fails("run", str(digits), "--function=nothing")


def test_no_truncated_module_runs(digits: Path, tmp_path: Path):
    data = digits.read_bytes()
    path = tmp_path / "cut.vmfb"
    for length in sorted({0, 1, 7, 8, 64, len(data) - 1, *random.Random(3).sample(range(len(data)), 60)}):
        path.write_bytes(data[:length])
        fails("run", str(path), "--input=1x1x8x8xf32=0")


def test_no_flipped_bit_crashes(digits: Path, tmp_path: Path):
    """Code and tables are covered by the digest, so nearly every flip is refused; none may crash."""
    data = bytearray(digits.read_bytes())
    rng = random.Random(4)
    path = tmp_path / "flipped.vmfb"
    for _ in range(60):
        at, bit = rng.randrange(len(data)), 1 << rng.randrange(8)
        data[at] ^= bit
        path.write_bytes(data)
        succeeds_or_fails("dump", str(path))
        data[at] ^= bit


def test_a_module_that_is_not_one(tmp_path: Path):
    path = tmp_path / "x.vmfb"
    np.save(tmp_path / "x.npy", np.zeros(4))
    path.write_bytes((tmp_path / "x.npy").read_bytes())
    assert "x.vmfb" in fails("run", str(path))
