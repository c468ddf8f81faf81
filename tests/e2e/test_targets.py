"""Modules for other CPUs than this one: they run where they can and are refused, with the reason, where they cannot."""

from __future__ import annotations

import numpy as np
import pytest
from examples import CALLS, EXAMPLES, as_tuple, assert_close

import pyrie
from pyrie.passes.options import CompileOptions
from pyrie.runtime.native import cpu
from pyrie.session import compile

CALL = next(call for call in CALLS if call.model == "transformer_block.mlir")


@pytest.mark.parametrize("name", ["generic", "x86-64-v2", "x86-64-v3"])
def test_older_cpus_compute_the_same(name: str):
    if any(cpu.features().get(feature) is False for feature in {"x86-64-v3": ("avx2", "fma")}.get(name, ())):
        pytest.skip("this machine is older")  # the refusal is tested below
    expected = as_tuple(pyrie.compile(CALL.path)(*CALL.arguments()))
    program = pyrie.load(compile(CALL.path, CompileOptions(cpu=name), cache=False))
    assert_close(as_tuple(program(*CALL.arguments())), expected)


def test_a_missing_cpu_feature_is_named(monkeypatch: pytest.MonkeyPatch):
    missing = "avx512f"
    data = compile(EXAMPLES / "counter.mlir", CompileOptions(cpu_features=f"+{missing}"), cache=False)
    with monkeypatch.context() as older:  # there may be no feature that this machine lacks
        here = cpu.features()
        older.setattr(cpu, "features", lambda: {**here, missing: False})
        assert_refused(data, missing)
    assert np.int32(3) == pyrie.compile(EXAMPLES / "counter.mlir")["add"](np.int32(3))


def assert_refused(data: bytes, missing: str) -> None:
    with pytest.raises(pyrie.DeviceError, match=missing) as refused:
        pyrie.load(data)
    assert "--target" in str(refused.value)


@pytest.mark.parametrize("backends", [("llvm-cpu", "reference"), ("reference", "llvm-cpu")], ids=",".join)
def test_a_module_with_code_for_two_targets_runs_the_one_the_device_loads(backends: tuple[str, ...]):
    expected = as_tuple(pyrie.compile(CALL.path)(*CALL.arguments()))
    program = pyrie.load(compile(CALL.path, CompileOptions(target_backends=backends), cache=False))
    assert_close(as_tuple(program(*CALL.arguments())), expected)
