"""What a kernel sees of its dispatch: workgroup numbers, constants and bindings."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, IndexType, IntegerAttr
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import dynamic_dimension_count
from pyrie.dialects.hal.assembly import HALOp, Shortened
from pyrie.dialects.hal.attributes import PipelineLayoutAttr
from pyrie.dialects.hal.enums import DescriptorFlagsAttr

INDEX_ATTR = IntegerAttr.constr(type=IndexType())


class InterfaceWorkgroupOp(HALOp):
    """A number of the grid in one of its three dimensions; `upper_bound` is the greatest it can be."""

    dimension = prop_def(INDEX_ATTR)
    upper_bound = opt_prop_def(INDEX_ATTR)
    result = result_def(IndexType)

    traits = traits_def(Pure())
    assembly_format = "`[` $dimension `]` (`upper_bound` $upper_bound^)? attr-dict `:` type($result)"

    def __init__(self, dimension: int, upper_bound: int | None = None):
        super().__init__(
            properties={
                "dimension": IntegerAttr.from_index_int_value(dimension),
                "upper_bound": None if upper_bound is None else IntegerAttr.from_index_int_value(upper_bound),
            },
            result_types=[IndexType()],
        )

    def asm_result_names(self) -> tuple[str | None, ...]:
        axis = "xyz"[self.dimension.value.data] if self.dimension.value.data < 3 else str(self.dimension.value.data)
        return (f"workgroup_{self.name.rsplit('.', 1)[1]}_{axis}",)


@irdl_op_definition
class InterfaceWorkgroupIDOp(InterfaceWorkgroupOp):
    """Which workgroup this is."""

    name = "hal.interface.workgroup.id"


@irdl_op_definition
class InterfaceWorkgroupCountOp(InterfaceWorkgroupOp):
    """How many workgroups there are."""

    name = "hal.interface.workgroup.count"


@irdl_op_definition
class InterfaceWorkgroupSizeOp(InterfaceWorkgroupOp):
    """How many invocations a workgroup has."""

    name = "hal.interface.workgroup.size"


@irdl_op_definition
class InterfaceConstantLoadOp(HALOp):
    """A 32-bit constant of the dispatch."""

    name = "hal.interface.constant.load"

    layout = prop_def(PipelineLayoutAttr)
    ordinal = prop_def(INDEX_ATTR)
    alignment = opt_prop_def(INDEX_ATTR)
    values = opt_prop_def(ArrayAttr)
    result = result_def()

    traits = traits_def(Pure())
    custom_directives = (Shortened,)
    assembly_format = (
        "`layout` `(` custom<Shortened>($layout) `)` `ordinal` `(` $ordinal `)` (`alignment` `(` $alignment^ `)`)? "
        "(`values` `(` $values^ `)`)? attr-dict `:` type($result)"
    )

    def __init__(
        self,
        layout: PipelineLayoutAttr,
        ordinal: int,
        type: Attribute,
        *,
        alignment: Attribute | None = None,
        values: Attribute | None = None,
    ):
        super().__init__(
            properties={
                "layout": layout,
                "ordinal": IntegerAttr.from_index_int_value(ordinal),
                "alignment": alignment,
                "values": values,
            },
            result_types=[type],
        )

    def verify_(self) -> None:
        if self.ordinal.value.data >= self.layout.constants.data:
            raise VerifyException(f"constant {self.ordinal.value.data} of a layout with {self.layout.constants.data} constants")


@irdl_op_definition
class InterfaceBindingSubspanOp(HALOp):
    """A binding of the dispatch from a byte offset on, as a tensor, memref or dispatch tensor."""

    name = "hal.interface.binding.subspan"

    layout = prop_def(PipelineLayoutAttr)
    binding = prop_def(INDEX_ATTR)
    byte_offset = opt_operand_def(IndexType)
    dynamic_dims = var_operand_def(IndexType)
    alignment = opt_prop_def(INDEX_ATTR)
    descriptor_flags = opt_prop_def(DescriptorFlagsAttr)
    result = result_def()

    traits = traits_def(Pure())
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (Shortened,)
    assembly_format = (
        "`layout` `(` custom<Shortened>($layout) `)` `binding` `(` $binding `)` (`alignment` `(` $alignment^ `)`)? "
        "(`offset` `(` $byte_offset^ `)`)? (`flags` `(` $descriptor_flags^ `)`)? attr-dict `:` type($result) (`{` $dynamic_dims^ `}`)?"
    )

    def __init__(
        self,
        layout: PipelineLayoutAttr,
        binding: int,
        type: Attribute,
        offset: SSAValue | None = None,
        dims: Sequence[SSAValue] = (),
        *,
        alignment: Attribute | None = None,
        flags: DescriptorFlagsAttr | None = None,
    ):
        super().__init__(
            operands=[[] if offset is None else [offset], dims],
            properties={
                "layout": layout,
                "binding": IntegerAttr.from_index_int_value(binding),
                "alignment": alignment,
                "descriptor_flags": flags,
            },
            result_types=[type],
        )

    def verify_(self) -> None:
        if self.binding.value.data >= len(self.layout.bindings):
            raise VerifyException(f"binding {self.binding.value.data} of a layout with {len(self.layout.bindings)} bindings")
        if (count := dynamic_dimension_count(self.result.type)) != len(self.dynamic_dims) and count:
            given = f"{len(self.dynamic_dims)} associated dimension SSA values"
            raise VerifyException(f"result type '{self.result.type}' has {count} dynamic dimensions but {given}")
