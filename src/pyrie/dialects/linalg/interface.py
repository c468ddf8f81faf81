"""Questions about structured ops that passes and code generators share."""

from __future__ import annotations

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Block, Operation, OpResult, SSAValue
from xdsl.ir.affine import AffineConstantExpr, AffineDimExpr, AffineMap

from pyrie.dialects import arith
from pyrie.dialects.linalg.shaped import FillOp
from pyrie.dialects.linalg.structured import PARALLEL, REDUCTION, GenericOp, IndexOp, StructuredOp
from pyrie.dialects.tensor.shapes import shape_of


def indexing_maps(op: StructuredOp) -> tuple[AffineMap, ...]:
    """The indexing map of each operand, inputs first."""
    return op.maps()


def iterator_types(op: StructuredOp) -> tuple[str, ...]:
    """`parallel`, `reduction` or `window` for each loop."""
    return tuple(str(kind) for kind in op.iterators())


def body(op: StructuredOp) -> Block:
    """The scalar body; its arguments are one element of each operand."""
    return op.body.block


def input_maps(op: StructuredOp) -> tuple[AffineMap, ...]:
    """The maps of the inputs."""
    return op.maps()[: len(op.inputs)]


def output_maps(op: StructuredOp) -> tuple[AffineMap, ...]:
    """The maps of the outputs."""
    return op.maps()[len(op.inputs) :]


def parallel_dims(op: StructuredOp) -> list[int]:
    """The loops whose iterations are independent."""
    return [dim for dim, kind in enumerate(op.iterators()) if kind == PARALLEL]


def reduction_dims(op: StructuredOp) -> list[int]:
    """The loops that accumulate."""
    return [dim for dim, kind in enumerate(op.iterators()) if kind == REDUCTION]


def permuted_dims(map_: AffineMap) -> list[int] | None:
    """The dimension of each result of a projected permutation; None if a result is anything else or one comes twice."""
    dims = [result.position if isinstance(result, AffineDimExpr) else None for result in map_.results]
    if None in dims or len(set(dims)) != len(dims):
        return None
    return [dim for dim in dims if dim is not None]


def is_projected_permutation(map_: AffineMap) -> bool:
    """Whether the results are distinct dimensions."""
    return permuted_dims(map_) is not None


def is_permutation(map_: AffineMap) -> bool:
    """Whether the results are all the dimensions, each once."""
    return len(map_.results) == map_.num_dims and is_projected_permutation(map_)


def is_identity(map_: AffineMap) -> bool:
    """Whether result i is dimension i."""
    return permuted_dims(map_) == list(range(map_.num_dims))


def inverse_permutation(map_: AffineMap) -> AffineMap:
    """The map that undoes a permutation."""
    dims = permuted_dims(map_)
    assert dims is not None and is_permutation(map_)
    return AffineMap(map_.num_dims, 0, tuple(AffineDimExpr(dims.index(dim)) for dim in range(map_.num_dims)))


def loop_sources(op: StructuredOp) -> list[tuple[SSAValue, int] | None]:
    """For each loop an operand and the axis that has exactly its extent; outputs are preferred, then static sizes."""
    found: list[tuple[SSAValue, int] | None] = [None] * len(op.iterators())
    operands = list(zip(op.operands, op.maps(), strict=True))
    for value, map_ in (*operands[len(op.inputs) :], *operands[: len(op.inputs)]):
        if not isinstance(value.type, TensorType) and not hasattr(value.type, "get_shape"):
            continue
        for axis, result in enumerate(map_.results):
            if isinstance(result, AffineDimExpr):
                known = found[result.position]
                if known is None or (shape_of(known[0])[known[1]] < 0 <= shape_of(value)[axis]):
                    found[result.position] = (value, axis)
    return found


def static_loop_ranges(op: StructuredOp) -> list[int]:
    """The extent of each loop; DYNAMIC_INDEX where it is not in a type."""
    sources = loop_sources(op)
    return [shape_of(source[0])[source[1]] if source else DYNAMIC_INDEX for source in sources]


def reads_output(op: StructuredOp, index: int) -> bool:
    """Whether the body uses the previous value of output `index`."""
    return bool(op.body.block.args[len(op.inputs) + index].uses)


