"""Tests written with the check dialect: compiled, run by `pyrie check`, and by the real runtime, which lacks the module and skips them."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest

from conftest import iree_tool
from pyrie.tools.main import run

SOURCE = """
func.func @adds() {
  %a = util.unfoldable_constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %b = stablehlo.add %a, %a : tensor<3xf32>
  check.expect_almost_eq_const(%b, dense<[2.0, 4.0, 6.0]> : tensor<3xf32>) : tensor<3xf32>
  return
}
func.func @counts() {
  %a = util.unfoldable_constant dense<[1, 2, 3]> : tensor<3xi32>
  %b = stablehlo.add %a, %a : tensor<3xi32>
  check.expect_eq_const(%b, dense<[2, 4, EXPECTED]> : tensor<3xi32>) : tensor<3xi32>
  return
}
"""


def check(text: str, scratch: Path) -> tuple[int, str, Path]:
    source, module = scratch / "cases.mlir", scratch / "cases.vmfb"
    source.write_text(text)
    errors = io.StringIO()
    assert run(["compile", str(source), "-o", str(module)], stderr=errors) == 0, errors.getvalue()
    output = io.StringIO()
    return run(["check", str(module)], stdout=output, stderr=output), output.getvalue(), module


def test_expectations_that_hold(tmp_path: Path):
    code, output, _ = check(SOURCE.replace("EXPECTED", "6"), tmp_path)
    assert code == 0, output
    assert "[  PASSED  ] 2 tests" in output


def test_expectations_that_do_not_hold(tmp_path: Path):
    code, output, _ = check(SOURCE.replace("EXPECTED", "7"), tmp_path)
    assert code != 0
    assert "[  FAILED  ] cases.counts" in output and "[       OK ] cases.adds" in output


@pytest.mark.interop
def test_the_real_runtime_runs_them_without_a_check_module(tmp_path: Path):
    _, _, module = check(SOURCE.replace("EXPECTED", "7"), tmp_path)
    command = [iree_tool("iree-run-module"), "--device=local-sync", f"--module={module}", "--function=counts"]
    subprocess.run(command, check=True, capture_output=True)
