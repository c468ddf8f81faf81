"""The runtime without the compiler, as `pyrie-runtime` installs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pyrie

PACKAGING = Path(__file__).resolve().parents[3] / "packaging" / "runtime"


def test_compiling_says_what_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyrie.session", None)  # importing it now raises ModuleNotFoundError
    with pytest.raises(pyrie.UnsupportedError, match="only runs modules") as refused:
        pyrie.compile("module {\n}")
    assert "pip install pyrie" in str(refused.value)


def test_the_distribution_names_no_compiler_package():
    text = (PACKAGING / "pyproject.toml").read_text()
    assert not [name for name in ("xdsl", "llvmlite", "onnx", "rich") if name in text]


def test_its_packages_import_on_their_own(tmp_path: Path):
    """The folders the distribution ships, without the others beside them."""
    source = Path(pyrie.__file__).parent
    target = tmp_path / "pyrie"
    target.mkdir()
    for name in ("__init__.py", "program.py", "runtime", "format", "parameters", "support"):
        (target / name).symlink_to(source / name)
    code = "import pyrie; print(pyrie.load, pyrie.InputError)"
    finished = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {[str(tmp_path), *sys.path]!r}; {code}"],
                              capture_output=True, text=True, check=False)  # fmt: skip
    assert finished.returncode == 0, finished.stderr
