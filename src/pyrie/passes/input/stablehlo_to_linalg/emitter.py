"""Builds linalg-on-tensors IR: what every lowering of this folder needs to say, said once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ComplexType,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    LocationAttr,
    Signedness,
    TensorType,
)
from xdsl.ir import Attribute, Block, Operation, OpResult, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import arith, cf, linalg, stablehlo, tensor
from pyrie.dialects.linalg import IteratorType
from pyrie.dialects.tensor.shapes import join, known_size
from pyrie.ir import elements
from pyrie.ir.locations import place

Size = SSAValue | int  # a dimension: known when compiling, or an index value
Body = Callable[["Emitter", list[SSAValue]], Sequence[SSAValue]]

index = IndexType()
PARALLEL, REDUCTION = IteratorType.PARALLEL, IteratorType.REDUCTION


@dataclass(frozen=True)
class Signs:
    """The element types an op had before unsigned types became signless."""

    operands: tuple[Attribute, ...]
    results: tuple[Attribute, ...]


def element_of(type: Attribute) -> Attribute:
    """The element type of a tensor type; any other type is its own."""
    return type.element_type if isinstance(type, TensorType) else type


def shape_of(value: SSAValue) -> tuple[int, ...]:
    return cast(TensorType, value.type).get_shape()


def is_unsigned(element: Attribute) -> bool:
    """Whether integers of this type count from zero: i1 and the `ui` types."""
    return isinstance(element, IntegerType) and (element.width.data == 1 or element.signedness.data == Signedness.UNSIGNED)


def signless(type: Attribute) -> Attribute:
    """The type with signless integers, which is what everything after the input phase uses."""
    if isinstance(type, IntegerType):
        return IntegerType(type.width.data)
    if isinstance(type, TensorType) and isinstance(type.element_type, IntegerType):
        return TensorType(signless(type.element_type), type.shape, type.encoding)
    return type


def constant_of(value: SSAValue) -> Attribute | None:
    """The attribute of the constant op that made `value`."""
    if isinstance(value, OpResult) and isinstance(value.op, stablehlo.ConstantOp | arith.ConstantOp):
        return value.op.value
    return None


SAME_ELEMENTS = (
    stablehlo.BroadcastInDimOp, stablehlo.DynamicBroadcastInDimOp, stablehlo.BroadcastOp, stablehlo.ReshapeOp,
    stablehlo.DynamicReshapeOp, linalg.FillOp,
)  # fmt: skip


def splat_of(value: SSAValue) -> Attribute | None:
    """The scalar attribute that all elements of `value` are known to be, looking through broadcasts, reshapes and fills."""
    while isinstance(value, OpResult) and isinstance(value.op, SAME_ELEMENTS):
        value = value.op.operands[0]
    attribute = constant_of(value)
    if isinstance(attribute, IntegerAttr | FloatAttr):
        return attribute
    if attribute is None or not elements.is_splat(attribute):
        return None
    array = elements.to_numpy(attribute)
    return scalar_attribute(array.reshape(-1)[0], signless(element_of(value.type))) if array.size else None


def scalar_attribute(number: object, type: Attribute) -> Attribute | None:
    """A number as IntegerAttr or FloatAttr of a signless type; None for complex numbers."""
    if isinstance(type, ComplexType):
        return None
    if isinstance(type, IntegerType | IndexType):
        return integer_attribute(int(number), type)  # pyright: ignore[reportArgumentType]
    return FloatAttr(float(number), type)  # pyright: ignore[reportArgumentType, reportCallIssue]


def integer_attribute(number: int, type: IntegerType | IndexType) -> IntegerAttr:
    """An integer as its signless type prints it: wrapped into the signed range (i1: 0 or 1)."""
    if isinstance(type, IntegerType):
        width = type.width.data
        number &= (1 << width) - 1
        if width > 1 and number >> (width - 1):
            number -= 1 << width
    return IntegerAttr(number, type)


class Emitter:
    """Inserts ops at one place with one location. Calling it inserts an op and gives its first result."""

    def __init__(self, point: InsertPoint, location: LocationAttr, signs: Signs = Signs((), ())):
        self.point, self.location, self.signs = point, location, signs

    def insert(self, op: Operation) -> Operation:
        op.location = self.location
        Rewriter.insert_op(op, self.point)
        return op

    def __call__(self, op: Operation) -> SSAValue:
        return self.insert(op).results[0]

    # ---- scalars and sizes ----

    def constant(self, number: float | bool, type: Attribute) -> SSAValue:
        """A scalar constant of a signless integer, index or float type."""
        attribute = scalar_attribute(number, type)
        assert attribute is not None
        return self.attribute(attribute, type)

    def attribute(self, value: Attribute, type: Attribute) -> SSAValue:
        return self(arith.ConstantOp(value, type))  # pyright: ignore[reportArgumentType]

    def index(self, size: Size) -> SSAValue:
        return self.constant(size, index) if isinstance(size, int) else size

    def size(self, value: SSAValue, axis: int) -> Size:
        """The size of `value` along `axis`."""
        known = known_size(value, axis)
        if known is not None:
            return known
        if isinstance(value, OpResult) and isinstance(value.op, tensor.PadOp):
            low, high = (join(*lists)[axis] for lists in ((value.op.low, value.op.static_low), (value.op.high, value.op.static_high)))
            return self.add(self.size(value.op.source, axis), low, high)
        return self(tensor.DimOp(value, self.constant(axis, index)))

    def sizes(self, value: SSAValue) -> list[Size]:
        return [self.size(value, axis) for axis in range(len(shape_of(value)))]

    def size_operand(self, shape: SSAValue, axis: int) -> Size:
        """Element `axis` of a 1-d tensor of sizes, as an index."""
        attribute = constant_of(shape)
        if attribute is not None:
            return int(elements.to_numpy(attribute).reshape(-1)[axis])
        if isinstance(shape, OpResult) and isinstance(shape.op, tensor.FromElementsOp):
            element = shape.op.operands[axis]
        else:
            element = self(tensor.ExtractOp(shape, [self.constant(axis, index)]))
        return self.to_index(element)

    def to_index(self, value: SSAValue) -> Size:
        """An integer scalar as an index; a number when it is constant."""
        constant = constant_of(value)
        if isinstance(constant, IntegerAttr):
            return constant.value.data
        return value if value.type == index else self(arith.IndexCastOp(value, index))

    def add(self, *sizes: Size) -> Size:
        return self._sum(sizes, arith.AddiOp, lambda a, b: a + b, 0)

    def multiply(self, *sizes: Size) -> Size:
        return self._sum(sizes, arith.MuliOp, lambda a, b: a * b, 1)

    def subtract(self, a: Size, b: Size) -> Size:
        if isinstance(a, int) and isinstance(b, int):
            return a - b
        return a if b == 0 else self(arith.SubiOp(self.index(a), self.index(b)))

    def divide(self, a: Size, b: Size) -> Size:
        """Quotient of sizes, none of them negative."""
        if isinstance(a, int) and isinstance(b, int):
            return a // b
        return a if b == 1 else self(arith.DivUIOp(self.index(a), self.index(b)))

    def _sum(self, sizes: Sequence[Size], op: type[Operation], fold: Callable[[int, int], int], unit: int) -> Size:
        number, values = unit, []
        for size in sizes:
            if isinstance(size, int):
                number = fold(number, size)
            else:
                values.append(size)
        if not values:
            return number
        total = values[0]
        rest = values[1:] + ([self.index(number)] if number != unit else [])
        for value in rest:
            total = self(op(total, value))  # pyright: ignore[reportCallIssue]
        return total

    # ---- what must hold at run time ----

    def require(self, holds: SSAValue, words: str) -> None:
        """Stops the program where `holds` is false, before the op that relies on it runs; `words` say what does not hold."""
        where = place(self.location)
        self.insert(cf.AssertOp(holds, f"{where}: {words}" if where else words))

    def require_equal(self, a: Size, b: Size, words: str) -> None:
        self._require_order(a, b, "eq", words)

    def require_at_most(self, a: Size, b: Size, words: str) -> None:
        """`a` is neither negative nor larger than `b`."""
        self._require_order(a, b, "ule", words)

    def _require_order(self, a: Size, b: Size, predicate: str, words: str) -> None:
        """The abi phase drops what is implied by other requirements; what the types say already has been verified."""
        if a is not b and not (isinstance(a, int) and isinstance(b, int)):
            self.require(self(arith.CmpiOp(self.index(a), self.index(b), predicate)), words)

    # ---- tensors ----

    def tensor_type(self, sizes: Sequence[Size], element: Attribute) -> TensorType:
        return TensorType(element, [size if isinstance(size, int) else DYNAMIC_INDEX for size in sizes])

    def empty(self, sizes: Sequence[Size], element: Attribute) -> SSAValue:
        return self(tensor.EmptyOp([s for s in sizes if not isinstance(s, int)], self.tensor_type(sizes, element)))

    def filled(self, scalar: SSAValue, sizes: Sequence[Size]) -> SSAValue:
        """A tensor with all elements `scalar`, which may also be a 0-d tensor."""
        if isinstance(scalar.type, TensorType):
            return self.moved(scalar, sizes, ())
        return self(linalg.FillOp([scalar], [self.empty(sizes, scalar.type)]))

    def zeros(self, sizes: Sequence[Size], element: Attribute) -> SSAValue:
        return self.filled(self.constant(0, element), sizes)

    def as_type(self, value: SSAValue, type: Attribute) -> SSAValue:
        """The value with the static sizes of `type`, which says more or less about the same shape."""
        return value if value.type == type else self(tensor.CastOp(value, type))

    def scalar(self, value: SSAValue) -> SSAValue:
        """The element of a 0-d tensor; a constant stays one."""
        splat = splat_of(value)
        return self.attribute(splat, signless(element_of(value.type))) if splat is not None else self(tensor.ExtractOp(value, []))

    def fill_value(self, value: SSAValue) -> SSAValue:
        """What `filled` takes for a 0-d tensor: a constant scalar, or the tensor itself, which then need not be read back by the host."""
        return self.scalar(value) if splat_of(value) is not None else value

    def from_scalar(self, scalar: SSAValue) -> SSAValue:
        """The 0-d tensor of a scalar."""
        return self(tensor.FromElementsOp(scalar, result_type=TensorType(scalar.type, [])))

    # ---- linalg ----

    def generic(
        self,
        inputs: Sequence[SSAValue],
        outputs: Sequence[SSAValue],
        maps: Sequence[AffineMap],
        iterators: Sequence[IteratorType],
        body: Body,
    ) -> list[SSAValue]:
        """A linalg.generic whose body gets the elements of inputs and outputs and gives the new elements of the outputs."""
        block = Block(arg_types=[element_of(value.type) for value in (*inputs, *outputs)])
        inner = Emitter(InsertPoint.at_end(block), self.location, self.signs)
        inner.insert(linalg.YieldOp(*body(inner, list(block.args))))
        return list(self.insert(linalg.GenericOp(inputs, outputs, block, maps, iterators)).results)

    def pointwise(self, inputs: Sequence[SSAValue], sizes: Sequence[Size], element: Attribute, body: Body) -> SSAValue:
        """A generic over tensors of one shape; 0-d inputs are the same for each element."""
        rank = len(sizes)
        identity, scalar = AffineMap.identity(rank), AffineMap(rank, 0, ())
        maps = [identity if shape_of(value) else scalar for value in inputs]
        return self.generic(inputs, [self.empty(sizes, element)], [*maps, identity], [PARALLEL] * rank, body)[0]

    def moved(self, value: SSAValue, sizes: Sequence[Size], results: Sequence[AffineExpr]) -> SSAValue:
        """Copies elements: output index (d0, ...) takes the element at `results` of it."""
        rank = len(sizes)
        maps = [AffineMap(rank, 0, tuple(results)), AffineMap.identity(rank)]
        out = self.empty(sizes, element_of(value.type))
        return self.generic([value], [out], maps, [PARALLEL] * rank, lambda _, args: [args[0]])[0]

    def transposed(self, value: SSAValue, permutation: Sequence[int]) -> SSAValue:
        """Dimension i of the result is dimension `permutation[i]` of `value`."""
        if list(permutation) == sorted(permutation):
            return value
        sizes = self.sizes(value)
        inverse = [AffineExpr.dimension(list(permutation).index(axis)) for axis in range(len(permutation))]
        return self.moved(value, [sizes[axis] for axis in permutation], inverse)


def dense_like(array: np.ndarray, type: TensorType) -> Attribute:
    """A constant of the signless form of `type`."""
    return elements.from_numpy(array, cast(TensorType, signless(type)))


def signless_constant(value: Attribute) -> Attribute:
    """The constant with signless elements of the same bits."""
    if isinstance(value, DenseIntOrFPElementsAttr | elements.ResourceAttr):
        type = cast(TensorType, value.get_type() if isinstance(value, DenseIntOrFPElementsAttr) else value.type)
        if signless(type) != type:
            array = elements.to_numpy(value)
            return elements.from_numpy(array.view(np.dtype(array.dtype.str.replace("u", "i"))), cast(TensorType, signless(type)))
    return value
