"""tensor.pad as an insertion into a filled tensor."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import AffineMapAttr, ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.rewriter import Rewriter

from pyrie.dialects.arith import AddiOp
from pyrie.dialects.linalg import FillOp, GenericOp, IndexOp, IteratorType, YieldOp
from pyrie.dialects.tensor import EmptyOp, ExtractSliceOp, InsertSliceOp, PadOp
from pyrie.dialects.tensor.shapes import MixedIndex, dynamic_axes
from pyrie.dialects.tensor.sizes import SizeBuilder
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass


@dataclass(frozen=True)
class TensorPadToTensorInsertSlice(ModulePass):
    """Fills a tensor with the padding and inserts the source.

    before:  %r = tensor.pad %x low[0, 1] high[0, 1] { yield %zero } : tensor<4x10xf32> to tensor<4x12xf32>
    after:   %e = tensor.empty() : tensor<4x12xf32>
             %f = linalg.fill ins(%zero) outs(%e)
             %r = tensor.insert_slice %x into %f[0, 1] [4, 10] [1, 1]

    Legal because the border is exactly what is not inserted. Padding that depends on the position is computed by a linalg.generic; a
    negative border cuts the source first.
    """

    name = "iree-dispatch-creation-tensor-pad-to-tensor-insert-slice"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in [op for op in module.walk() if isinstance(op, PadOp)]:
            rewrite(op)


def rewrite(op: PadOp) -> None:
    """Replaces one pad."""
    ops: list[Operation] = []
    sizes = SizeBuilder(ops.append)
    source_sizes, low, high = sizes.sizes(op.source), op.mixed_low(), op.mixed_high()

    def plus(a: MixedIndex, b: MixedIndex) -> MixedIndex:
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if b == 0:
            return a
        ops.append(AddiOp(sizes.value(a), sizes.value(b)))
        return ops[-1].results[0]

    result_sizes = [plus(plus(size, before), after) for size, before, after in zip(source_sizes, low, high, strict=True)]
    dynamic = [sizes.value(result_sizes[axis]) for axis in dynamic_axes(op.result)]
    source = op.source
    if any(isinstance(pad, int) and pad < 0 for pad in (*low, *high)):
        cut = [[min(pad, 0) if isinstance(pad, int) else 0 for pad in pads] for pads in (low, high)]
        source_sizes = [plus(plus(size, before), after) for size, before, after in zip(source_sizes, *cut, strict=True)]
        crop = ExtractSliceOp(source, [-before for before in cut[0]], source_sizes)
        ops.append(crop)
        source, low = crop.result, [max(pad, 0) if isinstance(pad, int) else pad for pad in low]
    empty = EmptyOp(dynamic, op.result.type)
    border = _border(op, empty)
    insert = InsertSliceOp(source, border.results[0], low, source_sizes)
    Rewriter.replace_op(op, [*ops, empty, border, insert], [insert.result])


def _border(op: PadOp, empty: EmptyOp) -> FillOp | GenericOp:
    padding = op.constant_padding()
    if padding is not None:
        inside = isinstance(padding.owner, Operation) and padding.owner.parent is op.region.block
        if inside:
            assert isinstance(padding.owner, Operation)
            padding.owner.detach()
            assert op.parent is not None
            op.parent.insert_op_before(padding.owner, op)
        return FillOp([padding], [empty.tensor])
    rank = len(op.region.block.args)
    block = Block(arg_types=[op.result.type.element_type])  # pyright: ignore[reportAttributeAccessIssue]
    mapping: dict[SSAValue, SSAValue] = {}
    for dim, argument in enumerate(op.region.block.args):
        index = IndexOp(dim)
        block.add_op(index)
        mapping[argument] = index.result
    for inner in op.region.block.ops:
        if inner is not op.region.block.last_op:
            block.add_op(inner.clone(mapping))
    assert op.region.block.last_op is not None
    yielded = op.region.block.last_op.operands[0]
    block.add_op(YieldOp(mapping.get(yielded, yielded)))
    return GenericOp([], [empty.tensor], block, [AffineMapAttr(AffineMap.identity(rank))], [IteratorType.PARALLEL] * rank)
