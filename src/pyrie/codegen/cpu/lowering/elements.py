"""What the elements of any tensor are, at any positions: the engine's one question, answered op by op.

Elementwise ops, slices, pads and reshapes are never materialized: asking for a tile of their result asks for tiles of their operands.
Reductions become loops, placed where their indices exist. A value that is worth keeping goes to scratch memory (`scratch`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, TensorType
from xdsl.ir import Attribute, Operation, OpResult, SSAValue
from xdsl.ir.affine import AffineDimExpr

from pyrie.codegen.cpu.lowering.bodies import BodyEvaluator, Known, elementwise, is_expensive
from pyrie.codegen.cpu.lowering.dispatch import Dispatch, is_whole, mixed
from pyrie.codegen.cpu.lowering.indices import CannotVectorize, Position, PositionArithmetic, Positions, axes_of
from pyrie.codegen.cpu.lowering.scopes import Index, KernelBuilder, number_attribute
from pyrie.codegen.cpu.lowering.scratch import Frame, from_scratch
from pyrie.codegen.cpu.lowering.transfers import Tile, broadcast, lane_numbers, read, vector_type
from pyrie.codegen.cpu.structured import Structured, is_structured, structured
from pyrie.dialects import arith, tensor
from pyrie.dialects.iree_tensor_ext import DispatchTensorLoadOp
from pyrie.dialects.linalg import StructuredOp
from pyrie.ir import elements as constant_elements
from pyrie.ir.diagnostics import location_of
from pyrie.support.errors import UnsupportedError

Handler = Callable[["Elements", SSAValue, Positions], Tile]
VIEWS = (tensor.ExpandShapeOp, tensor.CollapseShapeOp, tensor.CastOp, tensor.ExtractSliceOp)


class Elements:
    """Tiles of the tensors of one dispatch. `reduction_lanes` says how each reduction is stepped through, given the axes of the tile;
    `packed` is copied to scratch memory, a panel at a time, before a reduction reads it."""

    def __init__(
        self,
        dispatch: Dispatch,
        builder: KernelBuilder,
        lanes: int,
        reduction_lanes: Callable[[Structured, Sequence], int],
        packed: SSAValue | None = None,
    ):
        self.dispatch, self.builder, self.lanes = dispatch, builder, lanes
        self.reduction_lanes = reduction_lanes
        self.arithmetic = PositionArithmetic(builder)
        self.bodies = BodyEvaluator(builder, self.arithmetic, dispatch.scalar, self._extract)
        dispatch.element = lambda tensor, at: self.of(tensor, tuple(Position(i) for i in at)).value
        self._structured: dict[Operation, Structured] = {}
        self._kept: dict[SSAValue, bool] = {packed: True} if packed is not None else {}
        self.frames: list[Frame] = []  # reduction loops that are open, outermost first

    def of(self, value: SSAValue, at: Positions) -> Tile:
        """The elements of the tensor `value` at `at`."""
        key = ("tile", value, at)
        known = self.builder.recall(key)
        if known is None:
            known = from_scratch(self, value, at) if self.is_kept(value) else None
            known = known or self.compute(value, at)
            self.builder.remember(key, known, self.builder.home(known.value))
        assert isinstance(known, Tile)
        return known

    def compute(self, value: SSAValue, at: Positions) -> Tile:
        """The same, computed here even if it might be in scratch memory."""
        op = value.owner
        if not isinstance(op, Operation):
            raise UnsupportedError("a tensor that comes from no operation", hint="dispatch functions take no tensor arguments")
        if is_structured(op):
            return _structured(self, value, at)
        handler = handlers().get(op.name)
        if handler is None and op.name.split(".")[0] in ("arith", "math") and op.operands:
            handler = _elementwise
        if handler is None:
            hint = "supported: linalg, arith and math on tensors, " + ", ".join(handlers())
            raise UnsupportedError(f"'{op.name}' has no lowering to CPU kernels", location=location_of(op), hint=hint)
        return handler(self, value, at)

    def loops_of(self, op: Operation) -> Structured:
        if op not in self._structured:
            assert isinstance(op, StructuredOp)
            self._structured[op] = structured(op)
        return self._structured[op]

    def loop_extent(self, loops: Structured, dim: int) -> Index:
        source = loops.extent_sources[dim]
        if source is None:
            raise UnsupportedError(f"loop {dim} of '{loops.op.name}' has no operand that gives its extent", location=location_of(loops.op))
        return self.dispatch.extent(*source)

    def is_kept(self, value: SSAValue) -> bool:
        """Whether `value` costs enough, and is used often enough, to be kept once computed."""
        if value not in self._kept:
            op = value.owner
            costly = isinstance(op, Operation) and is_structured(op)
            costly = costly and (bool((loops := self.loops_of(op)).reduction_dims) or is_expensive(loops.body))  # pyright: ignore[reportArgumentType]
            self._kept[value] = costly and self._is_reused(value)
        return self._kept[value]

    def is_read_along(self, value: SSAValue, dim: int) -> bool:
        """Whether computing `value` in lanes along `dim` reads neighbours: not so for a product of rows with rows."""
        op = value.owner
        if not isinstance(op, StructuredOp) or not is_structured(op):
            return True
        loops = self.loops_of(op)
        loop = loops.init_maps[0].results[dim]
        if not loops.reduction_dims or not isinstance(loop, AffineDimExpr):
            return True
        return any(map.results and map.results[-1] == loop for map in loops.input_maps)

    def _is_reused(self, value: SSAValue) -> bool:
        users = list(_consumers(value))
        if len(users) > 1:
            return True
        for user, operand in users:
            if not is_structured(user):
                continue
            loops = self.loops_of(user)
            if loops.reduction_dims and operand < len(loops.inputs):
                used = loops.maps[operand].used_dims()
                if any(d not in used for d in loops.parallel_dims):
                    return True
        return False

    def _extract(self, value: SSAValue, indices: Sequence[Known]) -> Tile:
        positions = [i if isinstance(i, Position) else None for i in indices]
        if all(p is not None for p in positions):
            return self.of(value, tuple(p for p in positions if p is not None))
        from pyrie.codegen.cpu.lowering.gather import gather

        tiles = [i if isinstance(i, Tile) else lane_numbers(self.builder, i) for i in indices]
        return gather(self, value, tiles)


def _consumers(value: SSAValue):
    """The ops that compute with `value`, through views, with the operand number."""
    for use in value.uses:
        if isinstance(use.operation, VIEWS):
            yield from _consumers(use.operation.results[0])
        elif use.operation.name != "tensor.dim":
            yield use.operation, use.index


# ---- structured ops ----------------------------------------------------------------------------------------------------


def _structured(e: Elements, value: SSAValue, at: Positions) -> Tile:
    assert isinstance(value, OpResult)
    loops = e.loops_of(value.op)
    if loops.reduction_dims:
        from pyrie.codegen.cpu.lowering.reductions import reduce

        return reduce(e, loops, value.index, at)
    positions: list[Position] = [Position(0)] * loops.rank
    for expr, position in zip(loops.init_maps[value.index].results, at, strict=True):
        if d := _dimension(expr):
            positions[d - 1] = position
    evaluation = e.bodies.run(loops.body, operand_tiles(e, loops, positions), positions)
    return evaluation.tile(loops.yielded[value.index])


def _dimension(expr) -> int:
    """One more than the dimension that an expression is, 0 if it is another expression."""
    return expr.position + 1 if hasattr(expr, "position") else 0


def operand_tiles(
    e: Elements, loops: Structured, positions: Sequence[Position], accumulators: Sequence[Tile] | None = None
) -> list[Tile | None]:
    """Tiles of the body's arguments: those with fewer indices first, so that a row's values are known before its columns are."""
    values = (*loops.inputs, *(() if accumulators is not None else loops.inits))
    tiles: list[Tile | None] = [None] * len(values)
    for i in sorted(range(len(values)), key=lambda i: len(loops.maps[i].results)):
        if loops.body.args[i].first_use is None:
            continue
        if isinstance(values[i].type, TensorType):
            tiles[i] = e.of(values[i], tuple(e.arithmetic.evaluate(expr, positions) for expr in loops.maps[i].results))
        else:
            tiles[i] = Tile(e.dispatch.scalar(values[i]))
    return [*tiles, *(accumulators or ())]


# ---- everything else ---------------------------------------------------------------------------------------------------


def _load(e: Elements, value: SSAValue, at: Positions) -> Tile:
    op = value.owner
    assert isinstance(op, DispatchTensorLoadOp)
    return read(e.builder, e.dispatch.buffer(op.source), at if is_whole(op, op.source) else slice_positions(e, op, at))


def slice_positions(e: Elements, op: Operation, at: Positions, dropped: Sequence[int] = ()) -> Positions:
    """Positions in a slice as positions in the whole."""
    offsets = mixed(op.static_offsets, op.offsets)  # pyright: ignore[reportAttributeAccessIssue]
    strides = mixed(op.static_strides, op.strides)  # pyright: ignore[reportAttributeAccessIssue]
    rest = iter(at)
    inner = [Position(0) if d in dropped else next(rest) for d in range(len(offsets))]
    steps = [e.arithmetic.scale(p, e.dispatch.index(s)) for p, s in zip(inner, strides, strict=True)]
    return tuple(e.arithmetic.add(p, Position(e.dispatch.index(o))) for p, o in zip(steps, offsets, strict=True))


def _empty(e: Elements, value: SSAValue, at: Positions) -> Tile:
    assert isinstance(value.type, TensorType)
    return Tile(e.builder.number(0, value.type.element_type))


def _fill(e: Elements, value: SSAValue, at: Positions) -> Tile:
    source = value.owner.operands[0]  # pyright: ignore[reportAttributeAccessIssue]
    return e.of(source, ()) if isinstance(source.type, TensorType) else Tile(e.dispatch.scalar(source))


def _splat(e: Elements, value: SSAValue, at: Positions) -> Tile:
    return Tile(e.dispatch.scalar(value.owner.operands[0]))  # pyright: ignore[reportAttributeAccessIssue]


def _elementwise(e: Elements, value: SSAValue, at: Positions) -> Tile:
    assert isinstance(value, OpResult)
    op = value.op
    tiles = [e.of(o, at) if isinstance(o.type, TensorType) else Tile(e.dispatch.scalar(o)) for o in op.operands]
    return elementwise(e.builder, op, tiles)[value.index]


def _constant(e: Elements, value: SSAValue, at: Positions) -> Tile:
    attribute = value.owner.value  # pyright: ignore[reportAttributeAccessIssue]
    assert isinstance(value.type, TensorType)
    element = value.type.element_type
    if constant_elements.is_splat(attribute):
        return Tile(e.builder.constant(_scalar_attribute(attribute, element), element))
    return read(e.builder, e.dispatch.constant_buffer(value), at)


def _scalar_attribute(attribute: Attribute, element: Attribute) -> Attribute:
    if isinstance(attribute, DenseIntOrFPElementsAttr):
        return number_attribute(next(iter(attribute.get_values())), element)
    return number_attribute(constant_elements.to_numpy(attribute).reshape(-1)[0].item(), element)


def _cast(e: Elements, value: SSAValue, at: Positions) -> Tile:
    return e.of(value.owner.operands[0], at)  # pyright: ignore[reportAttributeAccessIssue]


def _bitcast(e: Elements, value: SSAValue, at: Positions) -> Tile:
    source = e.of(value.owner.operands[0], at)  # pyright: ignore[reportAttributeAccessIssue]
    assert isinstance(value.type, TensorType)
    type = vector_type(value.type.element_type, source.axes)
    return Tile(e.builder.pure(arith.BitcastOp, [source.value], [type]).results[0], source.axes)


def _extract_slice(e: Elements, value: SSAValue, at: Positions) -> Tile:
    op = value.owner
    assert isinstance(op, tensor.ExtractSliceOp)
    return e.of(op.source, slice_positions(e, op, at, op.dropped_axes()))


def _expand_shape(e: Elements, value: SSAValue, at: Positions) -> Tile:
    op = value.owner
    assert isinstance(op, tensor.ExpandShapeOp)
    if buffer := e.dispatch.loaded_buffer(value):
        return read(e.builder, buffer, at)
    extents = e.dispatch.extents(value)
    groups = op.groups()
    return e.of(op.src, tuple(e.arithmetic.linearize([at[i] for i in g], [extents[i] for i in g]) for g in groups))


def _collapse_shape(e: Elements, value: SSAValue, at: Positions) -> Tile:
    op = value.owner
    assert isinstance(op, tensor.CollapseShapeOp)
    if buffer := e.dispatch.loaded_buffer(value):
        return read(e.builder, buffer, at)
    extents = e.dispatch.extents(op.src)
    inner: list[Position] = [Position(0)] * len(extents)
    for position, group in zip(at, op.groups(), strict=True):
        for axis, p in zip(group, e.arithmetic.delinearize(position, [extents[i] for i in group]), strict=True):
            inner[axis] = p
    return e.of(op.src, tuple(inner))


def _from_elements(e: Elements, value: SSAValue, at: Positions) -> Tile:
    position = e.arithmetic.linearize(at, e.dispatch.extents(value))
    if position.lanes:
        raise CannotVectorize
    operands = value.owner.operands  # pyright: ignore[reportAttributeAccessIssue]
    result = e.dispatch.scalar(operands[-1])
    for i in range(len(operands) - 2, -1, -1):
        here = compare(e.builder, "eq", position.base, i)
        result = e.builder.pure(arith.SelectOp, [here, e.dispatch.scalar(operands[i]), result], [result.type]).results[0]
    return Tile(result)


def _generate(e: Elements, value: SSAValue, at: Positions) -> Tile:
    op = value.owner
    assert isinstance(op, tensor.GenerateOp)
    block = op.regions[0].block
    assert block.last_op is not None
    return e.bodies.run(block, at, at).tile(block.last_op.operands[0])


# ---- choices by position -----------------------------------------------------------------------------------------------

PREDICATES = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")


def compare(builder: KernelBuilder, predicate: str, a: Index, b: Index) -> SSAValue:
    from xdsl.dialects.builtin import i1, i64

    operands = [builder.index(a), builder.index(b)]
    properties = {"predicate": IntegerAttr(PREDICATES.index(predicate), i64)}
    return builder.pure(arith.CmpiOp, operands, [i1], properties).results[0]


def all_inside(e: Elements, at: Positions, lower: Sequence[Index], upper: Sequence[Index], extents: Sequence[Index]) -> SSAValue | None:
    """Whether lower <= at < upper in every dimension, None if it is known; a dimension in question must be the same for all lanes."""
    from xdsl.dialects.builtin import i1

    condition: SSAValue | None = None
    for position, low, high, extent in zip(at, lower, upper, extents, strict=True):
        tests = [("sge", low)] if low != 0 else []
        tests += [("slt", high)] if high is not extent and high != extent else []
        if tests and position.lanes:
            raise CannotVectorize
        for predicate, bound in tests:
            test = compare(e.builder, predicate, position.base, bound)
            condition = test if condition is None else e.builder.pure(arith.AndIOp, [condition, test], [i1]).results[0]
    return condition


def choose(
    e: Elements, condition: SSAValue | None, at: Positions, then: Callable[[], Tile], orelse: Callable[[], Tile], element: Attribute
) -> Tile:
    if condition is None:
        return then()
    axes = axes_of(at)
    sides = [lambda side=side: [broadcast(e.builder, side(), axes).value] for side in (then, orelse)]
    return Tile(e.builder.if_(condition, [vector_type(element, axes)], *sides)[0], axes)


def _pad(e: Elements, value: SSAValue, at: Positions) -> Tile:
    op = value.owner
    assert isinstance(op, tensor.PadOp) and isinstance(value.type, TensorType)
    low = [e.dispatch.index(i) for i in mixed(op.static_low, op.low)]
    source = e.dispatch.extents(op.source)
    high = [e.builder.add(a, b) for a, b in zip(low, source, strict=True)]
    inner = tuple(e.arithmetic.add(p, Position(e.builder.sub(0, offset))) for p, offset in zip(at, low, strict=True))
    block = op.region.block
    assert block.last_op is not None
    padding = block.last_op.operands[0]

    def border() -> Tile:
        return e.bodies.run(block, at, at).tile(padding)

    condition = all_inside(e, at, low, high, e.dispatch.extents(value))
    return choose(e, condition, at, lambda: e.of(op.source, inner), border, value.type.element_type)


def _insert_slice(e: Elements, value: SSAValue, at: Positions) -> Tile:
    op = value.owner
    assert isinstance(op, tensor.InsertSliceOp) and isinstance(value.type, TensorType)
    if any(s != 1 for s in mixed(op.static_strides, op.strides)):
        raise UnsupportedError("tensor.insert_slice with steps", location=location_of(op), hint="supported: steps of 1")
    low = [e.dispatch.index(i) for i in mixed(op.static_offsets, op.offsets)]
    sizes = [e.dispatch.index(i) for i in mixed(op.static_sizes, op.sizes)]
    high = [e.builder.add(a, b) for a, b in zip(low, sizes, strict=True)]
    dropped = op.dropped_axes()
    inner = tuple(
        e.arithmetic.add(p, Position(e.builder.sub(0, o))) for d, (p, o) in enumerate(zip(at, low, strict=True)) if d not in dropped
    )
    condition = all_inside(e, at, low, high, e.dispatch.extents(value))
    return choose(e, condition, at, lambda: e.of(op.source, inner), lambda: e.of(op.dest, at), value.type.element_type)


def _concat(e: Elements, value: SSAValue, at: Positions) -> Tile:
    op = value.owner
    assert isinstance(op, tensor.ConcatOp) and isinstance(value.type, TensorType)
    axis = op.dim.value.data
    element = value.type.element_type

    def part(number: int, start: Index) -> Tile:
        source = op.inputs[number]
        inner = tuple(e.arithmetic.add(p, Position(e.builder.sub(0, start))) if d == axis else p for d, p in enumerate(at))
        if number == len(op.inputs) - 1:
            return e.of(source, inner)
        end = e.builder.add(start, e.dispatch.extent(source, axis))
        if at[axis].lanes:
            raise CannotVectorize
        here = compare(e.builder, "slt", at[axis].base, end)
        return choose(e, here, at, lambda: e.of(source, inner), lambda: part(number + 1, end), element)

    return part(0, 0)


HANDLERS: dict[str, Handler] = {
    "iree_tensor_ext.dispatch.tensor.load": _load,
    "tensor.empty": _empty,
    "linalg.fill": _fill,
    "tensor.splat": _splat,
    "arith.constant": _constant,
    "tensor.cast": _cast,
    "tensor.bitcast": _bitcast,
    "iree_tensor_ext.compute_barrier.start": _cast,
    "iree_tensor_ext.compute_barrier.end": _cast,
    "tensor.extract_slice": _extract_slice,
    "tensor.expand_shape": _expand_shape,
    "tensor.collapse_shape": _collapse_shape,
    "tensor.from_elements": _from_elements,
    "tensor.generate": _generate,
    "tensor.pad": _pad,
    "tensor.insert_slice": _insert_slice,
    "tensor.concat": _concat,
}


@cache
def handlers() -> dict[str, Handler]:
    """Op name -> what its elements are, for all but structured and elementwise ops."""
    from pyrie.codegen.cpu.lowering.movement import MOVEMENT

    return HANDLERS | MOVEMENT
