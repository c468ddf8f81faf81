"""Fixtures shared by all tests: the examples, and what the real IREE compiler makes of them phase by phase."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
PHASES = (
    "input", "abi", "preprocessing", "global-optimization", "dispatch-creation", "flow", "stream",
    "executable-sources", "executable-configurations", "executable-targets", "hal", "vm",
)  # fmt: skip
IREE_COMPILE_FLAGS = (
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=generic",
)


def iree_tool(name: str) -> str:
    """Path of a tool of the real IREE, installed beside this interpreter by the `test` extra."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        pytest.fail(f"{name} is missing: pip install -e '.[test]'")
    return found


class RealIREE:
    """What the real compiler makes of one source file: `phases[name]` is a text file, `module` a .vmfb."""

    def __init__(self, directory: Path, stem: str):
        self.module = directory / f"{stem}.vmfb"
        self.phases = {phase: directory / f"{stem}.{i}.{phase}.mlir" for i, phase in enumerate(PHASES, 1)}


@pytest.fixture(scope="session")
def real_iree(pytestconfig: pytest.Config) -> Callable[[Path | str], RealIREE]:
    """`real_iree(path or example name)` compiles a source with the real iree-compile; kept in the pytest cache by content."""

    def compile_source(source: Path | str) -> RealIREE:
        path = Path(source) if os.sep in str(source) else EXAMPLES / f"{source}.mlir"
        key = hashlib.sha256(path.read_bytes() + repr(IREE_COMPILE_FLAGS).encode()).hexdigest()[:16]
        directory = Path(pytestconfig.cache.mkdir("real-iree")) / f"{path.stem}-{key}"  # pyright: ignore[reportOptionalMemberAccess]
        result = RealIREE(directory, path.stem)
        if not result.module.exists():
            scratch = directory.with_name(f"{directory.name}.{os.getpid()}")
            scratch.mkdir(parents=True, exist_ok=True)
            command = [iree_tool("iree-compile"), str(path), *IREE_COMPILE_FLAGS, f"--dump-compilation-phases-to={scratch}"]
            subprocess.run([*command, "-o", str(scratch / f"{path.stem}.vmfb")], check=True, capture_output=True, text=True)
            try:
                scratch.rename(directory)
            except OSError:  # another process was first; its result is the same
                shutil.rmtree(scratch)
        return result

    return compile_source


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The whole tables run only when asked for: `pytest -m full`."""
    if "full" in config.option.markexpr:
        return
    whole = [item for item in items if item.get_closest_marker("full")]
    if whole:
        config.hook.pytest_deselected(items=whole)
        items[:] = [item for item in items if item not in set(whole)]
