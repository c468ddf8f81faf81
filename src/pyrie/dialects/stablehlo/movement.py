"""Ops that make or move data: constants, broadcasts, reshapes, slices, padding, gather and scatter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from xdsl.dialects.builtin import BoolAttr, DenseArrayBase, IntegerAttr, TensorType, i32, i64
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, Operation, SSAValue, TypedAttribute
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import ConstantLike, NoMemoryEffect, Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.stablehlo import shapes
from pyrie.dialects.stablehlo.assembly import SliceRanges, UnaryType, VariadicOperandWithAttribute, dims_of, i64_array
from pyrie.dialects.stablehlo.attributes import GatherDimensionNumbersAttr, RngDistributionAttr
from pyrie.dialects.stablehlo.elementwise import AnyTensor
from pyrie.dialects.stablehlo.shapes import require_axes, require_element_type, require_shape, shape_of
from pyrie.ir.elements import from_numpy, numpy_dtype


def retyped(type: Attribute, shape: Sequence[int]) -> TensorType:
    """A tensor of `shape` with the element type of `type`."""
    return TensorType(cast(TensorType, type).element_type, list(shape))


@irdl_op_definition
class ConstantOp(IRDLOperation, HasFolderInterface):
    """A tensor known at compile time."""

    name = "stablehlo.constant"
    value = prop_def(Attribute)
    output = result_def(AnyTensor)
    traits = traits_def(Pure(), ConstantLike())

    def __init__(self, value: Attribute, type: Attribute | None = None):
        if type is None:
            assert isinstance(value, TypedAttribute)
            type = value.get_type()
        super().__init__(properties={"value": value}, result_types=[type])

    @classmethod
    def scalar(cls, number: float, element: Attribute) -> ConstantOp:
        """A 0-d constant."""
        array = np.array(number).astype(numpy_dtype(element))
        return cls(from_numpy(array, TensorType(element, [])))

    def fold(self) -> tuple[Attribute]:
        return (self.value,)

    def asm_result_names(self) -> tuple[str | None, ...]:
        element = cast(TensorType, self.output.type).element_type
        return ("c" if str(element)[0] in "iu" or str(element).startswith("si") else "cst",)

    @classmethod
    def parse(cls, parser: Parser) -> ConstantOp:
        attributes = parser.parse_optional_attr_dict()
        value = parser.parse_attribute()
        if not isinstance(value, TypedAttribute):
            parser.raise_error(f"{value} is not a tensor constant")
        op = cls(value)
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_op_attributes(self.attributes)
        printer.print_string(" ")
        printer.print_attribute(self.value)


class ShapeGivenOp(IRDLOperation):
    """Base of ops with one operand whose result type is given."""

    def __init__(self, operand: SSAValue, result_type: Attribute):
        super().__init__(operands=[operand], result_types=[result_type])


@irdl_op_definition
class IotaOp(IRDLOperation):
    """Each element is its index along one dimension."""

    name = "stablehlo.iota"
    iota_dimension = prop_def(IntegerAttr.constr(i64))
    output = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "`dim` `=` $iota_dimension attr-dict `:` type($output)"

    def __init__(self, dimension: int, type: Attribute):
        super().__init__(properties={"iota_dimension": IntegerAttr(dimension, i64)}, result_types=[type])

    def verify_(self) -> None:
        require_axes("iota dimension", [self.iota_dimension.value.data], len(shape_of(self.output.type)))


@irdl_op_definition
class DynamicIotaOp(IRDLOperation):
    """`iota` of a shape known at run time."""

    name = "stablehlo.dynamic_iota"
    output_shape = operand_def(AnyTensor)
    iota_dimension = prop_def(IntegerAttr.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$output_shape `,` `dim` `=` $iota_dimension attr-dict `:` functional-type(operands, results)"

    def __init__(self, output_shape: SSAValue, dimension: int, type: Attribute):
        super().__init__(operands=[output_shape], properties={"iota_dimension": IntegerAttr(dimension, i64)}, result_types=[type])


@irdl_op_definition
class RngOp(IRDLOperation):
    """Random numbers: uniform from a to b, or normal of mean a and deviation b."""

    name = "stablehlo.rng"
    a = operand_def(AnyTensor)
    b = operand_def(AnyTensor)
    shape = operand_def(AnyTensor)
    rng_distribution = prop_def(RngDistributionAttr)
    result = result_def(AnyTensor)
    assembly_format = "$a `,` $b `,` $shape `,` `distribution` `=` $rng_distribution attr-dict `:` functional-type(operands, results)"


@irdl_op_definition
class GetDimensionSizeOp(IRDLOperation):
    """The size of one dimension."""

    name = "stablehlo.get_dimension_size"
    operand = operand_def(AnyTensor)
    dimension = prop_def(IntegerAttr.constr(i64))
    result = result_def(TensorType(i32, []))
    traits = traits_def(Pure())
    assembly_format = "$operand `,` `dim` `=` $dimension attr-dict `:` functional-type(operands, results)"

    def __init__(self, operand: SSAValue, dimension: int):
        super().__init__(operands=[operand], properties={"dimension": IntegerAttr(dimension, i64)}, result_types=[TensorType(i32, [])])

    def verify_(self) -> None:
        require_axes("dimension", [self.dimension.value.data], len(shape_of(self.operand.type)))


@irdl_op_definition
class SetDimensionSizeOp(IRDLOperation):
    """The operand with one dimension declared to have the size `size`."""

    name = "stablehlo.set_dimension_size"
    operand = operand_def(AnyTensor)
    size = operand_def(AnyTensor)
    dimension = prop_def(IntegerAttr.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(NoMemoryEffect())
    assembly_format = "$operand `,` $size `,` `dim` `=` $dimension attr-dict `:` functional-type(operands, results)"


def verify_broadcast(operand: Attribute, result: Attribute, dims: Sequence[int]) -> None:
    source, target = shape_of(operand), shape_of(result)
    require_element_type("the result", result, operand)
    if len(dims) != len(source):
        raise VerifyException(f"{len(dims)} broadcast dimensions for an operand of rank {len(source)}")
    require_axes("broadcast dimensions", dims, len(target))
    for size, axis in zip(source, dims, strict=True):
        if shapes.static(size, target[axis]) and size not in (1, target[axis]):
            raise VerifyException(f"a dimension of size {size} does not broadcast to size {target[axis]}")


@irdl_op_definition
class BroadcastInDimOp(IRDLOperation, HasFolderInterface):
    """Repeats the operand: its dimension i becomes dimension `broadcast_dimensions[i]`, all others are new."""

    name = "stablehlo.broadcast_in_dim"
    operand = operand_def(AnyTensor)
    broadcast_dimensions = prop_def(DenseArrayBase.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$operand `,` `dims` `=` $broadcast_dimensions attr-dict `:` functional-type(operands, results)"

    def __init__(self, operand: SSAValue, result_type: Attribute, dims: Sequence[int]):
        super().__init__(operands=[operand], properties={"broadcast_dimensions": i64_array(dims)}, result_types=[result_type])

    def verify_(self) -> None:
        verify_broadcast(self.operand.type, self.result.type, dims_of(self.broadcast_dimensions))

    def fold(self) -> tuple[SSAValue] | None:
        same = self.operand.type == self.result.type and shapes.static(*shape_of(self.result.type))
        dims = dims_of(self.broadcast_dimensions)
        return (self.operand,) if same and list(dims) == sorted(dims) else None


@irdl_op_definition
class DynamicBroadcastInDimOp(IRDLOperation):
    """`broadcast_in_dim` to a shape known at run time."""

    name = "stablehlo.dynamic_broadcast_in_dim"
    operand = operand_def(AnyTensor)
    output_dimensions = operand_def(AnyTensor)
    broadcast_dimensions = prop_def(DenseArrayBase.constr(i64))
    known_expanding_dimensions = opt_prop_def(DenseArrayBase.constr(i64))
    known_nonexpanding_dimensions = opt_prop_def(DenseArrayBase.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(NoMemoryEffect())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = (
        "$operand `,` $output_dimensions `,` `dims` `=` $broadcast_dimensions attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self,
        operand: SSAValue,
        output_dimensions: SSAValue,
        result_type: Attribute,
        dims: Sequence[int],
        *,
        expanding: Sequence[int] = (),
        nonexpanding: Sequence[int] = (),
    ):
        super().__init__(
            operands=[operand, output_dimensions],
            properties={
                "broadcast_dimensions": i64_array(dims),
                "known_expanding_dimensions": i64_array(expanding) if expanding else None,
                "known_nonexpanding_dimensions": i64_array(nonexpanding) if nonexpanding else None,
            },
            result_types=[result_type],
        )

    def verify_(self) -> None:
        verify_broadcast(self.operand.type, self.result.type, dims_of(self.broadcast_dimensions))
        require_shape("the shape operand", self.output_dimensions.type, [len(shape_of(self.result.type))])


@irdl_op_definition
class BroadcastOp(IRDLOperation):
    """Repeats the operand along new leading dimensions."""

    name = "stablehlo.broadcast"
    operand = operand_def(AnyTensor)
    broadcast_sizes = prop_def(DenseArrayBase.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$operand `,` `sizes` `=` $broadcast_sizes attr-dict `:` functional-type(operands, results)"

    def verify_(self) -> None:
        require_shape("the result", self.result.type, (*dims_of(self.broadcast_sizes), *shape_of(self.operand.type)))


@irdl_op_definition
class ReshapeOp(ShapeGivenOp, HasFolderInterface):
    """The same elements in the same order in another shape."""

    name = "stablehlo.reshape"
    operand = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$operand attr-dict `:` functional-type(operands, results)"

    def verify_(self) -> None:
        require_element_type("the result", self.result.type, self.operand.type)
        source, target = shape_of(self.operand.type), shape_of(self.result.type)
        if shapes.static(*source, *target) and _count(source) != _count(target):
            raise VerifyException(f"{shapes.shape_text(source)} and {shapes.shape_text(target)} differ in their number of elements")

    def fold(self) -> tuple[SSAValue] | None:
        return (self.operand,) if self.operand.type == self.result.type else None


def _count(shape: Sequence[int]) -> int:
    from pyrie.support.shape import element_count

    return element_count(shape)


@irdl_op_definition
class DynamicReshapeOp(IRDLOperation):
    """`reshape` to a shape known at run time."""

    name = "stablehlo.dynamic_reshape"
    operand = operand_def(AnyTensor)
    output_shape = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    traits = traits_def(NoMemoryEffect())
    assembly_format = "$operand `,` $output_shape attr-dict `:` functional-type(operands, results)"

    def __init__(self, operand: SSAValue, output_shape: SSAValue, result_type: Attribute):
        super().__init__(operands=[operand, output_shape], result_types=[result_type])

    def verify_(self) -> None:
        require_element_type("the result", self.result.type, self.operand.type)
        require_shape("the shape operand", self.output_shape.type, [len(shape_of(self.result.type))])


@irdl_op_definition
class TransposeOp(IRDLOperation, HasFolderInterface):
    """Reorders dimensions: dimension i of the result is dimension `permutation[i]` of the operand."""

    name = "stablehlo.transpose"
    operand = operand_def(AnyTensor)
    permutation = prop_def(DenseArrayBase.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$operand `,` `dims` `=` $permutation attr-dict `:` functional-type(operands, results)"

    def __init__(self, operand: SSAValue, permutation: Sequence[int]):
        type = retyped(operand.type, shapes.transposed(shape_of(operand.type), permutation))
        super().__init__(operands=[operand], properties={"permutation": i64_array(permutation)}, result_types=[type])

    def verify_(self) -> None:
        require_shape("the result", self.result.type, shapes.transposed(shape_of(self.operand.type), dims_of(self.permutation)))

    def fold(self) -> tuple[SSAValue] | None:
        dims = dims_of(self.permutation)
        return (self.operand,) if list(dims) == sorted(dims) and self.operand.type == self.result.type else None


@irdl_op_definition
class ReverseOp(IRDLOperation):
    """Reverses the order of elements along `dimensions`."""

    name = "stablehlo.reverse"
    operand = operand_def(AnyTensor)
    dimensions = prop_def(DenseArrayBase.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    custom_directives = (UnaryType,)
    assembly_format = "$operand `,` `dims` `=` $dimensions attr-dict `:` custom<UnaryType>(type($operand), type($result))"

    def __init__(self, operand: SSAValue, dimensions: Sequence[int]):
        super().__init__(operands=[operand], properties={"dimensions": i64_array(dimensions)}, result_types=[operand.type])

    def verify_(self) -> None:
        require_axes("dimensions", dims_of(self.dimensions), len(shape_of(self.operand.type)))
        require_shape("the result", self.result.type, shape_of(self.operand.type))


@irdl_op_definition
class SliceOp(IRDLOperation):
    """The elements from `start_indices` up to `limit_indices`, every `strides`-th."""

    name = "stablehlo.slice"
    operand = operand_def(AnyTensor)
    start_indices = prop_def(DenseArrayBase.constr(i64))
    limit_indices = prop_def(DenseArrayBase.constr(i64))
    strides = prop_def(DenseArrayBase.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    custom_directives = (SliceRanges,)
    assembly_format = (
        "$operand custom<SliceRanges>($start_indices, $limit_indices, $strides) attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, operand: SSAValue, start: Sequence[int], limit: Sequence[int], strides: Sequence[int]):
        super().__init__(
            operands=[operand],
            properties={"start_indices": i64_array(start), "limit_indices": i64_array(limit), "strides": i64_array(strides)},
            result_types=[retyped(operand.type, shapes.sliced(shape_of(operand.type), start, limit, strides))],
        )

    def ranges(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        return dims_of(self.start_indices), dims_of(self.limit_indices), dims_of(self.strides)

    def verify_(self) -> None:
        require_shape("the result", self.result.type, shapes.sliced(shape_of(self.operand.type), *self.ranges()))


@irdl_op_definition
class DynamicSliceOp(IRDLOperation):
    """A slice of fixed sizes from start indices known at run time, which are clamped so that it lies inside."""

    name = "stablehlo.dynamic_slice"
    operand = operand_def(AnyTensor)
    start_indices = var_operand_def(AnyTensor)
    slice_sizes = prop_def(DenseArrayBase.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    custom_directives = (VariadicOperandWithAttribute,)
    assembly_format = (
        "$operand `,` custom<VariadicOperandWithAttribute>($start_indices) `sizes` `=` $slice_sizes"
        " attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, operand: SSAValue, start_indices: Sequence[SSAValue], sizes: Sequence[int]):
        super().__init__(
            operands=[operand, start_indices],
            properties={"slice_sizes": i64_array(sizes)},
            result_types=[retyped(operand.type, sizes)],
        )

    def verify_(self) -> None:
        if len(self.start_indices) != len(shape_of(self.operand.type)):
            raise VerifyException("needs a start index for each dimension")
        require_shape("the result", self.result.type, dims_of(self.slice_sizes))


@irdl_op_definition
class DynamicUpdateSliceOp(IRDLOperation):
    """The operand with `update` written at start indices known at run time, which are clamped so that it fits."""

    name = "stablehlo.dynamic_update_slice"
    operand = operand_def(AnyTensor)
    update = operand_def(AnyTensor)
    start_indices = var_operand_def(AnyTensor)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "operands attr-dict `:` functional-type(operands, results)"

    def __init__(self, operand: SSAValue, update: SSAValue, start_indices: Sequence[SSAValue]):
        super().__init__(operands=[operand, update, start_indices], result_types=[operand.type])

    def verify_(self) -> None:
        if len(self.start_indices) != len(shape_of(self.operand.type)):
            raise VerifyException("needs a start index for each dimension")
        require_shape("the result", self.result.type, shape_of(self.operand.type))


@irdl_op_definition
class RealDynamicSliceOp(IRDLOperation):
    """A slice whose starts, limits and strides are all known at run time."""

    name = "stablehlo.real_dynamic_slice"
    operand = operand_def(AnyTensor)
    start_indices = operand_def(AnyTensor)
    limit_indices = operand_def(AnyTensor)
    strides = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    traits = traits_def(NoMemoryEffect())
    assembly_format = "$operand `,` $start_indices `,` $limit_indices `,` $strides attr-dict `:` functional-type(operands, results)"

    def __init__(self, operand: SSAValue, start: SSAValue, limit: SSAValue, strides: SSAValue, result_type: Attribute):
        super().__init__(operands=[operand, start, limit, strides], result_types=[result_type])


@irdl_op_definition
class PadOp(IRDLOperation):
    """Adds `padding_value` before, after and between the elements; negative low and high counts take elements away."""

    name = "stablehlo.pad"
    operand = operand_def(AnyTensor)
    padding_value = operand_def(AnyTensor)
    edge_padding_low = prop_def(DenseArrayBase.constr(i64))
    edge_padding_high = prop_def(DenseArrayBase.constr(i64))
    interior_padding = prop_def(DenseArrayBase.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = (
        "$operand `,` $padding_value `,` `low` `=` $edge_padding_low `,` `high` `=` $edge_padding_high `,`"
        " `interior` `=` $interior_padding attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, operand: SSAValue, value: SSAValue, low: Sequence[int], high: Sequence[int], interior: Sequence[int] | None = None):
        interior = [0] * len(low) if interior is None else interior
        super().__init__(
            operands=[operand, value],
            properties={
                "edge_padding_low": i64_array(low),
                "edge_padding_high": i64_array(high),
                "interior_padding": i64_array(interior),
            },
            result_types=[retyped(operand.type, shapes.padded(shape_of(operand.type), low, high, interior))],
        )

    def counts(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        return dims_of(self.edge_padding_low), dims_of(self.edge_padding_high), dims_of(self.interior_padding)

    def verify_(self) -> None:
        require_shape("the result", self.result.type, shapes.padded(shape_of(self.operand.type), *self.counts()))
        require_element_type("the padding value", self.padding_value.type, self.operand.type)


@irdl_op_definition
class DynamicPadOp(IRDLOperation):
    """`pad` with counts known at run time."""

    name = "stablehlo.dynamic_pad"
    operand = operand_def(AnyTensor)
    padding_value = operand_def(AnyTensor)
    edge_padding_low = operand_def(AnyTensor)
    edge_padding_high = operand_def(AnyTensor)
    interior_padding = operand_def(AnyTensor)
    result = result_def(AnyTensor)
    traits = traits_def(NoMemoryEffect())
    assembly_format = (
        "$operand `,` $padding_value `,` $edge_padding_low `,` $edge_padding_high `,` $interior_padding"
        " attr-dict `:` functional-type(operands, results)"
    )


@irdl_op_definition
class ConcatenateOp(IRDLOperation):
    """Joins tensors along one dimension."""

    name = "stablehlo.concatenate"
    inputs = var_operand_def(AnyTensor)
    dimension = prop_def(IntegerAttr.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    custom_directives = (VariadicOperandWithAttribute,)
    assembly_format = "custom<VariadicOperandWithAttribute>($inputs) `dim` `=` $dimension attr-dict `:` functional-type(operands, results)"

    def __init__(self, inputs: Sequence[SSAValue], dimension: int):
        shape = shapes.concatenated([shape_of(value.type) for value in inputs], dimension)
        super().__init__(
            operands=[inputs],
            properties={"dimension": IntegerAttr(dimension, i64)},
            result_types=[retyped(inputs[0].type, shape)],
        )

    def verify_(self) -> None:
        expected = shapes.concatenated([shape_of(value.type) for value in self.inputs], self.dimension.value.data)
        require_shape("the result", self.result.type, expected)


@irdl_op_definition
class GatherOp(IRDLOperation):
    """Collects slices of the operand at `start_indices`, clamped so that each slice lies inside."""

    name = "stablehlo.gather"
    operand = operand_def(AnyTensor)
    start_indices = operand_def(AnyTensor)
    dimension_numbers = prop_def(GatherDimensionNumbersAttr)
    slice_sizes = prop_def(DenseArrayBase.constr(i64))
    indices_are_sorted = opt_prop_def(BoolAttr)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())

    def __init__(self, operand: SSAValue, start_indices: SSAValue, numbers: GatherDimensionNumbersAttr, slice_sizes: Sequence[int]):
        shape = shapes.gathered(shape_of(operand.type), shape_of(start_indices.type), numbers.data, slice_sizes)
        super().__init__(
            operands=[operand, start_indices],
            properties={"dimension_numbers": numbers, "slice_sizes": i64_array(slice_sizes)},
            result_types=[retyped(operand.type, shape)],
        )

    def verify_(self) -> None:
        indices = shape_of(self.start_indices.type)
        expected = shapes.gathered(shape_of(self.operand.type), indices, self.dimension_numbers.data, dims_of(self.slice_sizes))
        require_shape("the result", self.result.type, expected)


@irdl_op_definition
class DynamicGatherOp(IRDLOperation):
    """`gather` with slice sizes known at run time."""

    name = "stablehlo.dynamic_gather"
    operand = operand_def(AnyTensor)
    start_indices = operand_def(AnyTensor)
    slice_sizes = operand_def(AnyTensor)
    dimension_numbers = prop_def(GatherDimensionNumbersAttr)
    indices_are_sorted = opt_prop_def(BoolAttr)
    result = result_def(AnyTensor)
    traits = traits_def(NoMemoryEffect())

    def __init__(
        self, operand: SSAValue, start_indices: SSAValue, slice_sizes: SSAValue, numbers: GatherDimensionNumbersAttr, type: Attribute
    ):
        super().__init__(operands=[operand, start_indices, slice_sizes], properties={"dimension_numbers": numbers}, result_types=[type])


OPS: list[type[Operation]] = [
    BroadcastInDimOp, BroadcastOp, ConcatenateOp, ConstantOp, DynamicBroadcastInDimOp, DynamicGatherOp, DynamicIotaOp, DynamicPadOp,
    DynamicReshapeOp, DynamicSliceOp, DynamicUpdateSliceOp, GatherOp, GetDimensionSizeOp, IotaOp, PadOp, RealDynamicSliceOp, ReshapeOp,
    ReverseOp, RngOp, SetDimensionSizeOp, SliceOp, TransposeOp,
]  # fmt: skip
