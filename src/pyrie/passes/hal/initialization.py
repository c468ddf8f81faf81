"""Where a program's globals have their values: the order in which declarations and initializers run."""

from __future__ import annotations

from collections.abc import Collection

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from pyrie.dialects import util


class InitializationOrder:
    """The module's top level in order, and where each global is set. Made for one state of the module."""

    def __init__(self, module: ModuleOp):
        self.position: dict[Operation, int] = {}
        self._set: dict[str, Operation] = {}
        for i, op in enumerate(module.body.block.ops):
            self.position[op] = i
            if isinstance(op, util.GlobalOp):
                self._set[op.sym_name.data] = op
            elif isinstance(op, util.InitializerOp):
                for inner in op.walk():
                    if isinstance(inner, util.GlobalStoreOp):
                        self._set[inner.global_name] = op

    def last_set(self, names: Collection[str]) -> Operation:
        """The op behind which all of the globals are set: what declares or stores the last of them."""
        return max((self._set[name] for name in names), key=self.position.__getitem__)

    def top_level(self, op: Operation) -> Operation:
        """The function or initializer that `op` is in."""
        while op not in self.position:
            parent = op.parent_op()
            assert parent is not None
            op = parent
        return op

    def runs_before(self, op: Operation, other: Operation) -> bool:
        """Whether `op` is in an initializer that runs no later than `other`; functions run when they are called."""
        top = self.top_level(op)
        return isinstance(top, util.InitializerOp) and self.position[top] <= self.position[other]
