"""The `iree_tensor_ext` dialect: what a dispatch sees of its tensors, and how its workgroup count depends on its workload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    IndexType,
    IntAttr,
    IntegerAttr,
    ShapedType,
    StringAttr,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, Dialect, Operation, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import (
    AnyAttr,
    AttrSizedOperandSegments,
    IRDLOperation,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import DynamicIndexList, dynamic_dimension_count

index = IndexType()


# ---- types and attributes ----------------------------------------------------------------------------------------------


@irdl_attr_definition
class DispatchTensorType(ParametrizedAttribute, TypeAttribute):
    """A tensor outside a dispatch as the dispatch sees it: `readonly`, `writeonly` or `readwrite`, loaded and stored in slices."""

    name = "iree_tensor_ext.dispatch.tensor"

    access: StringAttr
    bound_type: Attribute

    ACCESSES: ClassVar = ("readonly", "writeonly", "readwrite")

    def __init__(self, access: str | StringAttr, bound_type: Attribute):
        super().__init__(StringAttr(access) if isinstance(access, str) else access, bound_type)

    @property
    def shape(self) -> tuple[int, ...]:
        """Dimensions of the tensor; none for a scalar."""
        return self.bound_type.get_shape() if isinstance(self.bound_type, ShapedType) else ()

    @property
    def is_readable(self) -> bool:
        return self.access.data != "writeonly"

    @property
    def is_writable(self) -> bool:
        return self.access.data != "readonly"

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            access = parser.parse_identifier("tensor access")
            if access not in cls.ACCESSES:
                parser.raise_error(f"a dispatch tensor is {', '.join(cls.ACCESSES)}; not {access}")
            parser.parse_punctuation(":")
            return [StringAttr(access), parser.parse_type()]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(f"{self.access.data}:")
            printer.print_attribute(self.bound_type)

    def verify(self) -> None:
        if isinstance(self.bound_type, ShapedType) and not isinstance(self.bound_type, TensorType):
            raise VerifyException(f"a dispatch tensor is bound to a ranked tensor, integer or float, not {self.bound_type}")


@irdl_attr_definition
class RaggedShapeAttr(ParametrizedAttribute):
    """Dimension `row` counts rows whose lengths, dimension `row + 1`, differ."""

    name = "iree_tensor_ext.ragged_shape"

    row: IntAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [IntAttr(parser.parse_integer())]

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<{self.row.data}>")


@irdl_attr_definition
class SparseIterationDimsAttr(ParametrizedAttribute):
    """The loops of an iteration space that run over ragged data."""

    name = "iree_tensor_ext.sparse_iteration_dims"

    dims: ArrayAttr[IntAttr]

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [ArrayAttr(map(IntAttr, parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer)))]

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<[{', '.join(str(dim.data) for dim in self.dims)}]>")


# ---- loads and stores of slices ----------------------------------------------------------------------------------------


class _SliceOp(IRDLOperation):
    """A hyper-rectangular slice: offsets, sizes and strides, each partly static."""

    offsets = var_operand_def(index)
    sizes = var_operand_def(index)
    strides = var_operand_def(index)
    static_offsets = prop_def(DenseArrayBase.constr(i64))
    static_sizes = prop_def(DenseArrayBase.constr(i64))
    static_strides = prop_def(DenseArrayBase.constr(i64))

    custom_directives = (DynamicIndexList,)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def verify_slice(self, dispatch_tensor: SSAValue, dims: Sequence[SSAValue], tensor: SSAValue) -> None:
        type = dispatch_tensor.type
        if not isinstance(type, DispatchTensorType):
            raise VerifyException(f"expects a dispatch tensor, not {type}")
        ranks = {len(self.static_offsets), len(self.static_sizes), len(self.static_strides)}
        if ranks != {len(type.shape)}:
            raise VerifyException(f"has {sorted(ranks)} offsets, sizes or strides for a tensor of rank {len(type.shape)}")
        if len(dims) != dynamic_dimension_count(type.bound_type):
            raise VerifyException(f"has {len(dims)} dynamic dimension values for {type}")
        if not isinstance(tensor.type, TensorType):
            raise VerifyException(f"moves a ranked tensor, not {tensor.type}")


_SLICE = (
    "`offsets` `=` custom<DynamicIndexList>($offsets, $static_offsets) `,` `sizes` `=` custom<DynamicIndexList>($sizes, $static_sizes)"
    " `,` `strides` `=` custom<DynamicIndexList>($strides, $static_strides) attr-dict `:` "
)


@irdl_op_definition
class DispatchTensorLoadOp(_SliceOp):
    """Reads a slice of a dispatch's input as a tensor."""

    name = "iree_tensor_ext.dispatch.tensor.load"

    source = operand_def(base(DispatchTensorType))
    source_dims = var_operand_def(index)
    result = result_def(base(TensorType))

    assembly_format = "$source `,` " + _SLICE + "type($source) (`{` $source_dims^ `}`)? `->` type($result)"

    traits = traits_def(Pure())

    def verify_(self) -> None:
        self.verify_slice(self.source, self.source_dims, self.result)


