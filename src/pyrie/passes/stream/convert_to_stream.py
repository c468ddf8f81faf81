"""iree-stream-conversion: tensors of the host become resources and sizes, dispatches and tensor ops become `stream.tensor.*`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from xdsl.dialects.builtin import (
    AnyFloat,
    ArrayAttr,
    FloatAttr,
    FunctionType,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    UnitAttr,
    i32,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue

from pyrie.dialects import arith, check, flow, hal, iree_tensor_ext, stream, util
from pyrie.dialects.directives import dynamic_dimension_count, index
from pyrie.dialects.stream.types import CONSTANT, EXTERNAL, STAGING, UNKNOWN, VARIABLE, ResourceType
from pyrie.ir import elements
from pyrie.ir.context import Context
from pyrie.ir.control_flow import is_branch, set_successor_operands, successor_operands
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.dominance import reverse_post_order
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable, is_private
from pyrie.passes.stream.convert_executables import convert_executable
from pyrie.passes.stream.emitter import Emitter, host_functions


class Resource(NamedTuple):
    """What a tensor became: a resource and its size in bytes."""

    value: SSAValue
    size: SSAValue


@dataclass(frozen=True)
class ConvertToStream(ModulePass):
    """Converts flow (and hal.tensor.*) to the tensor level of stream.

    before:  %1 = flow.dispatch @e::@f(%0) : (tensor<4xf32>) -> tensor<4xf32>
    after:   %s = stream.tensor.sizeof tensor<4xf32> : index
             %1 = stream.tensor.dispatch @e::@f(%0) : (tensor<4xf32> in !stream.resource<*>{%s}) -> tensor<4xf32> in !stream.resource<*>{%s}

    Every tensor value becomes one resource of unknown lifetime and its size; values cross to and from other lifetimes (imports, exports,
    globals, constants, host reads) through `stream.async.transfer`, which later passes turn into copies or nothing. Legal because
    resources at this level still have value semantics.
    """

    name = "iree-stream-conversion"

    def apply(self, context: Context, module: ModuleOp) -> None:
        affinity = module.attributes.get("stream.affinity.default")
        symbols = SymbolTable(module)
        globals_ = _convert_globals(module, symbols)
        for op in list(module.body.block.ops):
            if isinstance(op, flow.ExecutableOp):
                convert_executable(op)
        for function in list(host_functions(module)):
            _Function(function, affinity, globals_).convert()
        for op in module.body.block.ops:
            if isinstance(op, util.FuncOp) and not op.body.blocks:
                op.function_type = _converted_type(op, op.function_type)


# ---- globals and signatures --------------------------------------------------------------------------------------------


class _Global(NamedTuple):
    type: TensorType
    mutable: bool
    size: str | None  # the global that holds the size, when it is dynamic


def _convert_globals(module: ModuleOp, symbols: SymbolTable) -> dict[str, _Global]:
    """Makes each tensor global a resource, with an initializer for its value and a global for its size when that is dynamic."""
    converted: dict[str, _Global] = {}
    for op in list(module.body.block.ops):
        if not isinstance(op, util.GlobalOp) or not isinstance(op.type, TensorType):
            continue
        name, type, mutable = op.sym_name.data, op.type, op.is_mutable is not None
        if not is_private(op):
            raise unsupported_at(op, "is public: resources do not leave the module", hint="make it private and access it through functions")
        op.attributes.clear()  # the affinity is in the ops from here on,
        op.properties.pop("inlining_policy", None)  # and no resource is ever inlined
        size = None
        if dynamic_dimension_count(type):
            size_op = util.GlobalOp.build(properties={**op.properties, "sym_name": StringAttr(f"{name}__size"), "type": index})
            size_op.properties.pop("initial_value", None)
            size = symbols.insert(size_op, after=op)
        op.properties["type"] = ResourceType(VARIABLE if mutable else CONSTANT)
        if (value := op.properties.pop("initial_value", None)) is not None:
            module.body.block.insert_op_after(_initializer(op, type, value), op)
        converted[name] = _Global(type, mutable, size)
    return converted


def _initializer(op: util.GlobalOp, type: TensorType, value: Attribute) -> util.InitializerOp:
    """An initializer, still of tensors, that stores the global's value."""
    if isinstance(value, util.UninitializedAttr):
        produce: Operation = flow.TensorEmptyOp.build(operands=[[]], result_types=[type])
    elif value.name in ("flow.parameter.named", "stream.parameter.named"):
        raise unsupported_at(op, "is a parameter", hint="compile with the weights in the module")
    else:
        produce = flow.TensorConstantOp(value, type)
    store = util.GlobalStoreOp.build(operands=[produce.results[0]], properties={"global": SymbolRefAttr(op.sym_name)})
    end = util.ReturnOp.build(operands=[[]])
    body = Region(Block([produce, store, end]))
    made = util.InitializerOp.build(properties={"function_type": FunctionType.from_lists([], [])}, regions=[body])
    for inner in (made, produce, store, end):
        inner.location = op.location
    return made


