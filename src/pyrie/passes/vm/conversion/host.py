"""util: globals, lists, host buffers, status checks and calls."""

from __future__ import annotations

from xdsl.dialects.builtin import Float32Type, Float64Type, IntegerAttr, i32, i64
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import util, vm
from pyrie.ir.diagnostics import unsupported_at
from pyrie.passes.vm.conversion.converter import UNKNOWN, Converter, bank, convert_type, converts
from pyrie.passes.vm.conversion.scalars import width_of

HOST_ALIGNMENT = 16  # of buffers whose alignment nobody states

# ---- functions and globals ---------------------------------------------------------------------------------------------


@converts(util.ReturnOp)
def return_(c: Converter, op: Operation) -> None:
    c.emit(vm.ReturnOp(*c.all(op.operands)))


@converts(util.CallOp)
def call(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.CallOp)
    new = c.emit(vm.CallOp(op.callee.string_value(), c.all(op.arguments), [c.type_of(result) for result in op.results]))
    for old, result in zip(op.results, new.results, strict=True):
        c.bind(old, result)


@converts(util.GlobalLoadOp)
def global_load(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.GlobalLoadOp)
    type_ = c.type_of(op.result)
    c.bind(op.result, c.op(f"global.load.{bank(type_)}", result=type_, **c.symbol(op.global_name)))


@converts(util.GlobalStoreOp)
def global_store(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.GlobalStoreOp)
    value = c[op.value]
    c.effect(f"global.store.{bank(value.type)}", value, **c.symbol(op.global_name))


@converts(util.UnreachableOp)
def unreachable(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.UnreachableOp)
    c.emit(vm.FailOp(c.const(UNKNOWN), op.message.data if op.message else None))


@converts(util.SCFUnreachableOp)
def unreachable_inside(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.SCFUnreachableOp)
    c.emit(vm.FailOp(c.const(UNKNOWN), op.message.data if op.message else None))
    c.enter(c.continue_in())


@converts(util.StatusCheckOkOp)
def status_check(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.StatusCheckOkOp)
    status = c[op.status]
    after = c.continue_in()
    c.emit(vm.CondBranchOp(status, c.fail_block(status, op.message.data if op.message else None), (), after, ()))
    c.enter(after)


# ---- values ------------------------------------------------------------------------------------------------------------


@converts(util.NullOp)
def null(c: Converter, op: Operation) -> None:
    c.bind(op.results[0], c.null(c.type_of(op.results[0])))


@converts(util.CmpEQOp, util.CmpNEOp)
def compare(c: Converter, op: Operation) -> None:
    lhs, rhs = op.operands
    name = bank(c.type_of(lhs))
    equal = isinstance(op, util.CmpEQOp)
    if name == "ref" and any(isinstance(value.owner, util.NullOp) for value in op.operands):
        value = rhs if isinstance(lhs.owner, util.NullOp) else lhs
        result = c.op("cmp.nz.ref", c[value])
        c.bind(op.results[0], c.op("xor.i32", result, c.const(1)) if equal else result)
        return
    predicate = ("eq" if equal else "ne") + (f".{name}.o" if name[0] == "f" else f".{name}")
    c.bind(op.results[0], c.op(f"cmp.{predicate}", c[lhs], c[rhs]))


@converts(util.CastOp)
def cast(c: Converter, op: Operation) -> None:
    value, type_ = c[op.operands[0]], c.type_of(op.results[0])
    if value.type != type_:
        value = c.op("cast.ref.any" if type_ == vm.ANY_REF else "cast.any.ref", value, result=type_)
    c.bind(op.results[0], value)


@converts(util.AlignOp)
def align(c: Converter, op: Operation) -> None:
    """`(value + alignment - 1) & ~(alignment - 1)`"""
    value, alignment = c.all(op.operands)
    name = str(value.type)
    mask = c.op(f"sub.{name}", alignment, c.const(1, value.type))
    c.bind(op.results[0], c.op(f"and.{name}", c.op(f"add.{name}", value, mask), c.op(f"not.{name}", mask)))


@converts(util.SizeOfOp)
def size_of(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.SizeOfOp)
    size = _byte_width(op.sized_type)
    if size is None:
        raise unsupported_at(op, f"the size of {op.sized_type} is not known on the host")
    c.bind(op.size, c.const(size, c.index))


@converts(util.SwitchOp)
def switch(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.SwitchOp)
    type_ = c.type_of(op.result)
    index = c.cast(c[op.index], i32)
    c.bind(op.result, c.op(f"switch.{bank(type_)}", index, c[op.default_value], *c.all(op.values), result=type_))


@converts(util.AssumeIntOp, util.OptimizationBarrierOp)
def pass_through(c: Converter, op: Operation) -> None:
    for operand, result in zip(op.operands, op.results, strict=True):
        c.bind(result, c[operand])


@converts(util.UnfoldableConstantOp)
def unfoldable(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.UnfoldableConstantOp)
    value = op.value
    if not isinstance(value, IntegerAttr) and not hasattr(value, "value"):
        raise unsupported_at(op, "only numbers can be constants on the host")
    number = value.value.data  # pyright: ignore[reportAttributeAccessIssue]
    c.bind(op.result, c.const(number & 1 if width_of(op.result.type) == 1 else number, c.type_of(op.result)))


# ---- lists -------------------------------------------------------------------------------------------------------------


def _set(c: Converter, list: SSAValue, index: SSAValue, value: SSAValue) -> None:
    c.effect(f"list.set.{bank(value.type)}", list, index, value)


