"""What a dispatch function says of its surroundings: buffers, sizes and scalars, carried over into the kernel on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    DenseArrayBase,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    UnitAttr,
    i32,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, OpResult, SSAValue

from pyrie.codegen.cpu.lowering.scopes import Index, KernelBuilder
from pyrie.codegen.cpu.lowering.transfers import Buffer
from pyrie.dialects import arith, func, memref, tensor
from pyrie.dialects.iree_tensor_ext import DispatchTensorLoadOp, DispatchTensorStoreOp, DispatchTensorType
from pyrie.ir.diagnostics import location_of
from pyrie.support.errors import UnsupportedError

TRANSPARENT = ("util.assume.int", "iree_tensor_ext.dispatch.workload.ordinal", "util.optimization_barrier")
SUBSPAN = "hal.interface.binding.subspan"
ENTRY_OPS = ("hal.interface.constant.load", "hal.interface.workgroup.id", "hal.interface.workgroup.count", "hal.interface.workgroup.size")


class Dispatch:
    """A function on dispatch tensors, seen from the kernel that replaces it. `builder` builds the kernel."""

    def __init__(self, function: func.FuncOp, builder: KernelBuilder, module: ModuleOp):
        self.function, self.builder, self.module = function, builder, module
        self.block: Block = function.regions[0].block
        self._scalars: dict[SSAValue, SSAValue] = {}
        self._written = {binding_of(op.target) for op in self.block.ops if isinstance(op, DispatchTensorStoreOp)}
        self.constants = 0
        self.element: Callable[[SSAValue, Sequence[Index]], SSAValue] | None = None  # an element of a tensor, once the engine is there

    @property
    def stores(self) -> list[DispatchTensorStoreOp]:
        return [op for op in self.block.ops if isinstance(op, DispatchTensorStoreOp)]

    # ---- sizes and scalars ---------------------------------------------------------------------------------------------

    def extents(self, value: SSAValue) -> tuple[Index, ...]:
        """The sizes of a tensor's dimensions."""
        return tuple(self.extent(value, d) for d in range(len(shape_of(value))))

    def extent(self, value: SSAValue, dim: int) -> Index:
        """The size of dimension `dim` of a tensor."""
        size = shape_of(value)[dim]
        return size if size != DYNAMIC_INDEX else self._dynamic_extent(value, dim)

    def _dynamic_extent(self, value: SSAValue, dim: int) -> Index:
        op = value.owner
        b = self.builder
        match op:
            case DispatchTensorLoadOp() | tensor.ExtractSliceOp():
                sizes = mixed(op.static_sizes, op.sizes)
                if isinstance(op, tensor.ExtractSliceOp):
                    sizes = [s for i, s in enumerate(sizes) if i not in op.dropped_axes()]
                return self.index(sizes[dim])
            case tensor.EmptyOp() | tensor.GenerateOp() | tensor.SplatOp():
                return self.index(op.operands[-shape_of(value).count(DYNAMIC_INDEX) + shape_of(value)[:dim].count(DYNAMIC_INDEX)])
            case tensor.ExpandShapeOp():
                return self.index(mixed(op.static_output_shape, op.dynamic_output_shape)[dim])
            case tensor.CollapseShapeOp():
                size: Index = 1
                for axis in op.groups()[dim]:
                    size = b.mul(size, self.extent(op.src, axis))
                return size
            case tensor.PadOp():
                low, high = mixed(op.static_low, op.low)[dim], mixed(op.static_high, op.high)[dim]
                return b.add(b.add(self.extent(op.source, dim), self.index(low)), self.index(high))
            case tensor.ConcatOp():
                total: Index = 0
                for part in op.inputs:
                    total = b.add(total, self.extent(part, dim))
                return total
            case tensor.InsertSliceOp():
                return self.extent(op.dest, dim)
            case Operation() if op.name.startswith(("linalg.", "iree_linalg_ext.")) and isinstance(value, OpResult):
                return self.extent(op.operands[len(op.operands) - len(op.results) + value.index], dim)
            case Operation() if op.operands and len(shape_of(op.operands[0])) == len(shape_of(value)):
                return self.extent(op.operands[0], dim)
        raise UnsupportedError(f"the size of dimension {dim} of {value.type} is not known to the kernel", location=_location(value))

    def index(self, value: Index) -> Index:
        """An index of the dispatch function, as one of the kernel."""
        if isinstance(value, int):
            return value
        constant = known_integer(value)
        return constant if constant is not None else self.scalar(value)

    def scalar(self, value: SSAValue) -> SSAValue:
        """A scalar of the dispatch function, as a value of the kernel's entry."""
        if value not in self._scalars:
            self._scalars[value] = self._carry(value)
        return self._scalars[value]

    def _carry(self, value: SSAValue) -> SSAValue:
        op = value.owner
        if isinstance(op, arith.ConstantOp):
            return self.builder.constant(op.value, value.type)
        if not isinstance(op, Operation):
            raise UnsupportedError("a kernel's scalars come from constants and operations", location=_location(value))
        if op.name in TRANSPARENT:
            assert isinstance(value, OpResult)
            return self.scalar(op.operands[value.index])
        if isinstance(op, tensor.DimOp):
            dim = known_integer(op.index)
            if dim is not None:
                return self.builder.index(self.extent(op.source, dim))
        if isinstance(op, tensor.ExtractOp) and self.element is not None:
            with self.builder.at(self.builder.entry):
                return self.element(op.tensor, [self.index(i) for i in op.indices])
        if op.regions or any(isinstance(operand.type, TensorType) for operand in op.operands):
            raise UnsupportedError(f"'{op.name}' cannot be evaluated as a scalar of a kernel", location=location_of(op))
        operands = [self.scalar(operand) for operand in op.operands]
        if op.name in ENTRY_OPS:
            clone = type(op).create(operands=operands, result_types=[r.type for r in op.results], properties=dict(op.properties))
            self.builder.place(clone, self.builder.entry)
        else:
            clone = self.builder.pure(type(op), operands, [r.type for r in op.results], op.properties)
        assert isinstance(value, OpResult)
        return clone.results[value.index]

    # ---- buffers -------------------------------------------------------------------------------------------------------

    def buffer(self, dispatch_tensor: SSAValue, shape: Sequence[int] | None = None, extents: Sequence[Index] | None = None) -> Buffer:
        """The memory behind a binding, seen as a row-major array of its own or another shape of the same size."""
        type = dispatch_tensor.type
        op = dispatch_tensor.owner
        if not isinstance(type, DispatchTensorType) or not isinstance(op, Operation) or op.name != SUBSPAN:
            raise UnsupportedError("a kernel loads and stores through hal.interface.binding.subspan", location=_location(dispatch_tensor))
        shape = type.shape if shape is None else tuple(shape)
        element = type.bound_type.element_type if isinstance(type.bound_type, TensorType) else type.bound_type
        dynamic_dims = cast(Sequence[SSAValue], op.dynamic_dims)  # pyright: ignore[reportAttributeAccessIssue]
        if extents is None:
            dynamic = iter(dynamic_dims)
            extents = [self.index(next(dynamic)) if size == DYNAMIC_INDEX else size for size in shape]
        sizes = [self.builder.index(e) for e, size in zip(extents, shape, strict=True) if size == DYNAMIC_INDEX]
        others = op.operands[: len(op.operands) - len(dynamic_dims)]
        properties = dict(op.properties)
        if "operandSegmentSizes" in properties:
            properties["operandSegmentSizes"] = DenseArrayBase.from_list(i32, [len(others), len(sizes)])
        operands = [*(self.scalar(o) for o in others), *sizes]
        view = self.builder.pure(op.__class__, operands, [MemRefType(element, list(shape))], properties)
        binding = binding_of(dispatch_tensor)
        return Buffer(view.results[0], tuple(extents), constant=binding not in self._written)

    def loaded_buffer(self, value: SSAValue) -> Buffer | None:
        """The buffer that holds exactly the tensor `value`: a whole load, or a reshape of one."""
        shape, source = shape_of(value), value
        while isinstance(source.owner, tensor.ExpandShapeOp | tensor.CollapseShapeOp):
            source = source.owner.operands[0]
        op = source.owner
        if not isinstance(op, DispatchTensorLoadOp) or not is_whole(op, op.source):
            return None
        return self.buffer(op.source, shape, self.extents(value))

    def constant_buffer(self, value: SSAValue) -> Buffer:
        """A global array in the kernel's module that holds a dense constant."""
        op = value.owner
        assert isinstance(op, arith.ConstantOp) and isinstance(value.type, TensorType)
        key = ("global", op.value, value.type)
        shape = value.type.get_shape()
        name = self.builder.recall(key)
        type = MemRefType(value.type.element_type, list(shape))
        if name is None:
            name = f"__constant_{self.function.sym_name.data}_{self.constants}"
            self.constants += 1
            block = self.module.body.block
            assert block.first_op is not None
            block.insert_op_before(_global(name, type, op.value), block.first_op)
            self.builder.remember(key, name, self.builder.entry)
        view = self.builder.pure(memref.GetGlobalOp, [], [type], {"name": SymbolRefAttr(str(name))})
        return Buffer(view.results[0], tuple(shape))