def _expanded(types: Sequence[Attribute]) -> list[Attribute]:
    """A resource for each tensor, and a size behind it when that is not known from the type."""
    result: list[Attribute] = []
    for type in types:
        result.append(ResourceType(UNKNOWN) if isinstance(type, TensorType) else type)
        if isinstance(type, TensorType) and dynamic_dimension_count(type):
            result.append(index)
    return result


def _converted_type(function: util.FuncOp, type: FunctionType) -> FunctionType:
    """The function's type on resources."""
    inputs, outputs = list(type.inputs), list(type.outputs)
    if any(isinstance(t, TensorType) for t in (*inputs, *outputs)) and (not is_private(function) or not function.body.blocks):
        raise unsupported_at(
            function, "takes or returns tensors and can be called from outside", hint="the abi phase wraps such functions with buffer views"
        )
    return FunctionType.from_lists(_expanded(inputs), _expanded(outputs))


# ---- one function ------------------------------------------------------------------------------------------------------


class _Function:
    """The conversion of one function or initializer."""

    def __init__(self, op: Operation, affinity: Attribute | None, globals_: dict[str, _Global]):
        self.op, self.globals = op, globals_
        self.affinity: dict[str, Attribute] = {"affinity": affinity} if affinity is not None else {}
        self.resources: dict[SSAValue, Resource] = {}
        self.dead: list[Operation] = []
        first = op.regions[0].blocks[0].first_op
        assert first is not None
        self.emitter = Emitter(first)

    def convert(self) -> None:
        region = self.op.regions[0]
        if isinstance(self.op, util.FuncOp):
            self.op.function_type = _converted_type(self.op, self.op.function_type)
        order = reverse_post_order(region)
        old = [argument for block in order for argument in self._convert_arguments(block)]
        for block in order:
            for op in list(block.ops):
                self.emitter.before(op)
                self._convert_op(op)
        for op in reversed(self.dead):
            op.detach()
            op.erase()
        for argument in reversed(old):
            argument.block.erase_arg(argument)

    def _convert_arguments(self, block: Block) -> list[BlockArgument]:
        """Puts a resource (and size) behind each tensor argument; returns the tensor arguments, which go when nothing uses them."""
        old = [argument for argument in block.args if isinstance(argument.type, TensorType)]
        self.emitter.at_start(block)
        for argument in old:
            value = block.insert_arg(ResourceType(UNKNOWN), argument.index + 1)
            dynamic = dynamic_dimension_count(argument.type)
            size = block.insert_arg(index, argument.index + 2) if dynamic else self.size_of(argument.type, ())
            self.resources[argument] = Resource(value, size)
        return old

    def _convert_op(self, op: Operation) -> None:
        handler = _HANDLERS.get(type(op))
        if handler is not None:
            handler(self, op)
        elif is_branch(op):
            for i in range(len(op.successors)):
                set_successor_operands(op, i, self.expand(successor_operands(op, i)))
        elif any(isinstance(value.type, TensorType) for value in (*op.operands, *op.results)):
            raise unsupported_at(op, "on tensors cannot run on the host", hint="it belongs into a dispatch")

    # ---- helpers of the handlers

    def size_of(self, type: Attribute, dims: Sequence[SSAValue]) -> SSAValue:
        """Bytes of a tensor of the type."""
        made = stream.TensorSizeOfOp.build(operands=[list(dims)], properties={"encoding": type, **self.affinity}, result_types=[index])
        return self.emitter.emit(made).storage_size

    def transfer(self, source: Resource, lifetime: str) -> SSAValue:
        """`source` under another lifetime."""
        both = {"source_affinity": a, "target_affinity": a} if (a := self.affinity.get("affinity")) is not None else {}
        made = stream.AsyncTransferOp.build(
            operands=[source.value, source.size, source.size], properties=both, result_types=[ResourceType(lifetime)]
        )
        return self.emitter.emit(made).result

    def expand(self, values: Sequence[SSAValue]) -> list[SSAValue]:
        """Resources (and dynamic sizes) for the tensors among `values`."""
        result: list[SSAValue] = []
        for value in values:
            if isinstance(value.type, TensorType):
                result.append(self.resources[value].value)
                if dynamic_dimension_count(value.type):
                    result.append(self.resources[value].size)
            else:
                result.append(value)
        return result

    def finish(self, op: Operation, value: SSAValue, size: SSAValue) -> None:
        """Records what the one result of `op` became."""
        self.resources[op.results[0]] = Resource(value, size)
        self.dead.append(op)

    def element_slice(self, source: Resource, type: Attribute, dims: Sequence[SSAValue], indices: Sequence[SSAValue]) -> Resource:
        """The one element of a tensor at `indices`, as a resource."""
        assert isinstance(type, TensorType)
        if not type.get_shape():
            return source
        element = TensorType(type.element_type, [1] * len(type.get_shape()))
        size, one = self.size_of(element, ()), self.emitter.constant(1)
        made = stream.TensorSliceOp.build(
            operands=[source.value, list(dims), source.size, list(indices), [one] * len(indices), [], size],
            properties={"source_encoding": type, "result_encoding": element, **self.affinity},
            result_types=[ResourceType(UNKNOWN)],
        )
        return Resource(self.emitter.emit(made).result, size)


