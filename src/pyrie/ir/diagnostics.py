"""Errors that name the op, the user's place for it, and show its text."""

from __future__ import annotations

import sys
from typing import TypeVar

from xdsl.ir import Operation
from xdsl.traits import SymbolTable as SymbolTableTrait
from xdsl.utils.exceptions import DiagnosticException, VerifyException

from pyrie.ir.locations import describe
from pyrie.ir.symbol_table import SymbolTable
from pyrie.support.errors import CompileError, PyrieError, UnsupportedError, VerifyError

E = TypeVar("E", bound=PyrieError)
LONGEST_EXCERPT = 240  # characters of an op's text in a message


def location_of(op: Operation) -> str:
    """Where `op` comes from: a node name, `file:line:column`, or that of the nearest op round it; `<unknown>` if none has one."""
    current: Operation | None = op
    while current is not None:
        text = describe(current.location)
        if text != "-":
            return text
        current = current.parent_op()
    return "<unknown>"


def excerpt(op: Operation) -> str:
    """The first line of the op's text, shortened, its regions left out."""
    from pyrie.ir.printer import Printer  # only needed once something went wrong

    root = op
    while (parent := root.parent_op()) is not None and parent.parent_op() is not None:
        root = parent
    try:
        printer = Printer(root)  # so that values have the names they have in the whole text
        printer.print_op(op)
        lines = [line for line in printer.text().splitlines() if not line.startswith(("#", "!"))]
    except Exception:  # an invalid op may not print; the message matters more
        return op.name
    first = lines[0] if lines else op.name
    return first if len(first) <= LONGEST_EXCERPT else first[: LONGEST_EXCERPT - 4] + " ..."


def error_at(op: Operation, message: str, *, hint: str | None = None, kind: type[E] = CompileError) -> E:
    """An error of `kind` about `op`: located, with its text below the message. `raise error_at(op, "...")`."""
    return kind(f"'{op.name}' {message}", location=location_of(op), details=(f"see: {excerpt(op)}",), hint=hint)


def unsupported_at(op: Operation, message: str, *, hint: str | None = None) -> UnsupportedError:
    """An UnsupportedError about `op`; `hint` says what is supported."""
    return error_at(op, message, hint=hint, kind=UnsupportedError)


def warn_at(op: Operation, message: str, *, kind: str = "warning") -> None:
    """Tells the user, on standard error, something about `op` that is no error; `kind` is `warning`, `remark` or `note`."""
    sys.stderr.write(f"{location_of(op)}: {kind}: {message}\n")


def verify(root: Operation) -> None:
    """Checks every invariant of `root` and all below it. Raises a located VerifyError for the first op that breaks one.

    An op that names symbols and has a method `verify_symbols(table)` is asked too, with the table it looks them up in.
    """
    tables: dict[Operation, SymbolTable] = {}
    for op in root.walk():
        try:
            op.verify(verify_nested_ops=False)
            if (verify_symbols := getattr(op, "verify_symbols", None)) is not None and (table := _table_round(op, tables)) is not None:
                verify_symbols(table)
        except PyrieError:
            raise
        except (VerifyException, DiagnosticException, ValueError) as error:
            raise error_at(op, f"op {_first_line(error)}", kind=VerifyError) from error
        for region in op.regions:
            for block in region.blocks:
                if block.parent is not region:
                    raise error_at(op, "op holds a block that names another parent", kind=VerifyError)
    _verify_dominance(root)


def _table_round(op: Operation, tables: dict[Operation, SymbolTable]) -> SymbolTable | None:
    """The symbols among which `op` looks up names, None if it stands in no table; `tables` holds those made so far."""
    owner = op.parent_op()
    while owner is not None and owner not in tables:
        if owner.has_trait(SymbolTableTrait, value_if_unregistered=False):
            tables[owner] = SymbolTable(owner)
            break
        owner = owner.parent_op()
    return tables[owner] if owner is not None else None


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    for line in text.splitlines():  # xDSL wraps the message in the op's text
        stripped = line.strip(" |^-")
        if "Operation does not verify" in stripped or "Exception" in stripped:
            continue
        if stripped:
            return stripped
    return text


def _verify_dominance(root: Operation) -> None:
    """Each use comes after its definition, in the same block or in one that dominates it."""
    from pyrie.ir.dominance import Dominance

    dominance = Dominance()
    for op in root.walk():
        for operand in op.operands:
            if not dominance.value_dominates(operand, op):
                raise error_at(op, "op operand does not dominate this use", kind=VerifyError)