@irdl_op_definition
class DispatchTensorStoreOp(_SliceOp):
    """Writes a tensor into a slice of a dispatch's output."""

    name = "iree_tensor_ext.dispatch.tensor.store"

    value = operand_def(base(TensorType))
    target = operand_def(base(DispatchTensorType))
    target_dims = var_operand_def(index)

    assembly_format = "$value `,` $target `,` " + _SLICE + "type($value) `->` type($target) (`{` $target_dims^ `}`)?"

    def verify_(self) -> None:
        self.verify_slice(self.target, self.target_dims, self.value)
        if isinstance(self.target.type, DispatchTensorType) and not self.target.type.is_writable:
            raise VerifyException(f"stores to {self.target.type}")


# ---- workload ----------------------------------------------------------------------------------------------------------


@irdl_op_definition
class DispatchWorkgroupCountFromSliceOp(IRDLOperation):
    """Stands for the workgroup count that the chosen tiling will compute from the workload."""

    name = "iree_tensor_ext.dispatch.workgroup_count_from_slice"

    workload = var_operand_def(index)
    x = result_def(index)
    y = result_def(index)
    z = result_def(index)

    assembly_format = "attr-dict `(` $workload `)`"

    traits = traits_def(Pure())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("x", "y", "z")


@irdl_op_definition
class DispatchWorkgroupCountSplitReductionModifierOp(IRDLOperation):
    """Multiplies a workgroup count by the number of parts that a reduction is split into."""

    name = "iree_tensor_ext.dispatch.workgroup_count_split_reduction_modifier"

    workgroup_x = operand_def(index)
    workgroup_y = operand_def(index)
    workgroup_z = operand_def(index)
    workload = var_operand_def(index)
    result_x = result_def(index)
    result_y = result_def(index)
    result_z = result_def(index)

    assembly_format = "attr-dict `workgroups` `(` $workgroup_x `,` $workgroup_y `,` $workgroup_z `)` `workload` `(` $workload `)`"

    traits = traits_def(Pure())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("result_x", "result_y", "result_z")


@irdl_op_definition
class DispatchWorkloadOrdinalOp(IRDLOperation):
    """Marks a value inside a dispatch as the workload operand number `ordinal`."""

    name = "iree_tensor_ext.dispatch.workload.ordinal"

    operand = operand_def(index)
    ordinal = prop_def(IntegerAttr.constr(index))
    result = result_def(index)

    assembly_format = "attr-dict $operand `,` $ordinal `:` type($operand)"

    traits = traits_def(Pure())


# ---- tensors -----------------------------------------------------------------------------------------------------------


@irdl_op_definition
class BitCastOp(IRDLOperation):
    """The bits of a tensor read as another type of the same size."""

    name = "iree_tensor_ext.bitcast"

    source = operand_def(base(TensorType))
    source_dims = var_operand_def(index)
    result_dims = var_operand_def(index)
    result = result_def(base(TensorType))

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "$source `:` type($source) (`{` $source_dims^ `}`)? `->` type($result) (`{` $result_dims^ `}`)? attr-dict-with-keyword"
    )

    traits = traits_def(Pure())

    def verify_(self) -> None:
        for dims, value in ((self.source_dims, self.source), (self.result_dims, self.result)):
            if len(dims) != dynamic_dimension_count(value.type):
                raise VerifyException(f"has {len(dims)} dynamic dimension values for {value.type}")


class _ComputeBarrierOp(IRDLOperation):
    value = operand_def(base(TensorType))
    value_dims = var_operand_def(index)
    result = result_def(base(TensorType))

    assembly_format = "$value `:` type($value) (`{` $value_dims^ `}`)? `->` type($result) attr-dict-with-keyword"

    traits = traits_def(Pure())

    def verify_(self) -> None:
        if self.value.type != self.result.type:
            raise VerifyException(f"returns {self.result.type} for {self.value.type}")


@irdl_op_definition
class ComputeBarrierStartOp(_ComputeBarrierOp):
    """Reshapes do not propagate down past this op, into computation."""

    name = "iree_tensor_ext.compute_barrier.start"


@irdl_op_definition
class ComputeBarrierEndOp(_ComputeBarrierOp):
    """Reshapes do not propagate up past this op, into computation."""

    name = "iree_tensor_ext.compute_barrier.end"


@irdl_op_definition
class CastToRaggedShapeOp(IRDLOperation):
    """Gives a flat tensor the type of a ragged one whose rows have the lengths in `column_lengths`."""

    name = "iree_tensor_ext.cast_to_ragged_shape"

    source = operand_def(AnyAttr())
    ragged_dim = prop_def(IntegerAttr.constr(index), prop_name="raggedDim")
    column_lengths = operand_def(AnyAttr())
    num_ragged_rows = opt_operand_def(index)
    source_dims = var_operand_def(index)
    result = result_def(AnyAttr())

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "$source `ragged_dim` `(` $raggedDim `)` `column_lengths` `(` $column_lengths `)` (`num_ragged_rows` `(` $num_ragged_rows^ `)`)?"
        " attr-dict `:` `(` type($source) (`{` $source_dims^ `}`)? `,` type($column_lengths) `)` `->` type($result)"
    )

    traits = traits_def(Pure())


OPS: list[type[Operation]] = [
    DispatchTensorLoadOp,
    DispatchTensorStoreOp,
    DispatchWorkgroupCountFromSliceOp,
    DispatchWorkgroupCountSplitReductionModifierOp,
    DispatchWorkloadOrdinalOp,
    BitCastOp,
    ComputeBarrierStartOp,
    ComputeBarrierEndOp,
    CastToRaggedShapeOp,
]

DIALECT = Dialect("iree_tensor_ext", OPS, [DispatchTensorType, RaggedShapeAttr, SparseIterationDimsAttr])