# ---- constants and whole tensors ---------------------------------------------------------------------------------------


def _constant(f: _Function, op: Operation) -> None:
    type, value = op.results[0].type, op.properties["value"]
    if not isinstance(type, TensorType):
        return None
    size = f.size_of(type, ())
    splat = elements.splat_value(value) if elements.is_splat(value) else None
    if splat is not None and 0 not in type.get_shape() and isinstance(element := _element_attribute(value, splat), Attribute):
        scalar = f.emitter.emit(arith.ConstantOp(element, type.element_type))
        made = stream.TensorSplatOp.build(
            operands=[scalar.results[0], [], size], properties={"result_encoding": type, **f.affinity}, result_types=[ResourceType()]
        )
        return f.finish(op, f.emitter.emit(made).result, size)
    constant = stream.TensorConstantOp.build(
        operands=[[]], properties={"value": value, "result_encoding": type, **f.affinity}, result_types=[ResourceType(CONSTANT)]
    )
    return f.finish(op, f.transfer(Resource(f.emitter.emit(constant).result, size), UNKNOWN), size)


def _element_attribute(value: Attribute, splat: object) -> Attribute | None:
    """The one element of a splat as an attribute of integer or float type; None for others."""
    type = value.get_type()  # pyright: ignore[reportAttributeAccessIssue]
    element = type.element_type
    if isinstance(element, IntegerType):
        number = int(splat)  # pyright: ignore[reportArgumentType]
        bits = element.width.data
        return IntegerAttr(number - (1 << bits) if number >= 1 << (bits - 1) and bits > 1 else number, element)
    if isinstance(element, AnyFloat):
        return FloatAttr(float(splat), element)  # pyright: ignore[reportArgumentType]
    return None


def _pass_through(f: _Function, op: Operation) -> None:
    f.finish(op, *f.resources[op.operands[0]])


def _retype(f: _Function, op: Operation) -> None:
    """Reshapes and bitcasts: the same bytes."""
    assert isinstance(op, flow.TensorReshapeOp | flow.TensorBitCastOp | iree_tensor_ext.BitCastOp)
    f.finish(op, *f.resources[op.source])


def _same_affinity(f: _Function, op: Operation) -> None:
    assert isinstance(op, flow.TensorTransferOp | flow.TensorBarrierOp)
    if op.target != f.affinity.get("affinity"):
        raise unsupported_at(op, f"moves data to {op.target}", hint="one device is supported, the default affinity of the module")
    _pass_through(f, op)


def _empty(f: _Function, op: Operation) -> None:
    assert isinstance(op, flow.TensorEmptyOp | flow.TensorAllocaOp)
    size = f.size_of(op.result.type, op.result_dims)
    made = stream.TensorEmptyOp.build(
        operands=[op.result_dims, size], properties={"result_encoding": op.result.type, **f.affinity}, result_types=[ResourceType()]
    )
    f.finish(op, f.emitter.emit(made).result, size)


