"""Who may import whom (docs/architecture.md), read from the import statements themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "pyrie"
LONGEST_FILE = 800

# layer -> the layers it may import; `session` is session.py
ALLOWED: dict[str, set[str]] = {
    "support": set(),
    "format": {"support"},
    "parameters": {"support"},
    "runtime": {"support", "format", "parameters"},
    "ir": {"support"},
    "dialects": {"support", "format", "ir"},
    "importers": {"support", "ir", "dialects"},
    "codegen": {"support", "format", "ir", "dialects", "runtime"},
    "passes": {"support", "format", "ir", "dialects", "codegen"},
    "session": {"support", "format", "ir", "dialects", "importers", "passes", "codegen"},
    "program": {"support", "runtime", "session", "passes"},  # passes: the options
    "integrations": {"support", "runtime", "session", "program", "importers"},
    "explorer": {"support", "ir", "session", "program", "runtime"},
}
ALLOWED["tools"] = {*ALLOWED} - {"integrations"}
RUNTIME_FORBIDDEN = ("xdsl", "llvmlite", "onnx", "torch", "rich", "flatbuffers")


def layer_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "pyrie" else [node.module]
    return names


def source_files() -> list[Path]:
    return sorted(p for p in SOURCE.rglob("*.py") if p != SOURCE / "__init__.py")


def test_layers_import_only_what_lies_below():
    wrong = []
    for path in source_files():
        layer = layer_of(path)
        for name in imported_modules(path):
            target = name.split(".")[1] if name.startswith("pyrie.") else None
            if target in ALLOWED and target != layer and target not in ALLOWED[layer]:
                wrong.append(f"{path.relative_to(SOURCE)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_runtime_layers_name_no_compiler_package():
    wrong = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in source_files()
        if layer_of(path) in ("support", "parameters", "runtime")
        for name in imported_modules(path)
        if name.split(".")[0] in RUNTIME_FORBIDDEN
    ]
    assert not wrong, "\n".join(wrong)


def test_code_generator_is_reached_through_its_registry_only():
    wrong = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in source_files()
        if layer_of(path) == "passes"
        for name in imported_modules(path)
        if name.startswith("pyrie.codegen") and name != "pyrie.codegen.target"
    ]
    assert not wrong, "\n".join(wrong)


def test_importing_the_runtime_loads_no_compiler_package():
    code = "import sys, pyrie.runtime; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not set(loaded) & set(RUNTIME_FORBIDDEN)


@pytest.mark.parametrize("path", source_files(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_file_is_too_long(path: Path):
    assert len(path.read_text().splitlines()) <= LONGEST_FILE
