"""In which order a module comes to life: where its globals have their values, and what initializers may have run before a place."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.rewriter import InsertPoint

from pyrie.dialects import util
from pyrie.ir.symbol_table import SymbolTable


class InitializationOrder:
    """Answers questions about initializers, which run in the order of the module. The module may grow between questions."""

    def __init__(self, module: ModuleOp):
        self.module = module
        self._first_runs: dict[str, Operation] | None = None

    def last_set(self, names: Collection[str]) -> Operation:
        """The op behind which all of these globals of the module are set: what declares or stores the last of them."""
        op = self.module.body.block.last_op
        while op is not None and not _sets(op, names):
            op = op.prev_op
        assert op is not None, f"the module has none of {names}"
        return op

    def once_set(self, names: Collection[str], function: Operation) -> InsertPoint:
        """Where all of the globals are set: before the function, or behind what sets the last of them."""
        last = self.last_set(names)
        return InsertPoint.after(last) if _is_behind(last, function) else InsertPoint.before(function)

    def runs_before(self, op: Operation, other: Operation) -> bool:
        """Whether `op` is in an initializer that runs no later than `other`; functions run when they are called."""
        top = self.top_level(op)
        return isinstance(top, util.InitializerOp) and _is_behind(other, top)

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

    def top_level(self, op: Operation) -> Operation:
        """The function or initializer that `op` is in."""
        while op.parent is not self.module.body.block:
            parent = op.parent_op()
            assert parent is not None
            op = parent
        return op

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


def _sets(op: Operation, names: Collection[str]) -> bool:
    """Whether a top-level op declares one of the globals, or stores it when the program is loaded."""
    if isinstance(op, util.GlobalOp):
        return op.sym_name.data in names
    stores = (inner for inner in op.walk() if isinstance(inner, util.GlobalStoreOp)) if isinstance(op, util.InitializerOp) else ()
    return any(store.global_name in names for store in stores)


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