def _global(name: str, type: MemRefType, value: Attribute) -> memref.GlobalOp:
    """A constant array, aligned for vectors."""
    properties = {
        "sym_name": StringAttr(name), "sym_visibility": StringAttr("private"), "type": type, "initial_value": value,
        "constant": UnitAttr(), "alignment": IntegerAttr(64, i64),
    }  # fmt: skip
    return memref.GlobalOp.create(properties=properties)


# ---- small questions ---------------------------------------------------------------------------------------------------


def shape_of(value: SSAValue) -> tuple[int, ...]:
    return value.type.get_shape() if isinstance(value.type, TensorType) else ()


def mixed(static: Attribute, dynamic: Sequence[SSAValue]) -> list[Index]:
    """A static array with its dynamic entries filled in."""
    values = iter(dynamic)
    return [next(values) if n == DYNAMIC_INDEX else n for n in static.get_values()]  # pyright: ignore[reportAttributeAccessIssue]


def known_integer(value: SSAValue) -> int | None:
    """The integer that a value of the dispatch function is known to be."""
    op = value.owner
    if isinstance(op, arith.ConstantOp) and isinstance(op.value, IntegerAttr):
        return op.value.value.data
    return None


def is_whole(op: DispatchTensorLoadOp | DispatchTensorStoreOp, dispatch_tensor: SSAValue) -> bool:
    """Whether a load or store moves the whole of its dispatch tensor."""
    assert isinstance(dispatch_tensor.type, DispatchTensorType)
    dims = op.source_dims if isinstance(op, DispatchTensorLoadOp) else op.target_dims
    rest = iter(dims)
    whole = [next(rest) if n == DYNAMIC_INDEX else n for n in dispatch_tensor.type.shape]
    sizes, offsets, strides = mixed(op.static_sizes, op.sizes), mixed(op.static_offsets, op.offsets), mixed(op.static_strides, op.strides)
    known = [o if isinstance(o, int) else known_integer(o) for o in offsets]
    return all(o == 0 for o in known) and all(s == 1 for s in strides) and all(a == b for a, b in zip(sizes, whole, strict=True))


def binding_of(dispatch_tensor: SSAValue) -> int:
    """The ordinal of the binding behind a dispatch tensor."""
    op = dispatch_tensor.owner
    assert isinstance(op, Operation)
    attribute = op.properties["binding"]
    assert isinstance(attribute, IntegerAttr)
    return attribute.value.data


def _location(value: SSAValue) -> str | None:
    return location_of(value.owner) if isinstance(value.owner, Operation) else None
