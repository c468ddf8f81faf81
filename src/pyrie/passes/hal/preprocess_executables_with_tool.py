"""Lets a command of the user's change each executable."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at
from pyrie.ir.parser import parse_module
from pyrie.ir.passes import ModulePass
from pyrie.ir.printer import print_module
from pyrie.support.errors import CompileError, PyrieError

LAST_LINES = 12  # of what the command wrote to standard error, in a message


@dataclass(frozen=True)
class PreprocessExecutablesWithTool(ModulePass):
    """Pipes the text of every executable through `command` and takes the contents of the first `hal.executable` it answers with.

    before:  hal.executable @e { ... }
    after:   hal.executable @e { the body and attributes of what the command wrote }

    The command is split into words as a shell would, but no shell runs it; after `timeout` seconds it is stopped. Legal if the command
    keeps the exports and their layouts, which is the user's promise.
    """

    name: ClassVar[str] = "iree-hal-preprocess-executables-with-tool"

    command: str = ""
    timeout: int = 600

    def apply(self, context: Context, module: ModuleOp) -> None:
        for executable in [op for op in module.body.block.ops if isinstance(op, hal.ExecutableOp)]:
            answer = self._run(executable, print_module(executable, locations=True, aliases=False))
            replacement = _read(context, executable, answer, self.command)
            executable.attributes = dict(replacement.attributes)
            executable.detach_region(executable.body).drop_all_references()
            executable.add_region(replacement.detach_region(replacement.body))

    def _run(self, executable: hal.ExecutableOp, text: str) -> str:
        """What the command writes. Raises a CompileError at the executable if it cannot be run, fails or does not end."""
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise error_at(executable, f"cannot be preprocessed: '{self.command}' is no command: {error}") from None
        if not words:
            raise error_at(executable, "cannot be preprocessed: the command is empty")
        try:
            done = subprocess.run(words, input=text.encode(), capture_output=True, timeout=self.timeout, check=False)
        except subprocess.TimeoutExpired:
            raise error_at(executable, f"cannot be preprocessed: '{self.command}' did not end within {self.timeout} s") from None
        except OSError as error:
            raise error_at(
                executable, f"cannot be preprocessed: '{words[0]}' does not run: {error.strerror}", hint="is it on the PATH?"
            ) from None
        if done.returncode != 0:
            raise _failure(executable, f"'{self.command}' ended with {done.returncode}", done.stderr.decode(errors="replace"))
        try:
            return done.stdout.decode()
        except UnicodeDecodeError:
            raise _failure(executable, f"'{self.command}' wrote no text", "") from None


def _failure(executable: hal.ExecutableOp, what: str, said: str) -> CompileError:
    error = error_at(executable, f"cannot be preprocessed: {what}")
    error.details += tuple(said.splitlines()[-LAST_LINES:])
    return error


def _read(context: Context, executable: hal.ExecutableOp, text: str, command: str) -> hal.ExecutableOp:
    try:
        answer = parse_module(text, context, name=f"<output of {command}>")
    except PyrieError as error:
        raise _failure(executable, f"the output of '{command}' cannot be read", str(error)) from error
    found = next((op for op in answer.body.block.ops if isinstance(op, hal.ExecutableOp)), None)
    if found is None:
        raise _failure(executable, f"'{command}' wrote no hal.executable", "")
    return found
