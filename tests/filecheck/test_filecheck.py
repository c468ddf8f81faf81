"""Runs the RUN lines of every `.mlir` file below this directory, in process: `// RUN: pyrie opt FLAGS %s | FileCheck %s`."""

from __future__ import annotations

import io
import re
import shlex
import sys
from pathlib import Path

import pytest

from pyrie.ir.passes import Pipeline
from pyrie.passes.registry import PASSES
from pyrie.tools.main import run

sys.path.insert(0, str(Path(__file__).parent))
from filecheck import CheckFailure, check, parse_arguments

HERE = Path(__file__).parent
CASES = sorted(HERE.rglob("*.mlir"))
_RUN = re.compile(r"//\s*RUN:(.*)")


def run_lines(text: str) -> list[str]:
    """The commands of a test, continued lines joined."""
    lines: list[str] = []
    open_line = ""
    for match in _RUN.finditer(text):
        line = open_line + match[1].strip()
        if line.endswith("\\"):
            open_line = line[:-1] + " "
        else:
            lines.append(line)
            open_line = ""
    return lines


def execute(line: str, path: Path, scratch: Path) -> None:
    """Runs one RUN line: commands joined by `|`, the last possibly FileCheck; `not` in front expects a failure."""
    text = ""
    for part in re.split(r"(?<!\\)\|(?!\|)", line):
        merge = "2>&1" in part
        words = [w.replace("%s", str(path)).replace("%t", str(scratch / "t")) for w in shlex.split(part) if w != "2>&1"]
        expect_failure = words[0] == "not"
        words = words[expect_failure:]
        if words[0] == "FileCheck":
            options, positional = parse_arguments(words[1:])
            check(text, Path(positional[0]).read_text(), options)
            continue
        assert words[0] == "pyrie", f"a RUN line runs `pyrie`, not `{words[0]}`"
        out, err = io.StringIO(), io.StringIO()
        code = run(words[1:], stdin=io.StringIO(text), stdout=out, stderr=err)
        if (code != 0) != expect_failure:
            raise CheckFailure(f"`{part.strip()}` exited with {code}\n{err.getvalue()[:4000]}")
        text = out.getvalue() + (err.getvalue() if merge else "")


@pytest.mark.parametrize("path", CASES, ids=[str(p.relative_to(HERE).with_suffix("")) for p in CASES])
def test_file(path: Path, tmp_path: Path):
    lines = run_lines(path.read_text())
    assert lines, "the file has no RUN line"
    for line in lines:
        execute(line, path, tmp_path)


def checks_a_pass(line: str) -> bool:
    """Whether a RUN line pipes what a pass made of its input to FileCheck."""
    flags = {word.lstrip("-").partition("=")[0] for word in line.split() if word.startswith("--")}
    return "FileCheck" in line and bool(flags & ({*PASSES} | {"pass-pipeline"}))


PASS_CASES = [p for p in CASES if any(map(checks_a_pass, run_lines(p.read_text())))]


@pytest.mark.parametrize("path", PASS_CASES, ids=[str(p.relative_to(HERE).with_suffix("")) for p in PASS_CASES])
def test_file_fails_when_its_passes_do_nothing(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Pipeline, "_run_pass", lambda *arguments: None)
    for line in filter(checks_a_pass, run_lines(path.read_text())):
        with pytest.raises((CheckFailure, AssertionError)):
            execute(line, path, tmp_path)