def _splat(f: _Function, op: Operation) -> None:
    assert isinstance(op, flow.TensorSplatOp)
    size = f.size_of(op.result.type, op.result_dims)
    made = stream.TensorSplatOp.build(
        operands=[op.value, op.result_dims, size],
        properties={"result_encoding": op.result.type, **f.affinity},
        result_types=[ResourceType()],
    )
    f.finish(op, f.emitter.emit(made).result, size)


def _clone(f: _Function, op: Operation) -> None:
    assert isinstance(op, flow.TensorCloneOp)
    source, type = f.resources[op.operand], op.result.type
    made = stream.TensorCloneOp.build(
        operands=[source.value, op.operand_dims, source.size, op.operand_dims, source.size],
        properties={"source_encoding": type, "result_encoding": type, **f.affinity},
        result_types=[ResourceType()],
    )
    f.finish(op, f.emitter.emit(made).result, source.size)


# ---- parts of tensors --------------------------------------------------------------------------------------------------


def _load(f: _Function, op: Operation) -> None:
    assert isinstance(op, flow.TensorLoadOp)
    element = f.element_slice(f.resources[op.source], op.source.type, op.source_dims, op.indices)
    scalar = TensorType(op.result.type, [])
    made = stream.TensorLoadOp.build(
        operands=[f.transfer(element, STAGING), [], element.size, []],
        properties={"source_encoding": scalar},
        result_types=[op.result.type],
    )
    op.result.replace_all_uses_with(f.emitter.emit(made).result)
    f.dead.append(op)


def _store(f: _Function, op: Operation) -> None:
    assert isinstance(op, flow.TensorStoreOp)
    target, one = f.resources[op.target], f.emitter.constant(1)
    made = stream.TensorFillOp.build(
        operands=[target.value, op.target_dims, target.size, op.indices, [one] * len(op.indices), op.value],
        properties={"target_encoding": op.target.type, **f.affinity},
        result_types=[ResourceType()],
    )
    f.finish(op, f.emitter.emit(made).result, target.size)


def _slice(f: _Function, op: Operation) -> None:
    assert isinstance(op, flow.TensorSliceOp)
    source, size = f.resources[op.source], f.size_of(op.result.type, op.result_dims)
    made = stream.TensorSliceOp.build(
        operands=[source.value, op.source_dims, source.size, op.start_indices, op.lengths, op.result_dims, size],
        properties={"source_encoding": op.source.type, "result_encoding": op.result.type, **f.affinity},
        result_types=[ResourceType()],
    )
    f.finish(op, f.emitter.emit(made).result, size)


def _update(f: _Function, op: Operation) -> None:
    assert isinstance(op, flow.TensorUpdateOp)
    target, update = f.resources[op.target], f.resources[op.update]
    made = stream.TensorUpdateOp.build(
        operands=[target.value, op.target_dims, target.size, op.start_indices, update.value, op.update_dims, update.size],
        properties={"target_encoding": op.target.type, "update_encoding": op.update.type, **f.affinity},
        result_types=[ResourceType()],
    )
    f.finish(op, f.emitter.emit(made).result, target.size)


def _trace(f: _Function, op: Operation) -> None:
    assert isinstance(op, flow.TensorTraceOp)
    sources = [f.resources[value] for value in op.values]
    made = stream.TensorTraceOp.build(
        operands=[[f.transfer(source, STAGING) for source in sources], [source.size for source in sources], op.value_dims],
        properties={"key": op.key, "resource_encodings": ArrayAttr(value.type for value in op.values)},
    )
    f.emitter.emit(made)
    f.dead.append(op)


# ---- dispatches --------------------------------------------------------------------------------------------------------