def uses_index(op: StructuredOp) -> bool:
    """Whether the body depends on the position."""
    return any(isinstance(inner, IndexOp) for inner in op.body.walk())


def is_all_parallel(op: StructuredOp) -> bool:
    """Whether no loop accumulates."""
    return all(kind == PARALLEL for kind in op.iterators())


def is_elementwise(op: Operation) -> bool:
    """Every position of the output from one element of each input: all loops parallel, outputs by permutations, inputs projected."""
    return (
        isinstance(op, StructuredOp)
        and is_all_parallel(op)
        and all(is_permutation(map_) for map_ in output_maps(op))
        and all(is_projected_permutation(map_) or not map_.results or _is_simple(map_) for map_ in input_maps(op))
    )


def _is_simple(map_: AffineMap) -> bool:
    return all(isinstance(result, AffineDimExpr | AffineConstantExpr) for result in map_.results)


ADDITIONS = (arith.AddfOp, arith.AddiOp, arith.OrIOp)
MULTIPLICATIONS = (arith.MulfOp, arith.MuliOp, arith.AndIOp)
CASTS = (arith.ExtFOp, arith.ExtSIOp, arith.ExtUIOp, arith.TruncFOp, arith.TruncIOp, arith.SIToFPOp, arith.UIToFPOp)


def accumulation(op: StructuredOp) -> tuple[Operation, SSAValue] | None:
    """`(combiner, contribution)` when the body is `out = combiner(out, contribution)` and the contribution does not depend on out."""
    if len(op.outputs) != 1:
        return None
    block = op.body.block
    out = block.args[-1]
    yielded = block.last_op.operands[0] if block.last_op else None
    if not isinstance(yielded, OpResult) or yielded.op.parent is not block or len(yielded.op.operands) != 2:
        return None
    combiner = yielded.op
    if not out.has_one_use() or next(iter(out.uses)).operation is not combiner:
        return None
    contribution = combiner.operands[1] if combiner.operands[0] is out else combiner.operands[0]
    return combiner, contribution


def is_contraction(op: Operation) -> bool:
    """Sums of products of two inputs, each by a projected permutation: a matmul of some shape."""
    if not isinstance(op, StructuredOp) or len(op.inputs) != 2 or not reduction_dims(op):
        return False
    if not all(is_projected_permutation(map_) for map_ in op.maps()):
        return False
    return _sums_products(op)


def _sums_products(op: StructuredOp) -> bool:
    found = accumulation(op)
    if found is None or not isinstance(found[0], ADDITIONS):
        return False
    product = found[1]
    if not isinstance(product, OpResult) or not isinstance(product.op, MULTIPLICATIONS):
        return False
    factors = [_through_casts(factor) for factor in product.op.operands]
    arguments = op.body.block.args
    return {id(factor) for factor in factors} == {id(arguments[0]), id(arguments[1])}


def _through_casts(value: SSAValue) -> SSAValue:
    while isinstance(value, OpResult) and isinstance(value.op, CASTS):
        value = value.op.operands[0]
    return value


def is_convolution(op: Operation) -> bool:
    """Sums of products of two inputs, one of them by sums of dimensions."""
    if not isinstance(op, StructuredOp) or len(op.inputs) != 2 or not reduction_dims(op):
        return False
    windowed = [not is_projected_permutation(map_) for map_ in input_maps(op)]
    return sum(windowed) == 1 and _sums_products(op)


def is_fill(op: Operation) -> bool:
    """linalg.fill, or a generic that writes one scalar everywhere."""
    return isinstance(op, FillOp)


def copies_input(op: StructuredOp) -> bool:
    """Whether the body only hands on its first input: a transpose, broadcast or copy."""
    block = op.body.block
    yields = block.last_op
    return len(op.inputs) == 1 and yields is not None and yields.operands[0] is block.args[0] and yields.prev_op is None


def generalized(op: StructuredOp) -> GenericOp:
    """The linalg.generic that a named op stands for; not inserted, and `op` left as it is."""
    block = op.body.clone()
    generic = GenericOp(op.inputs, op.outputs, block, op.maps(), op.iterators(), op.result_types)
    generic.attributes.update(op.attributes)
    return generic
