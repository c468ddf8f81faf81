"""Lowers StableHLO and CHLO to linalg, tensor, arith and math; the tables are in `stablehlo_to_linalg/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, FunctionType, ModuleOp
from xdsl.ir import Attribute, Block, Operation, TypeAttribute
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.ir.context import Context
from pyrie.ir.diagnostics import location_of
from pyrie.ir.passes import ModulePass
from pyrie.passes.input.stablehlo_to_linalg import LOWERINGS
from pyrie.passes.input.stablehlo_to_linalg.emitter import Emitter, Signs, element_of, signless, signless_constant
from pyrie.support.errors import PyrieError, UnsupportedError

SOURCE_DIALECTS = ("stablehlo.", "chlo.")


@dataclass(frozen=True)
class ConvertStableHLOToInputDialects(ModulePass):
    """One walk from top to bottom: each op is replaced by what its family's table says.

    before:  %0 = stablehlo.tanh %x : tensor<4x8xf32>
    after:   %e = tensor.empty() : tensor<4x8xf32>
             %0 = linalg.generic {...} ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) { math.tanh }

    Unsigned types become signless first; what was unsigned is remembered op by op, so that each lowering means the same.
    """

    name: ClassVar[str] = "iree-stablehlo-to-iree-input"

    def apply(self, context: Context, module: ModuleOp) -> None:
        signs = {
            op: Signs(tuple(element_of(v.type) for v in op.operands), tuple(element_of(r.type) for r in op.results))
            for op in module.walk()
            if op.name.startswith(SOURCE_DIALECTS)
        }
        if not signs:
            return
        remember_encodings(module)
        make_signless(module)
        for region in module.regions:
            for block in region.blocks:
                _lower_block(block, signs)


def _lower_block(block: Block, signs: dict[Operation, Signs]) -> None:
    for op in list(block.ops):
        if op not in signs:
            for region in op.regions:
                for inner in region.blocks:
                    _lower_block(inner, signs)
            continue
        _lower(op, signs[op])
    # Constants and shapes that the lowerings looked through are no longer used: the uses were lowered first to last.
    for op in reversed(list(block.ops)):
        if op in signs and not any(result.uses for result in op.results):
            Rewriter.erase_op(op)


def _lower(op: Operation, signs: Signs) -> None:
    lowering = LOWERINGS.get(type(op))
    try:
        if lowering is None:
            raise UnsupportedError(f"'{op.name}' is not supported", hint="`pyrie report` lists what is")
        values = lowering(Emitter(InsertPoint.before(op), op.location, signs), op)
    except PyrieError as error:
        error.location = error.location or location_of(op)
        raise
    for result, value in zip(op.results, values, strict=True):
        result.replace_all_uses_with(value)
    Rewriter.erase_op(op)


def make_signless(module: ModuleOp) -> None:
    """Gives every value, function type and constant outside of StableHLO its signless type, in place."""
    for op in module.walk():
        for result in op.results:
            _retype(result)
        for region in op.regions:
            for block in region.blocks:
                for argument in block.args:
                    _retype(argument)
        if op.name.startswith(SOURCE_DIALECTS):
            continue
        for name, attribute in list(op.properties.items()):
            op.properties[name] = _signless_attribute(attribute)


def remember_encodings(module: ModuleOp) -> None:
    """Notes on arguments and results of functions what their unsigned types were, for the reflection and the runtime's checks."""
    for op in module.ops:
        kind = op.properties.get("function_type")
        if not isinstance(kind, FunctionType):
            continue
        for key, types in (("arg_attrs", kind.inputs.data), ("res_attrs", kind.outputs.data)):
            if all(signless(type) == type for type in types):
                continue
            given = op.properties.get(key)
            known = [dict(d.data) for d in given] if isinstance(given, ArrayAttr) else [{}] * len(types)  # pyright: ignore
            encodings = ({} if signless(type) == type else {"iree.abi.encoding": type} for type in types)
            op.properties[key] = ArrayAttr(DictionaryAttr(old | new) for old, new in zip(known, encodings, strict=True))


def _retype(value: object) -> None:
    type = value.type  # pyright: ignore[reportAttributeAccessIssue]
    converted = signless(type)
    if converted is not type and converted != type:
        value._type = converted  # pyright: ignore[reportAttributeAccessIssue]


def _signless_attribute(attribute: Attribute) -> Attribute:
    if isinstance(attribute, FunctionType):
        return FunctionType.from_lists([signless(t) for t in attribute.inputs], [signless(t) for t in attribute.outputs])
    if isinstance(attribute, TypeAttribute):
        return signless(cast(Attribute, attribute))
    return signless_constant(attribute)
