"""In which order a module comes to life: what initializers have stored, and what they may have run, at a place of the module."""

from __future__ import annotations

from collections.abc import Iterator, Set

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.rewriter import InsertPoint

from pyrie.dialects import util
from pyrie.ir.symbol_table import SymbolTable


class LoadOrder:
    """Answers questions about initializers, which run in the order of the module."""

    def __init__(self, module: ModuleOp):
        self.module = module
        self._first_runs: dict[str, Operation] | None = None

    def once_set(self, names: Set[str], function: Operation) -> InsertPoint:
        """Where all these globals have their values: before the function, or behind what declares or stores the last of them."""
        point = InsertPoint.before(function)
        op = function.next_op
        while op is not None:
            if isinstance(op, util.GlobalOp):
                sets = op.sym_name.data in names
            else:
                sets = isinstance(op, util.InitializerOp) and any(
                    store.global_name in names for store in op.walk() if isinstance(store, util.GlobalStoreOp)
                )
            if sets:
                point = InsertPoint.after(op)
            op = op.next_op
        return point

    def read_by(self, function: str, symbols: SymbolTable) -> set[str]:
        """Names of the globals that a function loads, itself or through what it calls."""
        return {op.global_name for op in _reached(symbols.lookup(function), symbols) if isinstance(op, util.GlobalLoadOp)}

    def may_run_before(self, function: Operation, point: InsertPoint) -> bool:
        """Whether some initializer calls the function, however indirectly, and runs before one that would be inserted at `point`."""
        first = self._first_run(function)
        return first is not None and not _is_behind(first, point.insert_before)

    def first_need(self, function: Operation) -> Operation:
        """The first op of the module that may run the function: an initializer before it, or the function itself."""
        first = self._first_run(function)
        return first if first is not None and _is_behind(function, first) else function

    def _first_run(self, function: Operation) -> Operation | None:
        if self._first_runs is None:
            self._first_runs = self._find_first_runs()
        return self._first_runs.get(function.sym_name.data) if isinstance(function, util.FuncOp) else None

    def _find_first_runs(self) -> dict[str, Operation]:
        """For each function that an initializer reaches: the first one that does."""
        symbols = SymbolTable(self.module)
        found: dict[str, Operation] = {}
        for op in self.module.body.block.ops:
            if isinstance(op, util.InitializerOp):
                for inner in _reached(op, symbols):
                    if isinstance(inner, util.CallOp):
                        found.setdefault(inner.callee.string_value(), op)
        return found


def _reached(root: Operation | None, symbols: SymbolTable) -> Iterator[Operation]:
    """The ops of a function or initializer and of all that it calls."""
    pending = [root]
    seen: set[str] = set()
    while pending:
        if (function := pending.pop()) is None:
            continue
        for op in function.walk():
            yield op
            if isinstance(op, util.CallOp) and (name := op.callee.string_value()) not in seen:
                seen.add(name)
                pending.append(symbols.lookup(name))


def _is_behind(op: Operation, start: Operation | None) -> bool:
    """Whether `op` is `start` or one of the ops that follow it."""
    while start is not None and start is not op:
        start = start.next_op
    return start is not None