def _dispatch(f: _Function, op: Operation) -> None:
    assert isinstance(op, flow.DispatchOp)
    operands = [f.resources[value].value if value in f.resources else value for value in op.arguments]
    operand_sizes = [f.resources[value].size for value in op.arguments if value in f.resources]
    ties = [tie.value.data for tie in op.tied_operands] if op.tied_operands is not None else [-1] * len(op.results)
    dims, sizes = iter(op.result_dims), []
    for result, tie in zip(op.results, ties, strict=True):
        own = [next(dims) for _ in range(dynamic_dimension_count(result.type))]
        sizes.append(f.resources[op.arguments[tie]].size if tie >= 0 else f.size_of(result.type, own))
    properties: dict[str, Attribute] = {
        "entry_points": op.entry_points,
        "operand_encodings": ArrayAttr(value.type for value in op.arguments),
        "result_encodings": ArrayAttr(result.type for result in op.results),
        **f.affinity,
    }
    if op.tied_operands is not None:
        properties["tied_operands"] = op.tied_operands
    made = stream.TensorDispatchOp.build(
        operands=[op.workload, operands, operand_sizes, op.argument_dims, sizes, op.result_dims],
        properties=properties,
        attributes=dict(op.attributes),
        result_types=[[ResourceType()] * len(op.results)],
    )
    f.emitter.emit(made)
    for result, value, size in zip(op.results, made.results, sizes, strict=True):
        f.resources[result] = Resource(value, size)
    f.dead.append(op)


# ---- the boundary ------------------------------------------------------------------------------------------------------


def _import(f: _Function, op: Operation) -> None:
    assert isinstance(op, hal.TensorImportOp)
    if op.wait_fence is not None or op.byte_offset is not None:
        raise unsupported_at(op, "with a fence or an offset is not supported", hint="compile with the synchronous invocation model")
    type = op.target_encoding
    assert isinstance(type, TensorType)
    if isinstance(op.source.type, hal.BufferViewType):
        dims = iter(op.target_dims)
        shape = [next(dims) if dim < 0 else f.emitter.constant(dim) for dim in type.get_shape()]
        element = f.emitter.emit(hal.ElementTypeOp.build(properties={"type": type.element_type}, result_types=[i32]))
        layout = f.emitter.emit(hal.EncodingTypeOp())
        check = hal.BufferViewAssertOp.build(
            operands=[op.source, element.results[0], layout.results[0], shape],
            properties={"message": op.import_name or StringAttr("tensor")},
        )
        f.emitter.emit(check)
    size = f.size_of(type, op.target_dims)
    properties: dict[str, Attribute] = {"result_encoding": type, **f.affinity}
    if op.consume is not None:
        properties["consume"] = UnitAttr()
    made = stream.TensorImportOp.build(
        operands=[op.source, op.target_dims, size], properties=properties, result_types=[ResourceType(EXTERNAL)]
    )
    f.finish(op, f.transfer(Resource(f.emitter.emit(made).result, size), UNKNOWN), size)


def _export(f: _Function, op: Operation) -> None:
    assert isinstance(op, hal.TensorExportOp)
    source = f.resources[op.source]
    made = stream.TensorExportOp.build(
        operands=[f.transfer(source, EXTERNAL), op.source_dims, source.size],
        properties={"source_encoding": op.source_encoding, **f.affinity},
        result_types=[op.target.type],
    )
    op.target.replace_all_uses_with(f.emitter.emit(made).result)
    f.dead.append(op)


def _expectation(f: _Function, op: Operation) -> None:
    """An expectation of a test looks at buffer views."""
    for i, operand in enumerate(op.operands):
        if not isinstance(operand.type, TensorType):
            continue
        if dynamic_dimension_count(operand.type):
            raise unsupported_at(op, "looks at a tensor whose shape is not known", hint="expectations need static shapes")
        source = f.resources[operand]
        made = stream.TensorExportOp.build(
            operands=[f.transfer(source, EXTERNAL), (), source.size],
            properties={"source_encoding": operand.type, **f.affinity},
            result_types=[hal.BufferViewType()],
        )
        op.operands[i] = f.emitter.emit(made).result


# ---- globals, calls, control flow --------------------------------------------------------------------------------------


def _global_load(f: _Function, op: Operation) -> None:
    assert isinstance(op, util.GlobalLoadOp)
    known = f.globals.get(op.global_.root_reference.data)
    if known is None:
        return
    made = util.GlobalLoadOp.build(properties=dict(op.properties), result_types=[ResourceType(VARIABLE if known.mutable else CONSTANT)])
    f.emitter.emit(made)
    if known.size is None:
        size = f.size_of(known.type, ())
    else:
        load = util.GlobalLoadOp.build(properties={**op.properties, "global": SymbolRefAttr(known.size)}, result_types=[index])
        size = f.emitter.emit(load).result
    f.finish(op, f.transfer(Resource(made.result, size), UNKNOWN), size)


