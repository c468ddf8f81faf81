"""Which values are the same at every call, and which of those are worth keeping."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import AnyFloat, IndexType, IntegerType, TensorType, UnregisteredOp
from xdsl.ir import Attribute, Operation, OpResult, Region, SSAValue, Use
from xdsl.traits import ConstantLike, IsTerminator

from pyrie.dialects import arith, flow, linalg, scf, tensor, util
from pyrie.dialects.linalg.interface import is_all_parallel, is_permutation, is_projected_permutation
from pyrie.dialects.linalg.structured import StructuredOp
from pyrie.ir.effects import is_pure
from pyrie.ir.elements import numpy_dtype
from pyrie.support.shape import element_count

CONTROL_FLOW = (scf.ExecuteRegionOp, scf.ForOp, scf.IfOp, scf.IndexSwitchOp, scf.WhileOp)
NEVER_CONSTANT = (*CONTROL_FLOW, util.OptimizationBarrierOp)
# Cheap to make, or nothing but another view of the same bytes: kept inside of a larger expression, never for themselves.
NEVER_KEPT = (
    *(tensor.CastOp, tensor.CollapseShapeOp, tensor.DimOp, tensor.EmptyOp, tensor.ExpandShapeOp, tensor.ExtractSliceOp, tensor.SplatOp),
    *(flow.TensorEmptyOp, flow.TensorReshapeOp, flow.TensorSplatOp, linalg.BroadcastOp, linalg.FillOp),
)
EXTENSIONS = (arith.ExtFOp, arith.ExtSIOp, arith.ExtUIOp, arith.SIToFPOp, arith.UIToFPOp)
# Ops of no dialect by which IREE's tests say what they want an op to be.
CONSTANT_TEST_OPS = ("iree_unregistered.const_expr", "iree_unregistered.non_leaf_const_expr")
UNKEPT_TEST_OPS = ("iree_unregistered.non_leaf_const_expr",)


class ConstantExpressions:
    """The constant ops of one function. `readable` names the immutable globals that are set before the function is declared."""

    def __init__(self, body: Region, readable: frozenset[str], largest_increase: int):
        self.readable, self.largest_increase = readable, largest_increase
        self.roots: dict[Operation, frozenset[Operation]] = {}  # constant op -> the roots it is computed from, itself if it is one
        for op in _analyzed_ops(body):
            if self._is_root(op):
                self.roots[op] = frozenset((op,))
            elif _is_eligible(op) and all(self._is_constant(value, op) for value in used_values(op)):
                self.roots[op] = frozenset().union(*(self.roots[producer] for producer in producers(op)))

    def kept(self) -> list[Operation]:
        """The ops whose results become globals, in program order: those that something else reads than constant ops that are kept."""
        return [op for op in self.roots if self._can_be_kept(op) and any(map(self._escapes, _uses(op)))]

    def _is_root(self, op: Operation) -> bool:
        if isinstance(op, util.GlobalLoadOp):
            return op.global_name in self.readable and _is_value_type(op.result.type)
        is_constant = isinstance(op, util.BufferConstantOp) or op.has_trait(ConstantLike, value_if_unregistered=False)
        return is_constant and all(_is_value_type(result.type) for result in op.results)

    def _is_constant(self, value: SSAValue, user: Operation) -> bool:
        if isinstance(value, OpResult) and value.op in self.roots:
            return True
        owner = value.owner
        inside = owner if isinstance(owner, Operation) else owner.parent_op()
        return inside is not None and user.is_ancestor(inside)

    def _can_be_kept(self, op: Operation) -> bool:
        """Whether the op is computed from constants, worth memory, and not so much larger than what it is computed from."""
        roots = self.roots.get(op)
        if not roots or op in roots or not _is_worth_keeping(op):
            return False
        sources = sum(_bytes(result.type) or 0 for root in roots for result in root.results)
        sizes = [_bytes(result.type) for result in op.results]
        return all(size is not None and size <= sources + self.largest_increase for size in sizes)

    def _escapes(self, use: Use) -> bool:
        """Whether the use needs the value at run time, and other than to be overwritten."""
        consumer = analyzed_ancestor(use.operation)
        is_output = isinstance(consumer, StructuredOp) and consumer is use.operation and use.index >= len(consumer.inputs)
        return not is_output and not self._can_be_kept(consumer)


def _uses(op: Operation) -> Iterator[Use]:
    for result in op.results:
        yield from result.uses


def producers(op: Operation) -> list[Operation]:
    """The ops that make what `op` and its regions use from outside, each once."""
    return list(dict.fromkeys(v.op for v in used_values(op) if isinstance(v, OpResult) and not op.is_ancestor(v.op)))


def used_values(op: Operation) -> Iterator[SSAValue]:
    for inner in op.walk():
        yield from inner.operands


def analyzed_ancestor(op: Operation) -> Operation:
    """`op`, or the op round it that runs as a whole."""
    found = op
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, util.FuncOp | util.InitializerOp):
        if not isinstance(parent, CONTROL_FLOW):
            found = parent
        parent = parent.parent_op()
    return found


def _analyzed_ops(region: Region) -> Iterator[Operation]:
    """The ops of a function and its control flow, in order; what is in other regions belongs to the op round it."""
    for block in region.blocks:
        for op in block.ops:
            yield op
            if isinstance(op, CONTROL_FLOW):
                for inner in op.regions:
                    yield from _analyzed_ops(inner)


def _is_value_type(type: Attribute) -> bool:
    element = type.element_type if isinstance(type, TensorType) else type
    return isinstance(element, IntegerType | IndexType | AnyFloat | util.BufferType)


def _is_eligible(op: Operation) -> bool:
    """Whether the op gives the same results whenever and however often it runs."""
    if not op.results or isinstance(op, NEVER_CONSTANT) or not all(_is_value_type(r.type) for r in op.results):
        return False
    if isinstance(op, UnregisteredOp):
        return op.op_name.data in CONSTANT_TEST_OPS
    return is_pure(op) and not op.has_trait(IsTerminator)


def _is_worth_keeping(op: Operation) -> bool:
    if isinstance(op, NEVER_KEPT) or (isinstance(op, UnregisteredOp) and op.op_name.data in UNKEPT_TEST_OPS):
        return False
    if isinstance(op, linalg.GenericOp) and (_reads_nothing(op) or _broadcasts(op) or _only_extends(op)):
        return False
    return all(_is_whole_bytes(result.type) for result in op.results)


def _reads_nothing(op: linalg.GenericOp) -> bool:
    """Has scalars for inputs at most: what it makes comes out of its loop indices."""
    return not any(map_.results for map_ in op.maps()[: len(op.inputs)])


def _broadcasts(op: linalg.GenericOp) -> bool:
    """Only repeats elements of its input."""
    reads = op.maps()[: len(op.inputs)]
    is_copy = is_all_parallel(op) and isinstance(op.body.block.first_op, linalg.YieldOp)
    return is_copy and any(is_projected_permutation(map_) and not is_permutation(map_) for map_ in reads)


def _only_extends(op: linalg.GenericOp) -> bool:
    """Only makes its elements wider: reading the narrow ones is faster."""
    *body, _ = op.body.block.ops
    return bool(body) and is_all_parallel(op) and all(isinstance(inner, EXTENSIONS) for inner in body)


def _is_whole_bytes(type: Attribute) -> bool:
    element = type.element_type if isinstance(type, TensorType) else type
    return not isinstance(element, IntegerType) or element.width.data % 8 == 0


def _bytes(type: Attribute) -> int | None:
    """Bytes of a value in memory, none for scalars; None if they are not known."""
    if not isinstance(type, TensorType):
        return 0
    if not type.has_static_shape():
        return None
    return element_count(type.get_shape()) * numpy_dtype(type.element_type).itemsize
