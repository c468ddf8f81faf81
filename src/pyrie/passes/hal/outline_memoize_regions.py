"""Turns memoize regions into results computed once a device, when the program is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.builder import Builder
from xdsl.dialects.builtin import AnyFloat, FloatAttr, FunctionType, IndexType, IntegerAttr, IntegerType, ModuleOp, i64
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from pyrie.dialects import arith, hal, scf, util
from pyrie.dialects.folding import constant_int
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.captures import captured_values, is_constant, is_dynamic, is_immutable_global
from pyrie.passes.hal.device_analysis import device_globals, loaded_device
from pyrie.passes.stream.emitter import OpT, replace


@dataclass(frozen=True)
class OutlineMemoizeRegions(ModulePass):
    """Moves each memoize region to a function, runs it once a device in an initializer, and looks the results up where they are used.

    before:  util.func @f() { %r = hal.device.memoize<%d> affinity(%a) -> T { ...; hal.return %x } }
    after:   util.func private @__f_memoize_apply(%d, %a, immutable globals) -> T { ...; util.return %x }
             util.global private @__f_memoize_result_0_DEVICE : T             (one for each result and device)
             util.initializer { ...; util.global.store (call @__f_memoize_apply), @__f_memoize_result_0_DEVICE }
             util.func private @__f_memoize_lookup(%d, %a) -> T { the result of the device that %d equals, else null }
             util.func @f() { %r = util.call @__f_memoize_lookup(%d, %a) }

    Legal because a region's results may not depend on how often it runs, and here it captures only what is set once: constants are
    cloned into the function, immutable globals are passed. A region that captures anything else, that runs inside of an initializer, or
    whose device or queue affinity is not known when the program is loaded, becomes a plain call of apply. Inner regions go first.
    """

    name: ClassVar[str] = "iree-hal-outline-memoize-regions"

    def apply(self, context: Context, module: ModuleOp) -> None:
        symbols = SymbolTable(module)
        for function in list(module.body.block.ops):
            if isinstance(function, util.FuncOp | util.InitializerOp):
                regions = [op for op in function.walk(reverse=True) if isinstance(op, hal.DeviceMemoizeOp)]
                for region in sorted(regions, key=_depth, reverse=True):
                    _Outline(module, symbols, function, region).run()


def _depth(op: Operation) -> int:
    depth, parent = 0, op.parent_op()
    while parent is not None:
        depth, parent = depth + 1, parent.parent_op()
    return depth


class _Outline:
    """One region on its way out of one function."""

    def __init__(self, module: ModuleOp, symbols: SymbolTable, function: util.FuncOp | util.InitializerOp, op: hal.DeviceMemoizeOp):
        self.module, self.symbols, self.function, self.op = module, symbols, function, op
        name = function.sym_name.data if isinstance(function, util.FuncOp) else "initializer"
        self.prefix = f"__{name}_memoize"
        captured = [value for value in captured_values(op.body) if value is not op.device and value is not op.queue_affinity]
        self.constants = [value for value in captured if is_constant(value)]
        self.globals = [value for value in captured if is_immutable_global(value)]
        self.dynamic = [value for value in captured if is_dynamic(value)]

    def run(self) -> None:
        types = [result.type for result in self.op.results]
        device, affinity = self.op.device, self.op.queue_affinity
        apply = self._outline_body(types)
        devices = self._devices()
        known = devices and constant_int(affinity) is not None
        if self.dynamic or not known or isinstance(self.function, util.InitializerOp):
            call = util.CallOp(apply, [device, affinity, *self.globals, *self.dynamic], types)
        else:
            results = {name: self._memoize_for(name, apply, types) for name in devices}
            call = util.CallOp(self._lookup(results, types), [device, affinity], types)
        Builder(InsertPoint.before(self.op)).insert(_at(call, self.op))
        replace(self.op, list(call.results))

    def _devices(self) -> list[str]:
        """The device globals that the region's device may be, empty if that cannot be told."""
        if (name := loaded_device(self.op.device)) is not None:
            return [name]
        names = [op.sym_name.data for op in device_globals(self.module)]
        return names if self._device_is_argument() else []

    def _device_is_argument(self) -> bool:
        """Whether the device comes from the caller, so that it is one of the program's devices."""
        return isinstance(self.op.device.owner, Block)

    def _outline_body(self, types: Sequence[Attribute]) -> str:
        arguments = [self.op.device, self.op.queue_affinity, *self.globals, *self.dynamic]
        entry = Block(arg_types=[value.type for value in arguments])
        for value, argument in zip(arguments, entry.args, strict=True):
            value.replace_uses_with_if(argument, lambda use: self.op.is_ancestor(use.operation) and use.operation is not self.op)
        for value in self.constants:
            assert isinstance(value.owner, Operation)
            clone = value.owner.clone()
            entry.add_op(clone)
            value.replace_uses_with_if(clone.results[0], lambda use: self.op.is_ancestor(use.operation) and use.operation is not self.op)
        for inner in list(self.op.body.block.ops):
            inner.detach()
            if isinstance(inner, hal.ReturnOp):
                entry.add_op(_at(util.ReturnOp(*inner.operands), inner))
                inner.erase()
            else:
                entry.add_op(inner)
        function = util.FuncOp(
            f"{self.prefix}_apply",
            FunctionType.from_lists([argument.type for argument in entry.args], list(types)),
            Region(entry),
            visibility="private",
            inlining_policy=util.InlineNeverAttr(),
        )
        return self.symbols.insert(_at(function, self.op), before=self.function)

    def _memoize_for(self, device: str, apply: str, types: Sequence[Attribute]) -> list[str]:
        """Declares the results for one device and the initializer that computes them; returns the globals' names."""
        short = device.removeprefix("__")
        names = []
        for i, type in enumerate(types):
            result = _at(util.GlobalOp(f"{self.prefix}_result_{i}_{short}", type), self.op)
            names.append(self.symbols.insert(result, before=self.function))
        block = Block()
        builder = Builder(InsertPoint.at_end(block))
        loaded = builder.insert(util.GlobalLoadOp(device, hal.DeviceType(), immutable=True)).result
        affinity = constant_int(self.op.queue_affinity)
        assert affinity is not None
        arguments = [loaded, builder.insert(arith.ConstantOp(IntegerAttr(affinity, i64))).results[0]]
        for value in self.globals:
            assert isinstance(value.owner, Operation)
            arguments.append(builder.insert(value.owner.clone()).results[0])
        call = builder.insert(util.CallOp(apply, arguments, types))
        for name, value in zip(names, call.results, strict=True):
            builder.insert(util.GlobalStoreOp(value, name))
        builder.insert(util.ReturnOp())
        Builder(self._once_set(device)).insert(_at(util.InitializerOp(Region(block)), self.op))
        return names

    def _once_set(self, device: str) -> InsertPoint:
        """Where the device and the captured globals have their values: before the function, or behind what stores the last of them."""
        needed = {device, *(value.owner.global_name for value in self.globals if isinstance(value.owner, util.GlobalLoadOp))}
        point = InsertPoint.before(self.function)
        op = self.function.next_op
        while op is not None:
            stores = [inner for inner in op.walk() if isinstance(inner, util.GlobalStoreOp)] if isinstance(op, util.InitializerOp) else []
            declared = isinstance(op, util.GlobalOp) and op.sym_name.data in needed
            if declared or any(store.global_name in needed for store in stores):
                point = InsertPoint.after(op)
            op = op.next_op
        return point

    def _lookup(self, results: dict[str, list[str]], types: Sequence[Attribute]) -> str:
        block = Block(arg_types=[hal.DeviceType(), i64])
        builder = Builder(InsertPoint.at_end(block))
        builder.insert(util.ReturnOp(*_select(builder, block.args[0], list(results.items()), types)))
        function = util.FuncOp(
            f"{self.prefix}_lookup",
            FunctionType.from_lists([hal.DeviceType(), i64], list(types)),
            Region(block),
            visibility="private",
        )
        return self.symbols.insert(_at(function, self.op), before=self.function)