def _global_store(f: _Function, op: Operation) -> None:
    assert isinstance(op, util.GlobalStoreOp)
    known = f.globals.get(op.global_.root_reference.data)
    if known is None:
        return
    source = f.resources[op.value]
    value = f.transfer(source, VARIABLE if known.mutable else CONSTANT)
    f.emitter.emit(util.GlobalStoreOp.build(operands=[value], properties=dict(op.properties)))
    if known.size is not None:
        store = util.GlobalStoreOp.build(operands=[source.size], properties={**op.properties, "global": SymbolRefAttr(known.size)})
        f.emitter.emit(store)
    f.dead.append(op)


def _call(f: _Function, op: Operation) -> None:
    assert isinstance(op, util.CallOp)
    if not any(isinstance(value.type, TensorType) for value in (*op.operands, *op.results)):
        return
    properties = {key: value for key, value in op.properties.items() if key != "tied_operands"}
    made = util.CallOp.build(
        operands=[f.expand(op.arguments)], properties=properties, result_types=[_expanded([result.type for result in op.results])]
    )
    results = iter(f.emitter.emit(made).results)
    for result in op.results:
        value = next(results)
        if not isinstance(result.type, TensorType):
            result.replace_all_uses_with(value)
            continue
        size = next(results) if dynamic_dimension_count(result.type) else f.size_of(result.type, ())
        f.resources[result] = Resource(value, size)
    f.dead.append(op)


def _return(f: _Function, op: Operation) -> None:
    assert isinstance(op, util.ReturnOp)
    if any(isinstance(value.type, TensorType) for value in op.operands):
        f.emitter.emit(util.ReturnOp.build(operands=[f.expand(op.arguments)]))
        f.dead.append(op)


def _select(f: _Function, op: Operation) -> None:
    assert isinstance(op, arith.SelectOp)
    if not isinstance(op.result.type, TensorType):
        return
    if isinstance(op.cond.type, TensorType):
        raise unsupported_at(op, "chooses element by element on the host", hint="it belongs into a dispatch")
    a, b = f.resources[op.lhs], f.resources[op.rhs]
    value = f.emitter.emit(arith.SelectOp(op.cond, a.value, b.value)).result
    size = a.size
    if dynamic_dimension_count(op.result.type):
        size = f.emitter.emit(arith.SelectOp(op.cond, a.size, b.size)).result
    f.finish(op, value, size)


def _barrier(f: _Function, op: Operation) -> None:
    assert isinstance(op, util.OptimizationBarrierOp)
    if not any(isinstance(value.type, TensorType) for value in op.operands):
        return
    values = [f.resources[value].value if value in f.resources else value for value in op.operands]
    made = util.OptimizationBarrierOp.build(operands=[values], result_types=[[value.type for value in values]])
    f.emitter.emit(made)
    for operand, result, value in zip(op.operands, op.results, made.results, strict=True):
        if operand in f.resources:
            f.resources[result] = Resource(value, f.resources[operand].size)
        else:
            result.replace_all_uses_with(value)
    f.dead.append(op)


_HANDLERS: dict[type[Operation], Callable[[_Function, Operation], None]] = {
    arith.ConstantOp: _constant,
    arith.SelectOp: _select,
    flow.DispatchOp: _dispatch,
    flow.TensorAllocaOp: _empty,
    flow.TensorBarrierOp: _same_affinity,
    flow.TensorBitCastOp: _retype,
    flow.TensorCloneOp: _clone,
    flow.TensorConstantOp: _constant,
    flow.TensorEmptyOp: _empty,
    flow.TensorLoadOp: _load,
    flow.TensorReshapeOp: _retype,
    flow.TensorSliceOp: _slice,
    flow.TensorSplatOp: _splat,
    flow.TensorStoreOp: _store,
    flow.TensorTieShapeOp: _pass_through,
    flow.TensorTraceOp: _trace,
    flow.TensorTransferOp: _same_affinity,
    flow.TensorUpdateOp: _update,
    check.ExpectAllTrueOp: _expectation,
    check.ExpectAlmostEqOp: _expectation,
    check.ExpectEqOp: _expectation,
    hal.TensorExportOp: _export,
    hal.TensorImportOp: _import,
    iree_tensor_ext.BitCastOp: _retype,
    util.CallOp: _call,
    util.GlobalLoadOp: _global_load,
    util.GlobalStoreOp: _global_store,
    util.OptimizationBarrierOp: _barrier,
    util.ReturnOp: _return,
}
