"""The command line: exit codes and messages for what users get wrong, and what each command prints when all is well."""

from __future__ import annotations

import io
import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pyrie.passes.options import CompileOptions
from pyrie.session import PHASES, cache_key, phase_range
from pyrie.support.errors import InputError, UnsupportedError
from pyrie.tools.flags import Flag, parse_flags
from pyrie.tools.main import COMMANDS, run
from pyrie.tools.values import format_array, parse_inputs

FUNCTION = "util.func public @f(%a: index) -> index {\n  %0 = arith.addi %a, %a : index\n  util.return %a : index\n}\n"


def pyrie(*arguments: str, text: str = "") -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = run(arguments, stdin=io.StringIO(text), stdout=out, stderr=err)
    assert "Traceback" not in err.getvalue(), err.getvalue()
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str):
    code, out, _ = pyrie(command, "--help")
    assert code == 0 and out.startswith(f"usage: pyrie {command}")


def test_usage():
    assert pyrie()[0] == 1 and pyrie("--help")[0] == 0
    assert all(command in pyrie("--help")[1] for command in COMMANDS)
    assert pyrie("--version")[1].startswith("pyrie 0.")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["frobnicate"], "there is no command 'frobnicate'"),
        (["opt", "--frobnicate"], "unknown flag '--frobnicate'"),
        (["opt", "--canonicalise"], "did you mean '--canonicalize'?"),
        (["opt", "--mlir-timing=perhaps"], "is true or false"),
        (["opt", "-o"], "needs a value"),
        (["opt", "--iree-util-unheard-of"], "there is no pass 'iree-util-unheard-of'"),
        (["opt", "a.mlir", "b.mlir"], "one file, not 2"),
        (["opt", "missing.mlir"], "missing.mlir: cannot be read: No such file"),
        (["opt", "--inline=threshold=many"], "is a number"),
        (["opt", "--pass-pipeline=builtin.module(nope)"], "there is no pass 'nope'"),
        (["compile"], "one model, not 0"),
        (["compile", "missing.mlir"], "missing.mlir: cannot be read"),
        (["compile", "missing.onnx"], "missing.onnx: no such file"),
        (["compile", "a.mlir", "--compile-to=nowhere"], "there is no phase 'nowhere'"),
        (["compile", "a.mlir", "--iree-opt-level=O9"], "an optimization level is"),
        (["compile", "a.mlir", "--output-format=gif"], "'gif' is not supported"),
        (["run", "missing.vmfb"], "missing.vmfb"),
        (["run"], "one module, not 0"),
        (["bench", "missing.vmfb"], "missing.vmfb"),
        (["bench", "x.vmfb", "--benchmark_min_time=soon"], "is a number of seconds"),
        (["check", "missing.vmfb"], "missing.vmfb"),
        (["dump", "missing.vmfb"], "missing.vmfb"),
        (["dump", "a.vmfb", "--output=gif"], "'gif' is not supported"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_mistakes_are_one_message_and_exit_code_1(arguments: list[str], message: str):
    code, _, err = pyrie(*arguments)
    assert code == 1 and message in err


def test_flags_of_iree_without_effect_are_warned_about():
    code, _, err = pyrie("opt", "--iree-something-else=7", "-", text=FUNCTION)
    assert code == 0 and "warning: flag '--iree-something-else' has no effect here" in err


def test_flags():
    table = (Flag("--one", "", bool), Flag("--two", "", int, default=2), Flag("--many", "", list), Flag("-o", "", target="output"))
    line = ["a", "-one", "--two", "0x10", "--many=x", "--many=y", "-o", "out", "--pass=z=1", "b"]
    parsed = parse_flags("test", table, line, frozenset(["pass"]))
    assert (parsed.one, parsed.two, parsed.many, parsed.output) == (True, 16, ["x", "y"], "out")
    assert parsed.positional == ["a", "b"] and parsed.rest == [("pass", "z=1")]
    assert parse_flags("test", table, []).many == [] and not parse_flags("test", table, ["--one=false"]).one


# ---- opt


def test_opt_runs_passes_in_the_order_of_their_flags():
    code, out, err = pyrie("opt", "--mlir-print-ir-after-all", "--cse", "--dce", "-", text=FUNCTION)
    assert code == 0 and "arith" not in out
    assert [line.split()[5] for line in err.splitlines() if "IR Dump" in line] == ["cse", "dce"]


def test_opt_takes_pipelines_and_prints_the_generic_form():
    code, out, _ = pyrie("opt", "--pass-pipeline=builtin.module(util.func(dce))", "--mlir-print-op-generic", "-", text=FUNCTION)
    assert code == 0 and '"util.func"' in out and "arith" not in out


def test_opt_splits_files_and_keeps_line_numbers():
    code, out, _ = pyrie("opt", "--split-input-file", "-", text=f"{FUNCTION}// -----\n{FUNCTION}")
    assert code == 0 and out.count("module {") == 2 and "// -----\n" in out
    code, _, err = pyrie("opt", "--split-input-file", "-", text=f"{FUNCTION}// -----\nutil.nonsense\n")
    assert code == 1 and "<stdin>:6:1: operation 'util.nonsense'" in err


def test_opt_verifies_diagnostics():
    good = "// expected-error @+1 {{operation 'util.nonsense' is not supported}}\nutil.nonsense\n"
    assert pyrie("opt", "--verify-diagnostics", "-", text=good)[0] == 0
    for bad in (good.replace("@+1", "@+2"), good.replace("nonsense' is", "x' is"), FUNCTION + "// expected-error @-1 {{never}}\n"):
        assert pyrie("opt", "--verify-diagnostics", "-", text=bad)[0] == 1


def test_a_broken_pass_leaves_a_reproducer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fail(*_: object):
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr("pyrie.ir.transforms.cse.CSE.apply", fail)
    out, err = io.StringIO(), io.StringIO()
    assert run(["opt", "--dce", "--cse", "-"], stdin=io.StringIO(FUNCTION), stdout=out, stderr=err) == 1
    assert "pass 'cse' failed: ZeroDivisionError: by accident" in err.getvalue() and "Traceback" in err.getvalue()
    (kept,) = tmp_path.iterdir()
    assert f"reproduce with: pyrie opt --pass-pipeline='builtin.module(cse)' {kept}" in err.getvalue()
    assert "util.func public @f" in kept.read_text() and "arith" not in kept.read_text()  # dce had run


def test_opt_lists_passes_and_times_them():
    assert {"canonicalize", "cse"} <= set(pyrie("opt", "--list-passes")[1].split())
    assert "cse" in pyrie("opt", "--cse", "--mlir-timing", "-", text=FUNCTION)[2]


@pytest.mark.parametrize("command", ["opt", "compile"])
def test_starting_is_quick(command: str):
    """Processor time of a fresh interpreter up to the help text, so that a busy machine does not matter."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "pyrie.tools.main", command, "--help"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.8


# ---- compile


def test_phases_between():
    names = list(PHASES)
    assert phase_range(None, None) == phase_range("start", "end") == names
    assert phase_range("flow", "hal") == names[names.index("stream") : names.index("hal") + 1]
    assert phase_range(None, "input") == ["input"] and phase_range("vm", None) == []
    with pytest.raises(InputError, match="no phase 'nowhere'"):
        phase_range("nowhere", None)


def test_the_cache_key_follows_source_and_options(tmp_path: Path):
    path = tmp_path / "a.mlir"
    path.write_text(FUNCTION)
    base = cache_key(path, CompileOptions())
    assert base == cache_key(str(path), CompileOptions()) == cache_key(FUNCTION, CompileOptions())
    assert base != cache_key(path, CompileOptions(memoization=False))
    assert cache_key(path, CompileOptions(dump_executables_to="/elsewhere")) is None  # a known result would write nothing
    path.write_text(FUNCTION + "\n")
    assert base != cache_key(path, CompileOptions())
    assert cache_key(tmp_path / "missing.mlir", CompileOptions()) is None


def test_compile_reads_standard_input_and_stops_after_a_phase():
    code, out, err = pyrie("compile", "-", "--compile-from=start", "--compile-to=preprocessing", text=FUNCTION.replace("\n", " "))
    assert code == 0 and "util.func public @f" in out, err
    code, _, err = pyrie("compile", "-", "--compile-to=input", text="util.nonsense")
    assert code == 1 and "<stdin>:1:1: operation 'util.nonsense' is not supported" in err


def test_compile_runs_the_users_passes():
    options = ("--iree-preprocessing-pass-pipeline=builtin.module(util.func(dce),cse)", "--mlir-print-ir-after-all")
    code, _, err = pyrie("compile", "-", "--compile-to=preprocessing", *options, text=FUNCTION)
    assert code == 0 and "IR Dump After dce" in err and "IR Dump After cse" in err


def test_compile_dumps_every_phase(tmp_path: Path):
    (tmp_path / "model.mlir").write_text(FUNCTION)
    directory = tmp_path / "phases"
    code, _, _ = pyrie("compile", f"{tmp_path}/model.mlir", "--compile-to=abi", f"--dump-compilation-phases-to={directory}", "-o", "-")
    assert code == 0
    assert sorted(p.name for p in directory.iterdir()) == ["model.1.input.mlir", "model.2.abi.mlir"]


# ---- values


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2x3xf32=1 2 3 4 5 6", np.arange(1, 7, dtype=np.float32).reshape(2, 3)),
        ("2x3xf32=[[1,2,3],[4,5,6]]", np.arange(1, 7, dtype=np.float32).reshape(2, 3)),
        ("4xi8=7", np.full(4, 7, np.int8)),
        ("4xi8=255", np.full(4, -1, np.int8)),
        ("2xui8=255", np.full(2, 255, np.uint8)),
        ("i32=-5", np.array(-5, np.int32)),
        ("3xi1=1 0 true", np.array([True, False, True])),
        ("0x4xf32", np.zeros((0, 4), np.float32)),
        ("2xf32", np.zeros(2, np.float32)),
        ("2xf64=nan inf", np.array([np.nan, np.inf])),
        ("2xf16=1.5", np.full(2, 1.5, np.float16)),
    ],
)
def test_values_are_read(text: str, expected: np.ndarray):
    (value,) = parse_inputs([text], None)
    assert (
        value.dtype == expected.dtype
        and value.shape == expected.shape
        and np.array_equal(value, expected, equal_nan=expected.dtype.kind == "f")
    )


BAD_VALUES = "2x3xf32=1 2|2xf32=x|2xi8=999|2xzz9=1|banana|2xi8=1.5|@missing.npy|@file.txt|2xf32=@missing"


@pytest.mark.parametrize("text", BAD_VALUES.split("|"))
def test_bad_values_are_refused(text: str):
    with pytest.raises((InputError, UnsupportedError)):
        parse_inputs([text], None)


def test_values_come_from_files(tmp_path: Path):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(tmp_path / "a.npy", array)
    (tmp_path / "a.bin").write_bytes(array.tobytes())
    for text in (f"@{tmp_path}/a.npy", f"2x3xf32=@{tmp_path}/a.bin"):
        assert (parse_inputs([text], None)[0] == array).all()
    (tmp_path / "bad.npy").write_bytes(b"\x93NUMPY nonsense")
    with pytest.raises(InputError, match="not a sound"):
        parse_inputs([f"@{tmp_path}/bad.npy"], None)


@pytest.mark.parametrize(
    "array, expected",
    [
        (np.array([[1e10, -0.0, np.nan], [np.inf, 1e-7, 123456789]], np.float32), "2x3xf32=[1E+10 -0 NAN][INF 1E-07 1.23457E+08]"),
        (np.array([[[1, 2]], [[3, 4]]], np.int32), "2x1x2xi32=[[1 2]][[3 4]]"),
        (np.array(5, np.float32), "f32=5"),
        (np.zeros((0, 2), np.float32), "0x2xf32="),
        (np.array([True, False]), "2xi1=1 0"),
        (np.arange(10, dtype=np.int64), "10xi64=0 1 2 3..."),
    ],
)
def test_values_are_printed_as_iree_does(array: np.ndarray, expected: str):
    assert format_array(array, limit=4 if array.size == 10 else 1024) == expected


def test_run_tells_what_was_memoized():
    model = Path(__file__).resolve().parents[3] / "examples" / "mlp.mlir"
    code, out, err = pyrie("run", str(model), "--input=4x64xf32=0.37", "--print_statistics")
    assert code == 0 and "result[0]" in out
    assert re.search(r"^memoized @main: uses not counted, 1 misses, 0 evictions, 1 entries, [1-9]\d* bytes$", err, re.MULTILINE), err