@converts(util.ListCreateOp)
def list_create(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.ListCreateOp)
    capacity = c.cast(c[op.initial_capacity], i32) if op.initial_capacity is not None else c.const(0)
    c.bind(op.result, c.op("list.alloc", capacity, result=c.type_of(op.result)))


@converts(util.ListConstructOp)
def list_construct(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.ListConstructOp)
    size = c.const(len(op.values))
    new = c.op("list.alloc", size, result=c.type_of(op.result))
    c.effect("list.resize", new, size)
    for i, value in enumerate(op.values):
        _set(c, new, c.const(i), c[value])
    c.bind(op.result, new)


@converts(util.ListSizeOp)
def list_size(c: Converter, op: Operation) -> None:
    c.bind(op.results[0], c.cast(c.op("list.size", c[op.operands[0]]), c.index))


@converts(util.ListResizeOp)
def list_resize(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.ListResizeOp)
    c.effect("list.resize", c[op.list], c.cast(c[op.new_size], i32))


@converts(util.ListGetOp)
def list_get(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.ListGetOp)
    type_ = c.type_of(op.result)
    c.bind(op.result, c.op(f"list.get.{bank(type_)}", c[op.list], c.cast(c[op.index], i32), result=type_))


@converts(util.ListSetOp)
def list_set(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.ListSetOp)
    _set(c, c[op.list], c.cast(c[op.index], i32), c[op.value])


# ---- host buffers ------------------------------------------------------------------------------------------------------


def _byte_width(type: Attribute) -> int | None:
    """Bytes of a number in memory."""
    if width := width_of(type):
        return (width + 7) // 8
    return {Float32Type: 4, Float64Type: 8}.get(type.__class__)


def _element(c: Converter, op: Operation, type: Attribute) -> tuple[str, int]:
    """The instruction suffix and bytes of a number in a buffer."""
    width = _byte_width(type)
    if width not in (1, 2, 4, 8) or convert_type(type) is None:
        raise unsupported_at(op, f"{type} cannot be read or written in a host buffer")
    return (str(convert_type(type)) if isinstance(type, Float32Type | Float64Type) else f"i{width * 8}"), width


def _long(c: Converter, value: SSAValue) -> SSAValue:
    """What an offset or a length in a buffer became: the VM counts them in 64 bits."""
    return c.cast(c[value], i64)


def _scaled(c: Converter, value: SSAValue, width: int) -> SSAValue:
    """An offset in bytes as one in elements."""
    offset = _long(c, value)
    return offset if width == 1 else c.op("div.i64.u", offset, c.const(width, i64))


@converts(util.BufferConstantOp)
def buffer_constant(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.BufferConstantOp)
    inline = vm.RodataInlineOp(
        op.value,
        name=op.sym_name.data if op.sym_name else None,
        alignment=op.alignment.value.data if op.alignment else None,
        mime_type=op.mime_type.data if op.mime_type else None,
    )
    c.bind(op.result, c.emit(inline).results[0])


@converts(util.BufferAllocOp)
def buffer_alloc(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.BufferAllocOp)
    alignment = c.const(op.alignment.value.data if op.alignment else HOST_ALIGNMENT)
    c.bind(op.result, c.op("buffer.alloc", _long(c, op.storage_size), alignment, result=vm.BufferType()))


@converts(util.BufferDeallocOp)
def buffer_dealloc(c: Converter, op: Operation) -> None:
    """Nothing: references are counted."""


@converts(util.BufferSliceOp)
def buffer_slice(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.BufferSliceOp)
    alignment = c.const(op.alignment.value.data if op.alignment else HOST_ALIGNMENT)
    view = (c[op.source], _long(c, op.source_offset), _long(c, op.result_size))
    c.bind(op.result, c.op("buffer.clone", *view, alignment, result=vm.BufferType()))


@converts(util.BufferSizeOp)
def buffer_size(c: Converter, op: Operation) -> None:
    c.bind(op.results[0], c.cast(c.op("buffer.length", c[op.operands[0]]), c.index))


@converts(util.BufferCopyOp)
def buffer_copy(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.BufferCopyOp)
    source, target = (c[op.source], _long(c, op.source_offset)), (c[op.target], _long(c, op.target_offset))
    c.effect("buffer.copy", *source, *target, _long(c, op.length))


@converts(util.BufferCompareOp)
def buffer_compare(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.BufferCompareOp)
    lhs, rhs = (c[op.lhs], _long(c, op.lhs_offset)), (c[op.rhs], _long(c, op.rhs_offset))
    c.bind(op.result, c.op("buffer.compare", *lhs, *rhs, _long(c, op.length)))


@converts(util.BufferFillOp)
def buffer_fill(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.BufferFillOp)
    name, width = _element(c, op, op.pattern.type)
    offset, length = (_scaled(c, value, width) for value in (op.target_offset, op.length))
    c.effect(f"buffer.fill.{name}", c[op.target], offset, length, c[op.pattern])


@converts(util.BufferLoadOp)
def buffer_load(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.BufferLoadOp)
    name, width = _element(c, op, op.result.type)
    suffix = ".u" if name in ("i8", "i16") else ""
    c.bind(op.result, c.op(f"buffer.load.{name}{suffix}", c[op.source], _scaled(c, op.source_offset, width)))


@converts(util.BufferStoreOp)
def buffer_store(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.BufferStoreOp)
    name, width = _element(c, op, op.source.type)
    c.effect(f"buffer.store.{name}", c[op.target], _scaled(c, op.target_offset, width), c[op.source])


@converts(util.BufferHashOp)
def buffer_hash(c: Converter, op: Operation) -> None:
    assert isinstance(op, util.BufferHashOp)
    c.bind(op.result, c.op("buffer.hash", c[op.source], _long(c, op.source_offset), _long(c, op.length)))
