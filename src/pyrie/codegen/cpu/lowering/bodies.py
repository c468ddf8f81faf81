"""Scalar bodies applied to tiles: each op once, on as many axes as its operands have."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import IndexType, TensorType
from xdsl.ir import Block, Operation, SSAValue

from pyrie.codegen.cpu.lowering.indices import CannotVectorize, Lanes, Position, PositionArithmetic, ordered
from pyrie.codegen.cpu.lowering.scopes import KernelBuilder, index_type
from pyrie.codegen.cpu.lowering.transfers import Tile, broadcast, lane_numbers, vector_type
from pyrie.dialects import arith, scf
from pyrie.dialects.util.values import AssumeIntOp
from pyrie.ir.diagnostics import location_of
from pyrie.support.errors import UnsupportedError

Known = Tile | Position  # indices stay positions as long as they can, so that loads see where lanes are neighbours
ELEMENTWISE_DIALECTS = ("arith", "math")
EXPENSIVE = ("math.",)  # worth computing once
CHEAP_MATH = ("math.absf", "math.absi", "math.sqrt", "math.rsqrt", "math.fma", "math.ceil", "math.floor", "math.trunc", "math.copysign")


def is_expensive(block: Block) -> bool:
    """Whether the body has something that costs as much as many loads."""
    return any(op.name.startswith(EXPENSIVE) and op.name not in CHEAP_MATH for op in block.ops)


class BodyEvaluator:
    """Evaluates ops of scalar bodies. `outside` gives values defined outside the body, `extract` elements of tensors."""

    def __init__(
        self,
        builder: KernelBuilder,
        arithmetic: PositionArithmetic,
        outside: Callable[[SSAValue], SSAValue],
        extract: Callable[[SSAValue, Sequence[Known]], Tile],
    ):
        self.builder, self.arithmetic, self.outside, self.extract = builder, arithmetic, outside, extract

    def run(self, block: Block, arguments: Sequence[Known | None], loops: Sequence[Position]) -> Evaluation:
        """Starts an evaluation with the block's arguments; ops are evaluated when their results are asked for."""
        known: dict[SSAValue, Known] = {argument: value for argument, value in zip(block.args, arguments, strict=True) if value is not None}
        return Evaluation(self, known, loops)


class Evaluation:
    """One evaluation of one body."""

    def __init__(self, evaluator: BodyEvaluator, known: dict[SSAValue, Known], loops: Sequence[Position]):
        self.evaluator, self.known, self.loops = evaluator, known, loops
        self.builder = evaluator.builder

    def tile(self, value: SSAValue) -> Tile:
        """The tile of a value of the body."""
        known = self.value(value)
        return known if isinstance(known, Tile) else lane_numbers(self.builder, known)

    def value(self, value: SSAValue) -> Known:
        if value in self.known:
            return self.known[value]
        op = value.owner
        if isinstance(op, Operation) and self._is_inside(op):
            self._evaluate(op)
            return self.known[value]
        return Tile(self.evaluator.outside(value))

    def _is_inside(self, op: Operation) -> bool:
        """Whether the op reads anything of the body: the others are scalars of the function."""
        parent = op.parent_op()
        return parent is not None and parent.name not in ("func.func",)

    def _evaluate(self, op: Operation) -> None:
        match op:
            case Operation(name="linalg.index"):
                self.known[op.results[0]] = self.loops[op.properties["dim"].value.data]  # pyright: ignore[reportAttributeAccessIssue]
            case Operation(name="tensor.extract"):
                self.known[op.results[0]] = self.evaluator.extract(op.operands[0], [self._position(i) for i in op.operands[1:]])
            case arith.AddiOp() if isinstance(op.results[0].type, IndexType) and self._are_positions(op):
                a, b = (self._position(operand) for operand in op.operands)
                assert isinstance(a, Position) and isinstance(b, Position)
                self.known[op.results[0]] = self.evaluator.arithmetic.add(a, b)
            case AssumeIntOp():
                for operand, result in zip(op.operands, op.results, strict=True):
                    self.known[result] = self.value(operand)
            case scf.IfOp():
                self._conditional(op)
            case Operation() if op.name.split(".")[0] in ELEMENTWISE_DIALECTS and not any(
                isinstance(v.type, TensorType) for v in (*op.operands, *op.results)
            ):
                for result, tile in zip(op.results, self._elementwise(op), strict=True):
                    self.known[result] = tile
            case _:
                raise UnsupportedError(
                    f"'{op.name}' in the body of a linalg op", location=location_of(op), hint="supported: arith, math, scf.if"
                )

    def _position(self, value: SSAValue) -> Known:
        known = self.value(value)
        if isinstance(known, Tile) and not known.axes and isinstance(known.value.type, IndexType):
            return Position(known.value)
        return known

    def _are_positions(self, op: Operation) -> bool:
        return all(isinstance(self._position(operand), Position) for operand in op.operands)

    def _elementwise(self, op: Operation) -> list[Tile]:
        return elementwise(self.builder, op, [self.tile(operand) for operand in op.operands])

    def _conditional(self, op: scf.IfOp) -> None:
        condition = self.tile(op.cond)
        if condition.axes:
            raise CannotVectorize

        def side(block: Block) -> Callable[[], Sequence[SSAValue]]:
            def values() -> Sequence[SSAValue]:
                assert block.last_op is not None
                inner = Evaluation(self.evaluator, dict(self.known), self.loops)
                tiles = [inner.tile(v) for v in block.last_op.operands]
                if any(tile.axes for tile in tiles):
                    raise CannotVectorize
                return [tile.value for tile in tiles]

            return values

        types = [r.type for r in op.results]
        results = self.builder.if_(condition.value, types, side(op.true_region.block), side(op.false_region.block))
        self.known.update({r: Tile(v) for r, v in zip(op.results, results, strict=True)})


def elementwise(builder: KernelBuilder, op: Operation, operands: Sequence[Tile], properties: dict | None = None) -> list[Tile]:
    """An arith or math op on tiles, broadcast to each other. A uniform condition of a select stays one."""
    axes = ordered([axis for tile in operands for axis in tile.axes])
    uniform = (0,) if isinstance(op, arith.SelectOp) and not operands[0].axes else ()
    values = [t.value if i in uniform else broadcast(builder, t, axes).value for i, t in enumerate(operands)]
    types = [vector_type(_element(r), axes) for r in op.results]
    if isinstance(op, arith.ConstantOp):
        return [Tile(builder.constant(op.value, op.result.type))]
    made = builder.pure(type(op), values, types, op.properties if properties is None else properties)
    return [Tile(r, axes) for r in made.results]


def _element(result: SSAValue):
    return result.type.element_type if isinstance(result.type, TensorType) else result.type


def combine(builder: KernelBuilder, op: Operation, a: Tile, b: Tile, axes: tuple[Lanes, ...]) -> Tile:
    """`op` on two tiles, as wide as `axes`."""
    result = elementwise(builder, op, [broadcast(builder, a, axes), b])
    return result[0]


__all__ = ["BodyEvaluator", "Evaluation", "Known", "combine", "elementwise", "index_type", "is_expensive"]
