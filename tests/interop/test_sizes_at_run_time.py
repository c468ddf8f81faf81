"""The real runtime refuses sizes that do not agree as ours does: the comparison is in the module."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from sizes import CASES, Disagreement, Shape

from conftest import iree_tool
from pyrie.session import compile

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sizes") / "m.vmfb"
    path.write_bytes(compile("".join(case.text for case in CASES), cache=False))
    return path


def run(module: Path, case: Disagreement, shapes: list[Shape]) -> subprocess.CompletedProcess[str]:
    inputs = [f"--input={'x'.join([*map(str, shape), 'f32'])}=1" for shape in shapes]
    command = [iree_tool("iree-run-module"), f"--module={module}", f"--function={case.name}", "--device=local-sync", *inputs]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_real_runtime_refuses_them(case: Disagreement, module: Path):
    assert run(module, case, list(case.agreeing)).returncode == 0
    refused = run(module, case, list(case.disagreeing))
    assert refused.returncode == 1, refused.stderr
    assert "INVALID_ARGUMENT" in refused.stderr or "FAILED_PRECONDITION" in refused.stderr
    assert case.words[0] in refused.stderr
