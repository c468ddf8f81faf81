"""A filecheck that passes when its pass does nothing checks nothing: each must fail once the pass it is named for is disabled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_filecheck import CASES, HERE, execute, run_lines

from pyrie.ir.passes import ModulePass
from pyrie.passes.registry import PASSES, load_pass

FLAGS = re.compile(r"--([\w-]+)|[(,]\s*([\w-]+)")


def passes_run_by(path: Path) -> list[type[ModulePass]]:
    """The passes that the RUN lines name and that are defined in the file of the same name, else all they name."""
    named = [a or b for line in run_lines(path.read_text()) for a, b in FLAGS.findall(line)]
    known = [name for name in dict.fromkeys(named) if name in PASSES]
    home = [name for name in known if PASSES[name][0].endswith(f".{path.stem}")]
    return [load_pass(name) for name in home or known]


@pytest.mark.parametrize("path", CASES, ids=[str(p.relative_to(HERE).with_suffix("")) for p in CASES])
def test_fails_when_the_pass_does_nothing(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    passes = passes_run_by(path)
    if not passes:
        return  # a test of text, parsers or dialects
    for cls in passes:
        monkeypatch.setattr(cls, "apply", lambda self, context, module: None)
    failures = 0
    for line in run_lines(path.read_text()):
        try:
            execute(line, path, tmp_path)
        except AssertionError:
            failures += 1
    assert failures, f"passes with {', '.join(cls.name for cls in passes)} disabled"
