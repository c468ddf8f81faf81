"""The one worklist driver: applies patterns, folds, and drops what is dead, until nothing changes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence

from xdsl.dialects.builtin import UnknownLoc
from xdsl.ir import Attribute, Block, Operation, OpResult, Region, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.rewriter import InsertPoint
from xdsl.traits import ConstantLike, HasCanonicalizationPatternsTrait, HasFolder, IsolatedFromAbove

from pyrie.ir.control_flow import simplify_region
from pyrie.ir.diagnostics import error_at
from pyrie.ir.effects import is_trivially_dead
from pyrie.support.errors import PyrieError

__all__ = ["PatternRewriter", "RewritePattern", "apply_patterns", "canonicalize", "op_type_rewrite_pattern", "set_materializer"]

Materializer = Callable[[str, Attribute, Attribute], Operation | None]
REWRITES_PER_OP = 200  # more than this many rewrites an op (and 10,000 in all) is a pair of patterns undoing each other

_materializer: Materializer = lambda dialect, value, type: None  # noqa: E731


def set_materializer(materializer: Materializer) -> None:
    """Installs the function (dialect of the folded op, value, type) -> constant op; `dialects.registry` does."""
    global _materializer  # noqa: PLW0603
    _materializer = materializer


def apply_patterns(
    root: Operation | Region, patterns: Iterable[RewritePattern], *, fold: bool = True, simplify_regions: bool = False
) -> bool:
    """Applies `patterns` to everything below `root` until none matches; unused pure ops are dropped on the way.

    `fold` also folds ops and shares constants; `simplify_regions` also simplifies blocks. Ops that patterns create without a
    location take that of the op they were made for. Returns whether anything changed. Raises CompileError if patterns never settle.
    """
    return _Driver(tuple(patterns), fold=fold, canonical=False, regions=simplify_regions).run(root)


def canonicalize(root: Operation | Region, extra: Iterable[RewritePattern] = ()) -> bool:
    """Folds, applies every op's own canonicalization patterns, simplifies regions. Returns whether anything changed."""
    return _Driver(tuple(extra), fold=True, canonical=True, regions=True).run(root)


def root_types(pattern: RewritePattern) -> tuple[type[Operation], ...] | None:
    """The op classes a pattern made with `op_type_rewrite_pattern` looks at; None for one that looks at every op."""
    function = type(pattern).match_and_rewrite
    expected = inspect.getclosurevars(function).nonlocals.get("expected_type")
    if expected is None:
        return None
    return tuple(getattr(expected, "__args__", ())) or (expected,)


