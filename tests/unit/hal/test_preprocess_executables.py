"""A user's command that changes executables: its failures are errors at the executable."""

from __future__ import annotations

import shlex
import sys

import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.passes.hal.preprocess_executables_with_tool import PreprocessExecutablesWithTool
from pyrie.support.errors import CompileError

SOURCE = "hal.executable private @e { }"


def python(code: str) -> str:
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (python("import sys; print('why it failed', file=sys.stderr); sys.exit(3)"), "(?s)ended with 3.*why it failed"),
        (python("print('hal.executable private @e {')"), "cannot be read"),
        (python("print('module { }')"), "wrote no hal.executable"),
        (python("import sys; sys.stdout.buffer.write(b'\\xff')"), "wrote no text"),
        ("no-such-command-of-any-kind", "(?s)does not run.*PATH"),
        ("'open", "is no command"),
        ("", "the command is empty"),
    ],
)
def test_failures_name_the_executable_and_the_reason(command: str, message: str):
    context = make_context()
    module = parse_module(SOURCE, context, name="model.mlir")
    with pytest.raises(CompileError) as caught:
        PreprocessExecutablesWithTool(command).apply(context, module)
    assert caught.match("hal.executable")
    assert caught.match(message)
    assert caught.value.location == "model.mlir:1:1"


def test_a_command_that_does_not_end_is_stopped():
    context = make_context()
    with pytest.raises(CompileError, match="did not end within 1 s"):
        PreprocessExecutablesWithTool(python("import time; time.sleep(60)"), timeout=1).apply(context, parse_module(SOURCE, context))


def test_no_shell_reads_the_command():
    context = make_context()
    module = parse_module(SOURCE, context)
    with pytest.raises(CompileError, match=r"output of 'echo // \| cat >&2' .*|wrote no hal.executable"):
        PreprocessExecutablesWithTool("echo // | cat >&2").apply(context, module)
