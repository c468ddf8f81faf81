"""Writes down what the device analysis knows, for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import func, hal, util
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.printer import print_attribute
from pyrie.passes.hal.device_analysis import TARGETS, DeviceAnalysis, listed_targets


@dataclass(frozen=True)
class AnnotateTargetDevices(ModulePass):
    """Attaches to each global, argument, operand and result of type !hal.device the targets it may have (none: not known).

    before:  %d = util.global.load @d : !hal.device
    after:   %d = util.global.load @d {hal.device.targets.results = [[#hal.device.target<"local">]]} : !hal.device

    Legal because nothing reads the attributes.
    """

    name: ClassVar[str] = "iree-hal-annotate-target-devices"

    def apply(self, context: Context, module: ModuleOp) -> None:
        analysis = DeviceAnalysis(module)
        for op in module.body.block.ops:
            if isinstance(op, util.GlobalOp) and isinstance(op.type, hal.DeviceType):
                op.attributes[TARGETS] = _sorted(analysis.device_targets(op) or ())
            elif isinstance(op, util.FuncOp | func.FuncOp) and op.body.blocks:
                _annotate_arguments(op, analysis)
                for inner in op.walk():
                    _annotate(inner, analysis)


def _annotate_arguments(op: util.FuncOp | func.FuncOp, analysis: DeviceAnalysis) -> None:
    arguments = op.body.blocks[0].args
    if not any(isinstance(argument.type, hal.DeviceType) for argument in arguments):
        return
    given = op.arg_attrs.data if op.arg_attrs is not None else (DictionaryAttr({}),) * len(arguments)
    attributes = []
    for each, argument in zip(given, arguments, strict=True):
        assert isinstance(each, DictionaryAttr)
        more = {TARGETS: _targets(argument, analysis)} if isinstance(argument.type, hal.DeviceType) else {}
        attributes.append(DictionaryAttr({**each.data, **more}))
    op.properties["arg_attrs"] = ArrayAttr(attributes)


def _annotate(op: Operation, analysis: DeviceAnalysis) -> None:
    for what, values in (("operands", op.operands), ("results", op.results)):
        known = [_targets(value, analysis) for value in values if isinstance(value.type, hal.DeviceType)]
        if known:
            op.attributes[f"{TARGETS}.{what}"] = ArrayAttr(known)


def _targets(value: SSAValue, analysis: DeviceAnalysis) -> ArrayAttr:
    targets = analysis.lookup_device_targets(value)
    return _sorted(targets if targets is not None else listed_targets(analysis.module))


def _sorted(targets: Iterable[Attribute]) -> ArrayAttr:
    """In the order of their text, which does not depend on how they were found."""
    return ArrayAttr(sorted(targets, key=print_attribute))
