"""Which resources may share storage, who owns it, and what is live where: the facts behind copy elision."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from xdsl.ir import Block, Operation, OpResult, Region, SSAValue

from pyrie.dialects import arith, stream, util
from pyrie.dialects.stream.types import ResourceType
from pyrie.ir.control_flow import is_branch, successor_operands
from pyrie.ir.dominance import Dominance, reverse_post_order, successors_of

T = TypeVar("T", bound=Hashable)


class UnionFind(Generic[T]):
    """Disjoint sets."""

    def __init__(self) -> None:
        self._parent: dict[T, T] = {}

    def find(self, item: T) -> T:
        """The representative of the item's set."""
        parent = self._parent
        root = item
        while (above := parent.get(root, root)) is not root:
            root = above
        while (above := parent.get(item, item)) is not root:
            parent[item], item = root, above
        return root

    def union(self, a: T, b: T) -> None:
        """Makes one set of two; its representative is that of `a`."""
        self._parent[self.find(b)] = self.find(a)


def is_resource(value: SSAValue) -> bool:
    return isinstance(value.type, ResourceType)


def storage_edges(op: Operation) -> Iterable[tuple[SSAValue, SSAValue]]:
    """Pairs (operand, value) that certainly or possibly share storage because of `op`, within a function."""
    if isinstance(op, stream.StreamOp):
        for result in op.results:
            if is_resource(result) and (tied := op.tied_operand(result.index)) is not None and is_resource(tied):
                yield tied, result
    elif isinstance(op, arith.SelectOp) and is_resource(op.result):
        yield op.lhs, op.result
        yield op.rhs, op.result
    elif isinstance(op, util.OptimizationBarrierOp):
        yield from ((a, b) for a, b in zip(op.operands, op.results, strict=True) if is_resource(a))
    elif is_branch(op):
        for i, successor in enumerate(op.successors):
            yield from ((v, a) for v, a in zip(successor_operands(op, i), successor.args, strict=True) if is_resource(v))


# Ops whose results are bytes somebody else holds on to.
_BORROWED = (stream.AsyncConstantOp, util.GlobalLoadOp, util.CallOp, util.OptimizationBarrierOp)
# Ops after which somebody else may hold on to an operand.
_ESCAPES = (stream.TensorExportOp, util.GlobalStoreOp, util.CallOp, util.ReturnOp, util.OptimizationBarrierOp)
# Ops that write into the storage of their tied operand.
MUTATING = (
    stream.AsyncUpdateOp,
    stream.AsyncFillOp,
    stream.AsyncCopyOp,
    stream.AsyncStoreOp,
    stream.AsyncDispatchOp,
    stream.AsyncCallOp,
    stream.AsyncCollectiveOp,
)


class Aliasing:
    """May-alias classes of a function's resources; a transfer counts as an alias, since it may turn out to be no copy."""

    def __init__(self, region: Region):
        self.region = region
        self.classes: UnionFind[SSAValue] = UnionFind()
        self._borrowed: set[SSAValue] = set()
        self._escapes: dict[SSAValue, list[Operation]] = {}
        self._mutated: set[SSAValue] = set()
        self._reachable: dict[Block, set[Block]] = {}
        for block in region.blocks:
            for op in block.ops:
                for a, b in storage_edges(op):
                    self.classes.union(a, b)
                if isinstance(op, stream.AsyncTransferOp):
                    self.classes.union(op.source, op.result)
        for value in region.blocks[0].args:
            if is_resource(value):
                self._borrowed.add(self.classes.find(value))
        for op in region.walk():
            if isinstance(op, _BORROWED) or (isinstance(op, stream.TensorImportOp) and op.consume is None):
                self._borrowed |= {self.classes.find(result) for result in op.results if is_resource(result)}
            if isinstance(op, _ESCAPES):
                for value in op.operands:
                    if is_resource(value):
                        self._escapes.setdefault(self.classes.find(value), []).append(op)
            if isinstance(op, MUTATING):
                for result in op.results:
                    if is_resource(result) and (tied := op.tied_operand(result.index)) is not None:
                        self._mutated.add(self.classes.find(tied))

    def same(self, a: SSAValue, b: SSAValue) -> bool:
        return self.classes.find(a) is self.classes.find(b)

    def is_owned(self, value: SSAValue) -> bool:
        """Whether no one outside of the function can hold the value's storage when it is defined."""
        return self.classes.find(value) not in self._borrowed

    def is_mutated(self, value: SSAValue) -> bool:
        """Whether some op writes the value's storage in place."""
        return self.classes.find(value) in self._mutated

    def escapes_before(self, value: SSAValue, op: Operation) -> bool:
        """Whether the value's storage may have been handed to somebody else by the time `op` runs."""
        return any(self._reaches(escape, op) for escape in self._escapes.get(self.classes.find(value), ()))

    def _reaches(self, earlier: Operation, later: Operation) -> bool:
        block, target = earlier.parent, later.parent
        assert block is not None and target is not None
        if block is target and earlier.is_before_in_block(later):
            return True
        if block not in self._reachable:
            seen: set[Block] = set()
            stack = list(successors_of(block))
            while stack:
                if (current := stack.pop()) not in seen:
                    seen.add(current)
                    stack += successors_of(current)
            self._reachable[block] = seen
        return target in self._reachable[block]


