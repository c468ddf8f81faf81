"""The `pyrie` command: one row a subcommand, each loaded when it is run."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from importlib.metadata import version
from typing import Protocol, TextIO

from pyrie.support.errors import PyrieError
from pyrie.tools.streams import Streams

# name -> (module below pyrie.tools, what it does). Each module has `run(arguments, streams) -> exit code`.
COMMANDS: dict[str, tuple[str, str]] = {
    "compile": ("compile", "compile a model to a module (iree-compile)"),
    "run": ("run", "run a function of a model or module (iree-run-module)"),
    "opt": ("opt", "run passes over MLIR text (iree-opt)"),
    "bench": ("bench", "measure a function of a module (iree-benchmark-module)"),
    "check": ("check", "run the tests a module holds (iree-check-module)"),
    "dump": ("dump", "show what is in a module (iree-dump-module)"),
}


class Command(Protocol):
    def __call__(self, arguments: Sequence[str], streams: Streams) -> int: ...


def run(arguments: Sequence[str], *, stdin: TextIO | None = None, stdout: TextIO | None = None, stderr: TextIO | None = None) -> int:
    """Runs a command line and returns its exit code: 0, or 1 with a message on `stderr`. Never raises."""
    streams = Streams(stdin or sys.stdin, stdout or sys.stdout, stderr or sys.stderr)
    if not arguments or arguments[0] in ("--help", "-h", "help"):
        streams.stdout.write(_usage())
        return 0 if arguments else 1
    if arguments[0] in ("--version", "version"):
        streams.stdout.write(f"pyrie {version('pyrie')}\n")
        return 0
    if arguments[0] not in COMMANDS:
        streams.stderr.write(f"pyrie: there is no command '{arguments[0]}'\n{_usage()}")
        return 1
    module, _ = COMMANDS[arguments[0]]
    try:
        with redirect_stdout(streams.stdout), redirect_stderr(streams.stderr):  # for passes that print
            return import_module(f"pyrie.tools.{module}").run(arguments[1:], streams)
    except PyrieError as error:
        streams.stderr.write(f"pyrie {arguments[0]}: {error}\n")
        for note in getattr(error, "__notes__", ()):
            streams.stderr.write(f"  {note}\n")
        if error.__cause__ is not None and type(error).__name__ == "InternalError":
            traceback.print_exception(error.__cause__, file=streams.stderr)
        return 1
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        streams.stderr.write("interrupted\n")
        return 130
    except Exception:
        streams.stderr.write(f"pyrie {arguments[0]}: internal error; this is a defect in Pyrie\n")
        traceback.print_exc(file=streams.stderr)
        streams.stderr.write(f"reproduce with: pyrie {' '.join(arguments)}\n")
        return 1


def _usage() -> str:
    rows = "\n".join(f"  {name:8} {summary}" for name, (_, summary) in COMMANDS.items())
    return f"usage: pyrie COMMAND ...\n\n{rows}\n\n`pyrie COMMAND --help` lists the flags of a command.\n"


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
