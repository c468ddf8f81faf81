"""Elementwise ops: one linalg.generic each, with splat constants as scalars in its body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from xdsl.dialects.builtin import ComplexType, IntegerType, TensorType
from xdsl.ir import Attribute, Operation, Region, SSAValue

from pyrie.dialects import stablehlo as hlo
from pyrie.passes.input.stablehlo_to_linalg import scalars
from pyrie.passes.input.stablehlo_to_linalg.emitter import Emitter, Size, element_of, shape_of, signless, splat_of
from pyrie.support.errors import UnsupportedError


def lower_elementwise(e: Emitter, op: Operation) -> list[SSAValue]:
    """A generic over the operands that are not the same for all elements."""
    result_type = op.results[0].type
    element = element_of(signless(result_type))
    if any(isinstance(element_of(value.type), ComplexType) for value in (*op.operands, *op.results)):
        raise UnsupportedError(f"'{op.name}' of complex numbers is not supported", hint="supported: floats, integers and booleans")
    scalar: dict[SSAValue, SSAValue] = {}
    for value in op.operands:
        if (splat := splat_of(value)) is not None:
            scalar[value] = e.attribute(splat, element_of(signless(value.type)))
    inputs = list(dict.fromkeys(value for value in op.operands if value not in scalar))

    def body(inner: Emitter, args: list[SSAValue]) -> list[SSAValue]:
        element_at = scalar | dict(zip(inputs, args, strict=False))
        return [scalars.apply_scalar(inner, op, e.signs, [element_at[value] for value in op.operands])]

    sizes = result_sizes(e, op)
    result = e.pointwise(inputs, sizes, element, body)
    return [e.as_type(result, signless(result_type))]


def result_sizes(e: Emitter, op: Operation) -> list[Size]:
    """The sizes of an elementwise result: static ones from any operand or the result, others from the first operand of full rank."""
    result = cast(TensorType, op.results[0].type).get_shape()
    full = [value for value in op.operands if len(shape_of(value)) == len(result)]
    sizes: list[Size] = []
    for axis, size in enumerate(result):
        static = next((n for n in (size, *(shape_of(v)[axis] for v in full)) if n >= 0), None)
        sizes.append(static if static is not None else e.size(next((v for v in full if splat_of(v) is None), full[0]), axis))
    return sizes


def lower_bitcast(e: Emitter, op: Operation) -> list[SSAValue]:
    """Elements of the same width keep their place; other widths would split or join elements."""
    source, target = (element_of(type) for type in (op.operands[0].type, op.results[0].type))
    if _bits(source) != _bits(target):
        raise UnsupportedError(f"'{op.name}' from {source} to {target} is not supported", hint="supported: types of the same width")
    return lower_elementwise(e, op)


def _bits(type: Attribute) -> int:
    return type.width.data if isinstance(type, IntegerType) else type.bitwidth  # pyright: ignore[reportAttributeAccessIssue]


def lower_map(e: Emitter, op: Operation) -> list[SSAValue]:
    """The body of a map becomes the body of a generic."""
    assert isinstance(op, hlo.MapOp)
    element = element_of(signless(op.result.type))
    sizes = e.sizes(op.inputs[0])

    def body(inner: Emitter, args: list[SSAValue]) -> Sequence[SSAValue]:
        return inline_scalar_region(inner, op.computation, args)

    return [e.pointwise(list(op.inputs), sizes, element, body)]


def inline_scalar_region(e: Emitter, region: Region, args: Sequence[SSAValue]) -> list[SSAValue]:
    """A region of elementwise ops on 0-d tensors, on scalars. Values from outside must be constants or are extracted in front."""
    block = region.block
    values: dict[SSAValue, SSAValue] = dict(zip(block.args, args, strict=False))

    def value_of(value: SSAValue) -> SSAValue:
        if value not in values:
            values[value] = e.scalar(value)
        return values[value]

    for op in block.ops:
        if isinstance(op, hlo.ReturnOp):
            return [value_of(value) for value in op.operands]
        if isinstance(op, hlo.ConstantOp):
            continue
        if isinstance(op, hlo.BroadcastInDimOp | hlo.ReshapeOp):  # of a 0-d tensor to a 0-d tensor
            values[op.results[0]] = value_of(op.operands[0])
            continue
        if not scalars.is_elementwise(op):
            raise UnsupportedError(f"'{op.name}' is not supported in the region of a reduction or map", hint="supported: elementwise ops")
        signs = scalars.Signs(tuple(element_of(v.type) for v in op.operands), tuple(element_of(r.type) for r in op.results))
        values[op.results[0]] = scalars.apply_scalar(e, op, signs, [value_of(v) for v in op.operands])
    raise UnsupportedError("a region without stablehlo.return is not supported")


LOWERINGS: dict[type[Operation], Callable[[Emitter, Operation], list[SSAValue]]] = {
    **dict.fromkeys(scalars.SCALARS, lower_elementwise),
    **dict.fromkeys((hlo.CompareOp, hlo.SelectOp, hlo.ClampOp, hlo.ConvertOp), lower_elementwise),
    hlo.BitcastConvertOp: lower_bitcast,
    hlo.MapOp: lower_map,
}
