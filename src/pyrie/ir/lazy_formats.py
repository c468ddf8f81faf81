"""Assembly formats are read from their text when an op is first parsed or printed, not when its class is defined.

A compile defines a thousand op classes and prints none of them; reading all their formats would take a third of its start-up.
Importing this module replaces how xDSL makes a format of its text. `tests/unit/ir/test_lazy_formats.py` reads every format.
"""

from __future__ import annotations

from typing import Any

from xdsl.irdl import IRDLOperation, OpDef
from xdsl.irdl.declarative_assembly_format import FormatProgram
from xdsl.parser import Parser
from xdsl.printer import Printer

_read_now = FormatProgram.from_str


class LazyFormat:
    """Stands in for a FormatProgram until somebody asks something of it."""

    __slots__ = ("_definition", "_program", "_text")

    def __init__(self, text: str, definition: OpDef):
        self._text, self._definition = text, definition
        self._program: FormatProgram | None = None

    @property
    def program(self) -> FormatProgram:
        """The format, read. Raises ParseError if its text is wrong."""
        if self._program is None:
            self._program = _read_now(self._text, self._definition)
        return self._program

    def parse(self, parser: Parser, op_type: type[IRDLOperation]) -> Any:
        return self.program.parse(parser, op_type)

    def print(self, printer: Printer, op: IRDLOperation) -> None:
        self.program.print(printer, op)


FormatProgram.from_str = staticmethod(LazyFormat)  # pyright: ignore[reportAttributeAccessIssue]