class Liveness:
    """The resources live at each point of a function."""

    def __init__(self, region: Region):
        order = reverse_post_order(region)
        uses: dict[Block, set[SSAValue]] = {}
        defined: dict[Block, set[SSAValue]] = {}
        for block in order:
            inner: set[SSAValue] = set(block.args)
            read: set[SSAValue] = set()
            for op in block.ops:
                for nested in op.walk():
                    read |= {value for value in nested.operands if is_resource(value) and value not in inner}
                inner |= set(op.results)
            uses[block], defined[block] = read, inner
        self.live_out: dict[Block, set[SSAValue]] = {block: set() for block in order}
        changed = True
        while changed:
            changed = False
            for block in reversed(order):
                out: set[SSAValue] = set()
                for successor in successors_of(block):
                    out |= uses[successor] | (self.live_out[successor] - defined[successor])
                if out != self.live_out[block]:
                    self.live_out[block] = out
                    changed = True

    def after(self, op: Operation) -> set[SSAValue]:
        """The resources defined before or by `op` (or around it) that are used behind it."""
        block = op.parent
        assert block is not None
        live = set(self.live_out.get(block, ()))
        later: set[SSAValue] = set()
        current = op.next_op
        while current is not None:
            for nested in current.walk():
                live |= {value for value in nested.operands if is_resource(value)}
            later |= set(current.results)
            current = current.next_op
        return {value for value in live if value not in later}


def operand_size(op: Operation, position: int) -> SSAValue | None:
    """The size that `op` states for its operand number `position`, if it is a resource with a size."""
    definition = getattr(op, "get_irdl_definition", None)
    if definition is None or not isinstance(op, stream.StreamOp):
        return None
    start = 0
    for name, _ in definition().operands:
        value = getattr(op, name)
        group = (value,) if isinstance(value, SSAValue) else tuple(value or ())
        if start <= position < start + len(group):
            if f"{name}_size" in _operand_names(op):
                return getattr(op, f"{name}_size")
            if f"{name.removesuffix('s')}_sizes" in _operand_names(op):
                sizes = getattr(op, f"{name.removesuffix('s')}_sizes")
                return sizes[sum(is_resource(v) for v in group[: position - start])]
            return getattr(op, "size") if "size" in _operand_names(op) else None  # noqa: B009
        start += len(group)
    return None


def _operand_names(op: stream.StreamOp) -> set[str]:
    return {name for name, _ in op.get_irdl_definition().operands}


_RESULT_SIZES = ("result_size", "target_size", "storage_size", "resource_size", "size")


def resource_size(value: SSAValue, at: Operation | None = None) -> SSAValue | None:
    """The size of a resource, from the op that defines it or else from one that uses it; None if nothing states it.

    With `at`, only a size that is known there counts.
    """
    if isinstance(value, OpResult) and isinstance(op := value.op, stream.StreamOp):
        names = _operand_names(op)
        for group, sizes in (("results_", "result_sizes"), ("results_", "resource_operand_sizes")):
            if hasattr(op, group) and sizes in names and value in getattr(op, group):
                return getattr(op, sizes)[sum(is_resource(v) for v in op.results[: value.index])]
        for name in _RESULT_SIZES:
            if name in names:
                return getattr(op, name)
    dominance = Dominance()
    for use in value.uses:
        size = operand_size(use.operation, use.index)
        if size is not None and (at is None or dominance.value_dominates(size, at)):
            return size
    return None
