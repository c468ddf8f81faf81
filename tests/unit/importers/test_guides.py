"""The guides of the front ends run as they stand, and list what the tables hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import ROOT
from pyrie.importers.onnx import supported

GUIDES = ROOT / "docs" / "guides"


@pytest.mark.parametrize("name", ["mlir.md", "onnx.md"])
def test_python_blocks_run(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"^```python\n(.*?)^```", (GUIDES / name).read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 3
    namespace: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, name, "exec"), namespace)


def test_the_list_of_onnx_operators_is_that_of_the_table():
    text = Path(GUIDES / "onnx.md").read_text()
    listed = text.split("<!-- operators: begin -->")[1].split("<!-- operators: end -->")[0].replace("\n", " ")
    assert [word.strip() for word in listed.split(",")] == sorted({f"{d}.{n}" if d else n for d, n, _ in supported()})
