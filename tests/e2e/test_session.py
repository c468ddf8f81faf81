"""Compiles as a whole: every phase prints what it reads back, resuming gives the same bytes, and so does any hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.passes.options import CompileOptions
from pyrie.session import PHASES, Session, compile
from pyrie.support.disk_cache import DiskCache
from pyrie.support.errors import InputError

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ("mlp", "loop", "counter", "transformer_block")
GENERIC = CompileOptions(cpu="generic")


@pytest.fixture(scope="session")
def phases() -> Callable[[str], tuple[dict[str, str], bytes]]:
    """`phases(example)` gives the text after each phase, with locations, and the module."""
    known: dict[str, tuple[dict[str, str], bytes]] = {}

    def compiled(name: str) -> tuple[dict[str, str], bytes]:
        if name not in known:
            texts: dict[str, str] = {}
            session = Session(GENERIC)
            session.on_phase = lambda phase, module: texts.update({phase: print_module(module, locations=True)})
            module = session.compile(EXAMPLES / f"{name}.mlir")
            known[name] = texts, session.serialize(module)
        return known[name]

    return compiled


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_every_phase_reads_back(phases: Callable[[str], tuple[dict[str, str], bytes]], name: str, phase: str):
    text = phases(name)[0][phase]
    module = parse_module(text, make_context())
    assert print_module(module, locations=True) == text
    plain = print_module(module)
    assert print_module(parse_module(plain, make_context())) == plain


@pytest.mark.parametrize("phase", ["input", "flow", "stream", "executable-targets", "hal", "vm"])
@pytest.mark.parametrize("name", NAMES)
def test_going_on_from_the_text_of_a_phase_gives_the_same_bytes(
    phases: Callable[[str], tuple[dict[str, str], bytes]], name: str, phase: str
):
    texts, whole = phases(name)
    session = Session(GENERIC)
    assert session.serialize(session.compile(texts[phase], after=phase)) == whole


@pytest.mark.parametrize("name", ["loop"])
def test_the_hash_seed_does_not_matter(phases: Callable[[str], tuple[dict[str, str], bytes]], name: str, tmp_path: Path):
    code = "import sys, pyrie.session as s; from pyrie.passes.options import CompileOptions as O\n"
    code += "from pathlib import Path; Path(sys.argv[2]).write_bytes(s.compile(sys.argv[1], O(cpu='generic'), cache=False))"
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, str(EXAMPLES / f"{name}.mlir"), str(tmp_path / seed)], check=True, env=environment)
    assert (tmp_path / "0").read_bytes() == (tmp_path / "1").read_bytes() == phases(name)[1]


def test_a_second_compile_comes_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYRIE_CACHE_DIR", str(tmp_path))
    first = compile(EXAMPLES / "counter.mlir", GENERIC)
    assert len(list((tmp_path / "modules").iterdir())) == 1
    monkeypatch.setattr(Session, "compile", None)
    assert compile(EXAMPLES / "counter.mlir", GENERIC) == first
    entry = next((tmp_path / "modules").iterdir())
    assert DiskCache.of("modules").get(entry.name) == first


def test_what_cannot_be_compiled_is_refused(tmp_path: Path):
    for source, message in ((7, "a int cannot be compiled"), (tmp_path / "a.vmfb", "is compiled already"), (b"\0\1\2", "ONNX")):
        with pytest.raises(InputError, match=message):
            compile(source, cache=False)
