"""Builds StableHLO for ONNX operators: numpy's broadcasting over shapes that may be known only at run time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from xdsl.dialects.builtin import AnyFloat, IndexType, IntegerType, LocationAttr, TensorType, UnknownLoc, i1
from xdsl.ir import Attribute, Block, Operation, SSAValue

from pyrie.dialects import arith, cf, tensor
from pyrie.dialects import stablehlo as hlo
from pyrie.importers.onnx.values import Dim, Size, Value, constant, shape_text
from pyrie.ir.elements import from_numpy, numpy_dtype
from pyrie.support.errors import InputError, UnsupportedError

index = IndexType()

SIZE_OPS: dict[str, tuple[type[Operation], Callable[[int, int], int]]] = {
    "add": (arith.AddiOp, lambda a, b: a + b),
    "subtract": (arith.SubiOp, lambda a, b: a - b),
    "multiply": (arith.MuliOp, lambda a, b: a * b),
    "divide": (arith.DivSIOp, lambda a, b: a // b),
}


class Builder:
    """Appends ops to the body of the entry function, at the location of the node being imported.

    `version` is the opset of that node. Methods take and give `Value`s and never write to them, except to note their SSA value.
    """

    def __init__(self, block: Block):
        self.block = block
        self.location: LocationAttr = UnknownLoc()
        self.version = 1
        self._indices: dict[int, SSAValue] = {}

    def insert(self, op: Operation) -> SSAValue:
        op.location = self.location
        self.block.add_op(op)
        return op.results[0]

    # ---- sizes ----

    def index(self, size: Size) -> SSAValue:
        """A size as an index value; numbers are shared."""
        if isinstance(size, Dim):
            return size.value
        if size not in self._indices:
            self._indices[size] = self.insert(arith.ConstantOp.from_int_and_width(size, index))
        return self._indices[size]

    def size_arithmetic(self, kind: str, a: Size, b: Size) -> Size:
        op, fold = SIZE_OPS[kind]
        a, b = (int(n) if isinstance(n, int | np.integer) else n for n in (a, b))
        if isinstance(a, int) and isinstance(b, int):
            return fold(a, b)
        if (kind in ("add", "subtract") and b == 0) or (kind in ("multiply", "divide") and b == 1):
            return a
        if (kind == "add" and a == 0) or (kind == "multiply" and a == 1):
            return b
        if kind == "subtract" and a == b:
            return 0
        if kind == "multiply" and (a == 0 or b == 0):
            return 0
        if kind == "divide" and a == b:
            return 1
        return Dim(self, self.insert(op(self.index(a), self.index(b))))  # pyright: ignore[reportCallIssue]

    def product(self, sizes: Sequence[Size]) -> Size:
        total: Size = 1
        for size in sizes:
            total = total * size
        return total

    def select_size(self, condition: SSAValue, a: Size, b: Size) -> Size:
        return Dim(self, self.insert(arith.SelectOp(condition, self.index(a), self.index(b))))

    def dim(self, value: SSAValue, axis: int) -> Dim:
        return Dim(self, self.insert(tensor.DimOp(value, self.index(axis))))

    def require_equal(self, a: Dim, b: Size, words: str) -> None:
        """Stops the program before anything runs when the sizes differ."""
        check = cf.AssertOp(self.insert(arith.CmpiOp(a.value, self.index(b), "eq")), words)
        check.location = self.location
        self.block.add_op(check)

    def sizes_operand(self, sizes: Sequence[Size]) -> SSAValue:
        """A 1-d tensor of sizes, as the dynamic ops take it."""
        return self.insert(tensor.FromElementsOp(*map(self.index, sizes), result_type=TensorType(index, [len(sizes)])))

    # ---- values ----

    def ssa(self, value: Value) -> SSAValue:
        """The SSA value of a tensor; constants are made where they are first used."""
        if value.ssa is None:
            if value.array is not None:
                value.ssa = self.insert(hlo.ConstantOp(from_numpy(value.array, value.type)))
            else:
                assert value.symbols is not None
                flat = value.symbols.reshape(-1)
                numbers = [self.insert(arith.IndexCastOp(self.index(n), value.element)) for n in flat]
                vector = self.insert(tensor.FromElementsOp(*numbers, result_type=TensorType(value.element, list(value.symbols.shape))))
                value.ssa = vector
        return value.ssa

    def value(self, ssa: SSAValue, sizes: Sequence[Size], element: Attribute | None = None) -> Value:
        """A tensor of the given sizes; its element type is that of the SSA value."""
        return Value(element or ssa.type.element_type, tuple(sizes), ssa=ssa)  # pyright: ignore[reportAttributeAccessIssue]

    def like(self, op: Operation, value: Value, element: Attribute | None = None) -> Value:
        """Inserts an op whose result has the shape of `value`."""
        return self.value(self.insert(op), value.sizes, element)

    def scalar(self, number: float, element: Attribute) -> Value:
        """A 0-d constant."""
        return constant(np.asarray(number).astype(numpy_dtype(element)))

    def full(self, number: float, value: Value) -> Value:
        """A tensor of the shape and type of `value`, all elements `number`."""
        return self.broadcast(self.scalar(number, value.element), value.sizes)

    # ---- elementwise ----

    def unary(self, op: type[Operation], x: Value) -> Value:
        return self.like(op(self.ssa(x)), x)  # pyright: ignore[reportCallIssue]

    def binary(self, op: type[Operation], a: Value | float, b: Value | float) -> Value:
        """A binary op after broadcasting as numpy does; a plain number takes the type of the other operand."""
        a, b = self.pair(a, b)
        return self.like(op(self.ssa(a), self.ssa(b)), a)  # pyright: ignore[reportCallIssue]

    def compare(self, direction: hlo.ComparisonDirection, a: Value | float, b: Value | float) -> Value:
        a, b = self.pair(a, b)
        return self.like(hlo.CompareOp(direction, self.ssa(a), self.ssa(b)), a, i1)

    def select(self, condition: Value, a: Value | float, b: Value | float) -> Value:
        a, b = self.pair(a, b)
        sizes = self.broadcast_sizes(condition.sizes, a.sizes)
        condition, a, b = (self.broadcast(v, sizes) for v in (condition, a, b))
        return self.like(hlo.SelectOp(self.ssa(condition), self.ssa(a), self.ssa(b)), a)

    def pair(self, a: Value | float, b: Value | float) -> tuple[Value, Value]:
        """Both operands as tensors of one shape."""
        if not isinstance(a, Value):
            assert isinstance(b, Value)
            a = self.scalar(a, b.element)
        if not isinstance(b, Value):
            b = self.scalar(b, a.element)
        if a.element != b.element:
            raise InputError(f"operands of types {a.element} and {b.element} do not go together")
        sizes = self.broadcast_sizes(a.sizes, b.sizes)
        return self.broadcast(a, sizes), self.broadcast(b, sizes)

    def convert(self, x: Value, element: Attribute) -> Value:
        if x.element == element:
            return x
        if x.array is not None:
            return Value(element, x.sizes, array=x.array.astype(numpy_dtype(element)))
        if x.symbols is not None and isinstance(element, IntegerType):
            return Value(element, x.sizes, symbols=x.symbols)
        return self.like(hlo.ConvertOp(self.ssa(x), TensorType(element, x.shape)), x)

    # ---- shapes ----

    def broadcast_sizes(self, a: Sequence[Size], b: Sequence[Size]) -> tuple[Size, ...]:
        """The shape that two shapes broadcast to. A dynamic size next to another is taken at run time from the one that is not 1."""
        rank = max(len(a), len(b))
        a, b = ([1] * (rank - len(sizes)) + list(sizes) for sizes in (a, b))
        return tuple(self._broadcast_size(x, y) for x, y in zip(a, b, strict=True))

    def _broadcast_size(self, x: Size, y: Size) -> Size:
        if y in (x, 1):
            return x
        if x == 1:
            return y
        if isinstance(x, int) and isinstance(y, int):
            raise InputError(f"sizes {x} and {y} do not broadcast to each other")
        if isinstance(x, int) or isinstance(y, int):
            return x if isinstance(x, int) else y
        is_one = self.insert(arith.CmpiOp(x.value, self.index(1), "eq"))
        return self.select_size(is_one, y, x)

    def broadcast(self, x: Value, sizes: Sequence[Size], dims: Sequence[int] | None = None) -> Value:
        """Repeats `x`: dimension i becomes `dims[i]`, by default the last ones, as numpy does."""
        sizes = tuple(sizes)
        dims = list(range(len(sizes) - x.rank, len(sizes))) if dims is None else list(dims)
        if x.sizes == sizes and dims == list(range(len(sizes))):
            return x
        value = Value(x.element, sizes)
        if value.is_static and x.is_static:
            value.ssa = self.insert(hlo.BroadcastInDimOp(self.ssa(x), value.type, dims))
            return value
        grows = [i for i, d in enumerate(dims) if x.sizes[i] == 1 and sizes[d] != 1]
        keeps = [i for i, d in enumerate(dims) if x.sizes[i] == sizes[d] or (isinstance(x.sizes[i], int) and x.sizes[i] != 1)]
        value.ssa = self.insert(
            hlo.DynamicBroadcastInDimOp(
                self.ssa(x), self.sizes_operand(sizes), value.type, dims, expanding=grows, nonexpanding=[i for i in keeps if i not in grows]
            )
        )
        return value

    def reshape(self, x: Value, sizes: Sequence[Size]) -> Value:
        sizes = tuple(sizes)
        if x.sizes == sizes:
            return x
        if x.array is not None and all(isinstance(n, int) for n in sizes):
            return Value(x.element, sizes, array=x.array.reshape(sizes))  # pyright: ignore[reportArgumentType, reportCallIssue]
        value = Value(x.element, sizes)
        if value.is_static and x.is_static:
            value.ssa = self.insert(hlo.ReshapeOp(self.ssa(x), value.type))
        else:
            value.ssa = self.insert(hlo.DynamicReshapeOp(self.ssa(x), self.sizes_operand(sizes), value.type))
        return value

    def transpose(self, x: Value, permutation: Sequence[int]) -> Value:
        if list(permutation) == list(range(x.rank)):
            return x
        sizes = tuple(x.sizes[axis] for axis in permutation)
        return self.value(self.insert(hlo.TransposeOp(self.ssa(x), permutation)), sizes)

    def iota(self, sizes: Sequence[Size], axis: int, element: Attribute) -> Value:
        value = Value(element, tuple(sizes))
        if value.is_static:
            value.ssa = self.insert(hlo.IotaOp(axis, value.type))
        else:
            value.ssa = self.insert(hlo.DynamicIotaOp(self.sizes_operand(sizes), axis, value.type))
        return value

    def slice(self, x: Value, starts: Sequence[Size], limits: Sequence[Size], steps: Sequence[int]) -> Value:
        """Elements from `starts` up to `limits`, every `steps`-th; all inside of the tensor."""
        if list(starts) == [0] * x.rank and tuple(limits) == x.sizes and set(steps) <= {1}:
            return x
        sizes = tuple((limit - start + (step - 1)) // step for start, limit, step in zip(starts, limits, steps, strict=True))
        if all(isinstance(n, int) for n in (*starts, *limits)):
            op: Operation = hlo.SliceOp(self.ssa(x), starts, limits, steps)  # pyright: ignore[reportArgumentType]
            return self.value(self.insert(op), sizes)
        value = Value(x.element, sizes)
        first, last, by = (self.sizes_operand(list(numbers)) for numbers in (starts, limits, steps))
        value.ssa = self.insert(hlo.RealDynamicSliceOp(self.ssa(x), first, last, by, value.type))
        return value

    def concatenate(self, values: Sequence[Value], axis: int) -> Value:
        if len(values) == 1:
            return values[0]
        sizes = list(values[0].sizes)
        for value in values[1:]:
            sizes = [a if i == axis or isinstance(a, int) else b for i, (a, b) in enumerate(zip(sizes, value.sizes, strict=True))]
        total: Size = 0
        for value in values:
            total = total + value.sizes[axis]
        sizes[axis] = total
        return self.value(self.insert(hlo.ConcatenateOp([self.ssa(v) for v in values], axis)), sizes)

    def pad(self, x: Value, scalar: Value, low: Sequence[int], high: Sequence[int], interior: Sequence[int] | None = None) -> Value:
        gaps = interior or [0] * x.rank
        if not any((*low, *high, *gaps)):
            return x
        sizes = [
            n + a + b + (max(n - 1, 0) if isinstance(n, int) else n - 1) * g for n, a, b, g in zip(x.sizes, low, high, gaps, strict=True)
        ]
        return self.value(self.insert(hlo.PadOp(self.ssa(x), self.ssa(scalar), low, high, gaps)), sizes)

    def reduce(self, op: type[hlo.BinaryOp], x: Value, init: float, axes: Sequence[int], *, keep: bool = False) -> Value:
        """Combines the elements along `axes`, beginning with `init`."""
        axes = sorted(axes)
        start = self.ssa(self.scalar(init, x.element))
        ssa = self.insert(hlo.ReduceOp.of(op, self.ssa(x), start, axes))
        reduced = self.value(ssa, [n for i, n in enumerate(x.sizes) if i not in axes])
        return self.reshape(reduced, [1 if i in axes else n for i, n in enumerate(x.sizes)]) if keep else reduced

    def dot(self, a: Value, b: Value, numbers: dict[str, list[int]], sizes: Sequence[Size]) -> Value:
        return self.value(self.insert(hlo.DotGeneralOp(self.ssa(a), self.ssa(b), hlo.DotDimensionNumbersAttr.of(**numbers))), sizes)

    # ---- what operators ask ----

    def constant_array(self, value: Value, what: str) -> np.ndarray:
        """The elements of an input that must be constant."""
        if value.array is None:
            raise UnsupportedError(f"{what} known only at run time is not supported", hint=f"supported: a constant {what}")
        return value.array

    def integers(self, value: Value, what: str) -> list[Size]:
        """The integers of a 1-d (or 0-d) input that must be constant or made of sizes."""
        if (known := value.known) is None:
            raise UnsupportedError(f"{what} known only at run time is not supported", hint="supported: constants and sizes of inputs")
        return [n if isinstance(n, Dim) else int(n) for n in known.reshape(-1)]

    def constants(self, value: Value, what: str) -> list[int]:
        return [int(n) for n in self.constant_array(value, what).reshape(-1)]

    def axis(self, axis: int, rank: int) -> int:
        if not -rank <= axis < max(rank, 1):
            raise InputError(f"axis {axis} is not one of a tensor of rank {rank}")
        return axis % rank if rank else 0

    def axes(self, axes: Sequence[int], rank: int) -> list[int]:
        return [self.axis(axis, rank) for axis in axes]


def is_float(value: Value) -> bool:
    return isinstance(value.element, AnyFloat)


def require_rank(value: Value, least: int, what: str) -> None:
    if value.rank < least:
        raise InputError(f"{what} has the shape {shape_text(value.sizes)}, expected at least {least} dimensions")
