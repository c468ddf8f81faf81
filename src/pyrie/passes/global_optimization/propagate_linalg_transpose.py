"""Transposes go into the ops that read them."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, ModuleOp
from xdsl.rewriter import Rewriter

from pyrie.dialects.linalg import BatchMatmulOp, GenericOp, MatmulOp, StructuredOp
from pyrie.dialects.linalg.fusion import compose
from pyrie.dialects.linalg.interface import copies_input, inverse_permutation, is_all_parallel, is_permutation
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.transforms.dce import erase_dead_ops


@dataclass(frozen=True)
class PropagateLinalgTranspose(ModulePass):
    """Folds a transposed operand of a matmul into the matmul's indexing map.

    before:  %t = transpose %b; %r = linalg.matmul ins(%a, %t) outs(%c)
    after:   %r = linalg.matmul indexing_maps = [(m, n, k) -> (m, k), (m, n, k) -> (n, k), (m, n, k) -> (m, n)] ins(%a, %b) outs(%c)

    Legal because the map says where an element is read; the two transposed dimensions of a matmul's operand may stand in either order.
    """

    name = "iree-global-opt-propagate-linalg-transpose"

    def apply(self, context: Context, module: ModuleOp) -> None:
        changed = False
        for op in [op for op in module.walk() if isinstance(op, (MatmulOp, BatchMatmulOp))]:
            changed |= fold_transposed_operands(op)
        if changed:
            erase_dead_ops(module)


def fold_transposed_operands(op: StructuredOp) -> bool:
    """Rewrites one matmul; whether it changed."""
    values, maps = list(op.inputs), list(op.maps())
    for position, value in enumerate(values):
        transpose = value.owner
        if not isinstance(transpose, GenericOp) or not copies_input(transpose) or not is_all_parallel(transpose):
            continue
        source_map, result_map = transpose.maps()
        if not is_permutation(source_map) or not is_permutation(result_map) or source_map == result_map:
            continue
        read = compose(compose(source_map, inverse_permutation(result_map)), maps[position])
        if len(read.results) == 3 and read.results[0] != maps[position].results[0]:
            continue  # the batch dimension of linalg.batch_matmul comes first
        values[position], maps[position] = transpose.inputs[0], read
    if values == list(op.inputs):
        return False
    attribute = ArrayAttr(AffineMapAttr(map_) for map_ in maps)
    properties = {name: value for name, value in op.properties.items() if name != "operandSegmentSizes"} | {"indexing_maps": attribute}
    new = type(op)(values, op.outputs, op.result_types, properties, dict(op.attributes))  # pyright: ignore[reportCallIssue]
    Rewriter.replace_op(op, new)
    return True
