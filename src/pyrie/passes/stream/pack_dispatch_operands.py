"""iree-stream-pack-dispatch-operands: values passed to kernels become words of 32 bits."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import AnyFloat, ArrayAttr, DictionaryAttr, IndexType, IntegerType, ModuleOp, i32, i64
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

from pyrie.dialects import arith
from pyrie.dialects.stream.types import HOST_CONFIG
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.dispatch_sites import DispatchSites, dispatch_sites, set_uniform_operands
from pyrie.passes.stream.emitter import Emitter, host_op


@dataclass(frozen=True)
class PackDispatchOperands(ModulePass):
    """Splits and widens operands at each dispatch and puts them together again in the kernel, bindings first.

    before:  stream.cmd.dispatch @e::@f(%n : index) {...}                              func.func @f(%0: index, %1: !stream.binding)
    after:   stream.cmd.dispatch @e::@f(%low, %high : i32, i32) {...}                  func.func @f(%1: !stream.binding, %l: i32, %h: i32)

    An index has `index_bits` bits. Legal because the kernel rebuilds the same bits.
    """

    name = "iree-stream-pack-dispatch-operands"

    index_bits: int = HOST_CONFIG.index_bits.data

    def apply(self, context: Context, module: ModuleOp) -> None:
        emitters: dict[Operation, Emitter] = {}
        for sites in dispatch_sites(module):
            types = [argument.type for argument in sites.operands]
            for dispatch in sites.dispatches:
                execution = host_op(dispatch)
                emitter = emitters.setdefault(execution, Emitter(execution)).before(execution)
                values = [word for value in dispatch.uniform_operands for word in self._pack(value, emitter, dispatch)]
                set_uniform_operands(dispatch, values)
            _reorder(sites)
            for argument, type in zip(list(sites.operands), types, strict=True):
                self._unpack(sites, argument, type)

    def bits(self, type: Attribute, op: Operation) -> int:
        """Bits of a value as it is passed: 32 or 64."""
        match type:
            case IndexType():
                return self.index_bits
            case IntegerType() if type.width.data <= 64:
                return 32 if type.width.data <= 32 else 64
            case _ if isinstance(type, AnyFloat) and type.bitwidth <= 64:
                return 32 if type.bitwidth <= 32 else 64
        raise unsupported_at(op, f"passes a value of type {type} to a kernel", hint="supported: index, integers and floats up to 64 bits")

    def _pack(self, value: SSAValue, emitter: Emitter, op: Operation) -> list[SSAValue]:
        bits = self.bits(value.type, op)
        word = _to_integer(value, IntegerType(bits), emitter)
        if bits == 32:
            return [word]
        low = emitter.emit(arith.TruncIOp(word, i32)).results[0]
        high = emitter.emit(arith.ShRUIOp(word, emitter.constant(32, i64))).results[0]
        return [low, emitter.emit(arith.TruncIOp(high, i32)).results[0]]

    def _unpack(self, sites: DispatchSites, argument: BlockArgument, type: Attribute) -> None:
        """Replaces one argument by its words, which go to the end."""
        first = argument.block.first_op
        assert first is not None
        emitter = Emitter(first)
        bits = self.bits(type, sites.function)
        word: SSAValue = sites.add_operand(i32)
        if bits == 64:
            high = sites.add_operand(i32)
            low = emitter.emit(arith.ExtUIOp(word, i64)).results[0]
            wide = emitter.emit(arith.ExtUIOp(high, i64)).results[0]
            shifted = emitter.emit(arith.ShLIOp(wide, emitter.constant(32, i64))).results[0]
            word = emitter.emit(arith.OrIOp(low, shifted)).results[0]
        argument.replace_all_uses_with(_from_integer(word, type, emitter))
        sites.erase_operand(argument)


def _to_integer(value: SSAValue, type: IntegerType, emitter: Emitter) -> SSAValue:
    """The bits of `value` in an integer at least as wide."""
    if isinstance(value.type, IndexType):
        return emitter.emit(arith.IndexCastUIOp(value, type)).results[0]
    if not isinstance(value.type, IntegerType):
        assert isinstance(value.type, AnyFloat)
        value = emitter.emit(arith.BitcastOp(value, IntegerType(value.type.bitwidth))).results[0]
    return value if value.type == type else emitter.emit(arith.ExtUIOp(value, type)).results[0]


def _from_integer(word: SSAValue, type: Attribute, emitter: Emitter) -> SSAValue:
    """The value of `type` whose bits are in `word`."""
    if isinstance(type, IndexType):
        return emitter.emit(arith.IndexCastUIOp(word, type)).results[0]
    if isinstance(type, IntegerType):
        return word if word.type == type else emitter.emit(arith.TruncIOp(word, type)).results[0]
    assert isinstance(type, AnyFloat)
    bits = IntegerType(type.bitwidth)
    if word.type != bits:
        word = emitter.emit(arith.TruncIOp(word, bits)).results[0]
    return emitter.emit(arith.BitcastOp(word, type)).results[0]


def _reorder(sites: DispatchSites) -> None:
    """Moves the bindings of a function in front of its values."""
    entry = sites.function.body.blocks[0]
    order = [argument.index for argument in (*sites.bindings, *sites.operands)]
    if order == sorted(order):
        return
    if sites.function.arg_attrs is not None:
        attributes = list(sites.function.arg_attrs) or [DictionaryAttr({})] * len(order)
        sites.function.properties["arg_attrs"] = ArrayAttr(attributes[i] for i in order)
    old = list(entry.args)
    for argument in [old[i] for i in order]:
        made = entry.insert_arg(argument.type, len(entry.args))
        argument.replace_all_uses_with(made)
    for argument in reversed(old):
        entry.erase_arg(argument)
    sites.refresh_type()
