"""Finds the program's devices when it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from xdsl.builder import Builder
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IndexType, IntegerAttr, IntegerType, ModuleOp, i1, i32
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.codegen.target import DEVICES
from pyrie.dialects import arith, hal, scf, util
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.ir.printer import print_attribute
from pyrie.passes.hal.device_analysis import device_globals

OpT = TypeVar("OpT", bound=Operation)

INCOMPATIBLE = 18  # the status code of a program and a machine that do not fit
index = IndexType()


@dataclass(frozen=True)
class InitializeDevices(ModulePass):
    """Replaces the initial value of each device global by an initializer that looks through the devices given at run time.

    before:  util.global private @d = #hal.device.select<[#hal.device.ordinal<1>, #hal.device.target<"local", [#target]>]>
    after:   util.global private @d : !hal.device
             util.initializer { the device numbered 1, or if there is none the first whose identifier matches "local*" and that runs
                                the target's format; fails if there is none either }

    Legal because the attribute says just that. A configuration `{ordinal = n}` takes the device numbered n among those that match.
    """

    name: ClassVar[str] = "iree-hal-initialize-devices"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in list(device_globals(module)):
            value = op.initial_value
            if value is not None:
                initializer = _initializer(op, value)
                for inner in initializer.walk():
                    inner.location = op.location
                del op.properties["initial_value"]
                Rewriter.insert_op(initializer, InsertPoint.after(op))


def _initializer(op: util.GlobalOp, value: Attribute) -> util.InitializerOp:
    block = Block()
    emit = _Emitter(op, Builder(InsertPoint.at_end(block)))
    found = emit.device(value)
    missing = emit.is_null(found)
    absent = Block()
    inner = _Emitter(op, Builder(InsertPoint.at_end(absent)))
    status = inner.emit(arith.ConstantOp(IntegerAttr(INCOMPATIBLE, i32))).results[0]
    inner.emit(util.StatusCheckOkOp(status, f"HAL device `{op.sym_name.data}` not found or unavailable: {_describe(value)}"))
    inner.emit(scf.YieldOp())
    emit.emit(scf.IfOp(missing, [], Region(absent)))
    emit.emit(util.GlobalStoreOp(found, op.sym_name.data))
    emit.emit(util.ReturnOp())
    return util.InitializerOp(Region(block))


@dataclass
class _Emitter:
    """Writes the search for the device of a global at one place."""

    op: util.GlobalOp
    builder: Builder

    def emit(self, op: OpT) -> OpT:
        return self.builder.insert(op)

    def constant(self, value: int, type: IndexType | IntegerType = index) -> SSAValue:
        return self.emit(arith.ConstantOp(IntegerAttr(value, type))).results[0]

    def is_null(self, device: SSAValue) -> SSAValue:
        null = self.emit(util.NullOp(hal.DeviceType())).results[0]
        return self.compare(device, null)

    def compare(self, device: SSAValue, other: SSAValue) -> SSAValue:
        return self.emit(util.CmpEQOp.build(operands=[device, other], result_types=[i1])).results[0]

    def device(self, value: Attribute) -> SSAValue:
        """The device that an initial value stands for; null if it is not there."""
        search = SEARCHES.get(type(value))
        if search is None:
            supported = ", ".join(f"#{kind.name}" for kind in SEARCHES)
            raise unsupported_at(self.op, f"is a device given as {value}", hint=f"supported: {supported}")
        return search(self, value)

    def ordinal(self, value: hal.DeviceOrdinalAttr) -> SSAValue:
        return self.emit(hal.DevicesGetOp(self.constant(value.ordinal.data))).result

    def fallback(self, value: hal.DeviceFallbackAttr) -> SSAValue:
        return self.emit(util.GlobalLoadOp(value.device.string_value(), hal.DeviceType())).result

    def select(self, value: hal.DeviceSelectAttr) -> SSAValue:
        """Tries one after the other: each only if those before are not there."""
        first, *rest = value.devices.data
        device = self.device(first)
        if not rest:
            return device
        missing = self.is_null(device)
        then, otherwise = Block(), Block()
        inner = _Emitter(self.op, Builder(InsertPoint.at_end(then)))
        inner.emit(scf.YieldOp(inner.select(hal.DeviceSelectAttr(value.type, ArrayAttr(rest)))))
        Builder(InsertPoint.at_end(otherwise)).insert(scf.YieldOp(device))
        return self.emit(scf.IfOp(missing, [hal.DeviceType()], Region(then), Region(otherwise))).results[0]

    def target(self, value: hal.DeviceTargetAttr) -> SSAValue:
        """A loop over all devices (i, matches seen, device found) until one fits."""
        zero, one = self.constant(0), self.constant(1)
        wanted = zero if value.ordinal is None else self.constant(value.ordinal)
        null = self.emit(util.NullOp(hal.DeviceType())).results[0]
        count = self.emit(hal.DevicesCountOp()).result
        types = [index, index, hal.DeviceType()]

        before, body = Block(arg_types=types), Block(arg_types=types)
        look = _Emitter(self.op, Builder(InsertPoint.at_end(before)))
        i, _, device = before.args
        none = look.compare(device, null)
        more = look.emit(arith.CmpiOp(i, count, "slt")).result
        look.emit(scf.ConditionOp(look.emit(arith.AndIOp(none, more)).result, *before.args))

        test = _Emitter(self.op, Builder(InsertPoint.at_end(body)))
        i, seen, _ = body.args
        device = test.emit(hal.DevicesGetOp(i)).result
        matches = test.matches(device, value)
        is_wanted = test.emit(arith.CmpiOp(seen, wanted, "eq")).result
        step = test.emit(arith.SelectOp(matches, one, zero)).result
        seen = test.emit(arith.AddiOp(seen, step)).result
        take = test.emit(arith.AndIOp(matches, is_wanted)).result
        taken = test.emit(arith.SelectOp(take, device, null)).result
        test.emit(scf.YieldOp(test.emit(arith.AddiOp(i, one)).result, seen, taken))
        return self.emit(scf.WhileOp([zero, zero, null], types, Region(before), Region(body))).results[2]

    def matches(self, device: SSAValue, target: hal.DeviceTargetAttr) -> SSAValue:
        """Whether the device is of the target's kind and runs one of its formats."""
        kind = DEVICES.get(target.device_id.data)
        is_kind = self.query(device, "hal.device.id", kind.pattern if kind else target.device_id.data)
        formats = dict.fromkeys(t.format.data for t in target.executable_targets.data if isinstance(t, hal.ExecutableTargetAttr))
        if not formats:
            return is_kind
        then, otherwise = Block(), Block()
        inner = _Emitter(self.op, Builder(InsertPoint.at_end(then)))
        runs, *others = [inner.query(device, "hal.executable.format", format) for format in formats]
        for other in others:
            runs = inner.emit(arith.OrIOp(runs, other)).result
        inner.emit(scf.YieldOp(runs))
        no = _Emitter(self.op, Builder(InsertPoint.at_end(otherwise)))
        no.emit(scf.YieldOp(no.constant(0, i1)))
        return self.emit(scf.IfOp(is_kind, [i1], Region(then), Region(otherwise))).results[0]

    def query(self, device: SSAValue, category: str, key: str) -> SSAValue:
        return self.emit(hal.DeviceQueryOp(device, category, key, i1, IntegerAttr(0, i1))).value


# Initial values of device globals -> what looks for the device.
SEARCHES: dict[type[Attribute], Callable[[_Emitter, Any], SSAValue]] = {
    hal.DeviceFallbackAttr: _Emitter.fallback,
    hal.DeviceOrdinalAttr: _Emitter.ordinal,
    hal.DeviceSelectAttr: _Emitter.select,
    hal.DeviceTargetAttr: _Emitter.target,
}


def _describe(value: Attribute) -> str:
    """A device for a message: its text without the configurations of executables, which name a machine feature by feature."""
    match value:
        case hal.DeviceSelectAttr():
            return f"#{value.name}<[{', '.join(map(_describe, value.devices.data))}]>"
        case hal.DeviceTargetAttr():
            targets: Sequence[Attribute] = value.executable_targets.data
            plain = [
                hal.ExecutableTargetAttr(target.backend, target.format, DictionaryAttr({}))
                for target in targets
                if isinstance(target, hal.ExecutableTargetAttr)
            ]
            value = hal.DeviceTargetAttr.of(value.device_id.data, value.configuration, plain)
    return print_attribute(value).removesuffix(" : !hal.device")