def _select(builder: Builder, device: SSAValue, results: list[tuple[str, list[str]]], types: Sequence[Attribute]) -> Sequence[SSAValue]:
    """If-else over the devices: the results of the one that `device` equals, zero or null if it is none."""
    if not results:
        return [builder.insert(_zero(type)).results[0] for type in types]
    (name, names), *rest = results
    candidate = builder.insert(util.GlobalLoadOp(name, hal.DeviceType())).result
    equal = builder.insert(util.CmpEQOp.build(operands=[device, candidate], result_types=[IntegerType(1)])).results[0]
    then, otherwise = Block(), Block()
    inner = Builder(InsertPoint.at_end(then))
    loads = [inner.insert(util.GlobalLoadOp(n, t)).result for n, t in zip(names, types, strict=True)]
    inner.insert(scf.YieldOp(*loads))
    inner = Builder(InsertPoint.at_end(otherwise))
    inner.insert(scf.YieldOp(*_select(inner, device, rest, types)))
    return builder.insert(scf.IfOp(equal, list(types), Region(then), Region(otherwise))).results


def _zero(type: Attribute) -> Operation:
    if isinstance(type, IntegerType | IndexType):
        return arith.ConstantOp(IntegerAttr(0, type))
    if isinstance(type, AnyFloat):
        return arith.ConstantOp(FloatAttr(0.0, type))
    return util.NullOp(type)


def _at(op: OpT, other: Operation) -> OpT:
    op.location = other.location
    return op