class _Driver(PatternRewriter):
    """The rewriter handed to patterns, which learns of each change, and the loop round it."""

    def __init__(self, patterns: tuple[RewritePattern, ...], *, fold: bool, canonical: bool, regions: bool):
        super().__init__(InsertPoint(Block()))  # `_apply` moves it to the op in hand
        self._patterns = [(pattern, root_types(pattern)) for pattern in patterns]
        self._fold, self._canonical, self._regions = fold, canonical, regions
        self._by_class: dict[type[Operation], tuple[RewritePattern, ...]] = {}
        self._is_constant: dict[type[Operation], bool] = {}
        self._has_folder: dict[type[Operation], bool] = {}
        self._stack: list[Operation] = []
        self._waiting: set[Operation] = set()
        self._constants: dict[Block, dict[tuple[object, ...], Operation]] = {}
        self._home: dict[Operation, tuple[Block, tuple[object, ...]]] = {}
        self._count = 0

    # ---- what changes

    def handle_operation_insertion(self, op: Operation) -> None:
        current = self._current_operation
        if isinstance(op.location, UnknownLoc) and current is not None:
            for inner in op.walk():
                if isinstance(inner.location, UnknownLoc):
                    inner.location = current.location
        self._push_all(op)

    def handle_operation_removal(self, op: Operation) -> None:
        for operand in op.operands:
            if isinstance(operand, OpResult):
                self._push(operand.op)
        for inner in op.walk() if op.regions else (op,):
            self._waiting.discard(inner)
            self._forget_constant(inner)

    def handle_operation_modification(self, op: Operation) -> None:
        self._push(op)

    def handle_operation_replacement(self, op: Operation, new_results: Sequence[SSAValue | None]) -> None:
        for result in op.results:
            for use in result.uses:
                self._push(use.operation)

    def handle_block_creation(self, block: Block) -> None:
        for op in block.ops:
            self._push_all(op)

    # ---- the loop

    def run(self, root: Operation | Region) -> bool:
        regions = [root] if isinstance(root, Region) else list(root.regions)
        changed = False
        while True:
            before = self._count
            for region in reversed(regions):
                ops = list(region.walk())
                for op in reversed(ops):
                    self._push(op)
            self._budget = self._count + 10_000 + REWRITES_PER_OP * len(self._stack)
            self._drain()
            again = self._count != before
            if self._regions:
                for region in regions:
                    for inner in [r for op in region.walk() for r in op.regions]:
                        again |= simplify_region(inner)
                    again |= simplify_region(region)
                self._constants.clear()
                self._home.clear()
            if not again:
                return changed
            changed = True

    def _drain(self) -> None:
        stack, waiting = self._stack, self._waiting
        while stack:
            op = stack.pop()
            if op not in waiting:
                continue
            waiting.discard(op)
            if op.parent is None:
                continue
            if is_trivially_dead(op):
                self._count += 1
                self.erase(op)
                continue
            if self._fold and self._try_fold(op):
                continue
            self._apply(op)

    def _apply(self, op: Operation) -> None:
        patterns = self._by_class.get(type(op))
        if patterns is None:
            patterns = self._by_class[type(op)] = self._patterns_for(type(op))
        for pattern in patterns:
            self.has_done_action = False
            self._current_operation = op
            self.insertion_point = InsertPoint.before(op)
            try:
                pattern.match_and_rewrite(op, self)
            except PyrieError:
                raise
            except Exception as error:
                error.add_note(f"in pattern {type(pattern).__name__} on '{op.name}'")
                raise
            if self.has_done_action:
                self._count += 1
                if self._count > self._budget:
                    raise error_at(op, f"is rewritten for ever; the last pattern was {type(pattern).__name__}")
                if op.parent is not None:
                    self._push(op)
                return

    def _patterns_for(self, cls: type[Operation]) -> tuple[RewritePattern, ...]:
        found = [pattern for pattern, types in self._patterns if types is None or issubclass(cls, types)]
        if self._canonical:
            for trait in cls.get_traits_of_type(HasCanonicalizationPatternsTrait):
                for pattern in trait.get_patterns(cls):
                    types = root_types(pattern)
                    if types is None or issubclass(cls, types):
                        found.append(pattern)
        return tuple(found)

    def _push(self, op: Operation) -> None:
        if op not in self._waiting:
            self._waiting.add(op)
            self._stack.append(op)

    def _push_all(self, op: Operation) -> None:
        if op.regions:
            for inner in op.walk():
                self._push(inner)
        else:
            self._push(op)

    # ---- folding

    def _try_fold(self, op: Operation) -> bool:
        cls = type(op)
        constant = self._is_constant.get(cls)
        if constant is None:
            constant = self._is_constant[cls] = op.has_trait(ConstantLike, value_if_unregistered=False)
            self._has_folder[cls] = op.has_trait(HasFolder, value_if_unregistered=False)
        if constant:
            return self._share_constant(op)
        if not self._has_folder[cls]:
            return False
        trait = op.get_trait(HasFolder)
        folded = trait.fold(op) if trait is not None else None
        if folded is None or len(folded) != len(op.results):
            return False
        values: list[SSAValue] = []
        for value, result in zip(folded, op.results, strict=True):
            if isinstance(value, SSAValue):
                values.append(value)
                continue
            made = self._constant(op, value, result.type)
            if made is None:
                return False
            values.append(made)
        if all(value is result for value, result in zip(values, op.results, strict=True)):
            return False
        self._count += 1
        self._current_operation = op
        self.replace(op, (), values)
        return True

    def _constant(self, op: Operation, value: Attribute, type: Attribute) -> SSAValue | None:
        """The shared constant in the block where constants of `op`'s region live, made if need be."""
        block = _constant_block(op)
        key = (op.name.partition(".")[0], value, type)
        known = self._constants.setdefault(block, {}).get(key)
        if known is not None and known.parent is block:
            return known.results[0]
        made = _materializer(key[0], value, type)
        if made is None or made.results[0].type != type:
            return None
        made.location = op.location
        first = block.first_op
        if first is None:
            block.add_op(made)
        else:
            block.insert_op_before(made, first)
        shared = self._register_constant(made, block)
        self._constants[block][key] = shared
        self._home.setdefault(shared, (block, key))
        return shared.results[0]

    def _share_constant(self, op: Operation) -> bool:
        """Merges a constant with its equal in the same scope and moves it to the front of the scope."""
        if op.regions or len(op.results) != 1 or op.operands:
            return False
        block = _constant_block(op)
        if op in self._home and self._home[op][0] is block:
            return False
        shared = self._register_constant(op, block)
        if shared is op:
            return False
        self._count += 1
        self.handle_operation_replacement(op, shared.results)
        op.results[0].replace_all_uses_with(shared.results[0])
        self.erase(op)
        return True

    def _register_constant(self, op: Operation, block: Block) -> Operation:
        key = (type(op), op.results[0].type, tuple(sorted(op.properties.items())), tuple(sorted(op.attributes.items())))
        scope = self._constants.setdefault(block, {})
        known = scope.get(key)
        if known is not None and known.parent is block and known is not op:
            if op.parent is block and op.results[0].first_use is None and op not in self._home:
                op.detach()
                op.erase()
            return known
        if op.parent is not block or (op is not block.first_op and not _among_constants(op)):
            op.detach()
            first = block.first_op
            if first is None:
                block.add_op(op)
            else:
                block.insert_op_before(op, first)
        scope[key] = op
        self._home[op] = (block, key)
        return op

    def _forget_constant(self, op: Operation) -> None:
        home = self._home.pop(op, None)
        if home is not None:
            self._constants.get(home[0], {}).pop(home[1], None)


def _constant_block(op: Operation) -> Block:
    """The entry block of the outermost region round `op` that may see its values: up to the next isolated op."""
    block = op.parent
    assert block is not None
    while True:
        region = block.parent
        owner = region.parent if region is not None else None
        if region is None or owner is None or owner.parent is None or owner.has_trait(IsolatedFromAbove, value_if_unregistered=True):
            return region.blocks[0] if region is not None else block
        block = owner.parent


def _among_constants(op: Operation) -> bool:
    previous = op.prev_op
    while previous is not None:
        if not previous.has_trait(ConstantLike, value_if_unregistered=False):
            return False
        previous = previous.prev_op
    return True
