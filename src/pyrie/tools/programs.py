"""What `run`, `bench` and `check` share: the flags that name a program, a function and its inputs, and loading them."""

from __future__ import annotations

from pathlib import Path

from pyrie.program import Function, Program
from pyrie.support.errors import InputError
from pyrie.tools.flags import Flag, Parsed
from pyrie.tools.summary import Summary

FLAGS = (
    Flag("--help", "this text", bool, also=("-h",)),
    Flag("--module", "the module (.vmfb) or model (.mlir, .onnx); the same as giving it by position"),
    Flag("--device", "local-sync (default) or local-task", default="local-sync"),
    Flag("--no-cache", "compile a model even if its module is known", bool),
)
CALL_FLAGS = (
    *FLAGS,
    Flag("--function", "the function to call; needed if there are several and none is called main"),
    Flag("--input", "a value: 2x3xf32=1 2 3 4 5 6, @file.npy, @image.png, or a number (repeat for each argument)", list),
)
MODELS = (".mlir", ".onnx")


def program_path(flags: Parsed) -> str:
    """The one program that the command line names. Raises InputError."""
    paths = [*([flags.module] if flags.module else []), *flags.positional]
    if len(paths) != 1:
        raise InputError(f"one module, not {len(paths)}", hint="give MODULE.vmfb, MODEL.onnx or MODEL.mlir")
    return paths[0]


def is_model(flags: Parsed) -> bool:
    """Whether the command line names a model, which is compiled first, rather than a module."""
    return Path(program_path(flags)).suffix in MODELS


def load_program(flags: Parsed, summary: Summary | None = None) -> Program:
    """Loads the program, compiling it first if it is a model. `summary` learns where the time went."""
    path = Path(program_path(flags))
    if not is_model(flags):
        return Program.load(path, device=flags.device)
    summary = summary or Summary()
    with summary.measure("compile"):
        data = _compile(path, not flags.no_cache, summary)
    with summary.measure("load"):
        return Program.load(data, device=flags.device)


def _compile(path: Path, cache: bool, summary: Summary) -> bytes:
    from pyrie.passes.options import CompileOptions  # a module runs without the compiler
    from pyrie.session import Session, compile

    session = Session(CompileOptions())
    data = compile(path, cache=cache, session=session)
    phases = {phase.name: phase.seconds for phase in session.observer.timing.children}
    if phases:
        summary.add_phases("compile", phases)
    else:
        summary.details["compile"] = "known from before"
    summary.target = session.target
    return data


def select_function(program: Program, name: str | None) -> Function:
    """The function of that name; without one, `main` or the only one. Raises InputError."""
    if name:
        return program[name]
    if len(program.functions) != 1 and "main" not in program.functions:
        raise InputError("the module has several functions", hint=f"choose one with --function=: {', '.join(program.functions)}")
    return program["main" if "main" in program.functions else program.functions[0]]
