"""Dispatches of kernels that were compiled elsewhere."""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, IndexType, IntegerAttr, StringAttr
from xdsl.ir import Attribute, Operation, Region
from xdsl.irdl import (
    AttrSizedOperandSegments,
    ParsePropInAttrDict,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
    var_region_def,
    var_result_def,
)
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    ParsingState,
    RegionVariable,
    VariadicRegionVariable,
    irdl_custom_directive,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import (
    Directive,
    ShapedFunctionType,
    dynamic_dimension_count,
    parse_workgroup_count,
    print_workgroup_count,
)
from pyrie.dialects.hal.assembly import HALOp, Shortened, parse_condition, print_condition
from pyrie.dialects.hal.attributes import ExecutableTargetAttr, PipelineLayoutAttr
from pyrie.dialects.hal.types import DeviceType


@irdl_custom_directive
class WorkgroupCount(Directive):
    """`(%device: !hal.device, %x: index) -> (index, index, index) { ... }`"""

    region: RegionVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.region.set(state, parse_workgroup_count(parser))

    def write(self, printer: Printer, op: Operation) -> None:
        print_workgroup_count(printer, self.region.get(op))  # pyright: ignore[reportArgumentType]


@irdl_custom_directive
class TargetConditionObjects(Directive):
    """Lines of `#target if(%device: !hal.device) -> i1 { ... } ordinal(0) = [#object, ...]`; the condition may be absent.

    Parameters ($targets, $ordinals, $objects, $conditions).
    """

    targets: AttributeVariable
    ordinals: AttributeVariable
    objects: AttributeVariable
    conditions: VariadicRegionVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        def one() -> tuple[Attribute, Region, Attribute, Attribute]:
            target = parser.parse_attribute()
            condition = parse_condition(parser) if parser.parse_optional_keyword("if") else Region()
            parser.parse_keyword("ordinal")
            with parser.in_parens():
                ordinal = IntegerAttr.from_index_int_value(parser.parse_integer(allow_negative=False))
            parser.parse_punctuation("=")
            return target, condition, ordinal, parser.parse_attribute()

        rows = parser.parse_comma_separated_list(parser.Delimiter.NONE, one)
        self.targets.set(state, ArrayAttr(row[0] for row in rows))
        self.conditions.set(state, [row[1] for row in rows])
        self.ordinals.set(state, ArrayAttr(row[2] for row in rows))
        self.objects.set(state, ArrayAttr(row[3] for row in rows))

    def write(self, printer: Printer, op: Operation) -> None:
        assert isinstance(op, DispatchExternOp)
        with printer.indented():
            for i, (target, ordinal, objects, condition) in enumerate(
                zip(op.targets, op.target_ordinals, op.target_objects, op.target_regions, strict=True)
            ):
                printer.print_string(",\n" if i else "\n")
                printer.print_attribute(target)
                if condition.blocks:
                    printer.print_string(" if")
                    print_condition(printer, condition)
                printer.print_string(f" ordinal({ordinal.value.data}) = ")
                printer.print_attribute(objects)
        printer.print_string("\n")


@irdl_op_definition
class DispatchExternOp(HALOp):
    """Runs a kernel that object files hold, over tensors; a `flow.dispatch.workgroups` whose body the compiler does not see.

    Each target has its objects, the number of the kernel in them, and perhaps a condition on the device; the first that applies is taken.
    """

    name = "hal.dispatch.extern"

    export_name = prop_def(StringAttr)
    workload = var_operand_def(IndexType)
    arguments = var_operand_def()
    argument_dims = var_operand_def(IndexType)
    result_dims = var_operand_def(IndexType)
    layout = prop_def(PipelineLayoutAttr)
    targets = prop_def(ArrayAttr[ExecutableTargetAttr])
    target_ordinals = prop_def(ArrayAttr[IntegerAttr])
    target_objects = prop_def(ArrayAttr[ArrayAttr])
    workgroup_size = opt_prop_def(ArrayAttr)
    subgroup_size = opt_prop_def(IntegerAttr.constr(type=IndexType()))
    workgroup_local_memory = opt_prop_def(IntegerAttr.constr(type=IndexType()))
    tied_operands = opt_prop_def(ArrayAttr[IntegerAttr])
    results_ = var_result_def()
    workgroup_count = region_def()
    target_regions = var_region_def()

    traits = traits_def(Pure(), IsolatedFromAbove())
    irdl_options = (AttrSizedOperandSegments(as_property=True), ParsePropInAttrDict())
    custom_directives = (ShapedFunctionType, WorkgroupCount, Shortened, TargetConditionObjects)
    assembly_format = (
        "$export_name (`[` $workload^ `]`)? `` `(` $arguments `)` `:` custom<ShapedFunctionType>(ref($arguments), type($arguments), "
        "$argument_dims, type($results_), $result_dims, $tied_operands) `count` `` custom<WorkgroupCount>($workgroup_count) "
        "`layout` `(` custom<Shortened>($layout) `)` `objects` `(` `{` `` "
        "custom<TargetConditionObjects>($targets, $target_ordinals, $target_objects, $target_regions) `` `}` `)` "
        "attr-dict-with-keyword"
    )

    def verify_(self) -> None:
        for values, dims in ((self.arguments, self.argument_dims), (self.results_, self.result_dims)):
            if (count := sum(dynamic_dimension_count(value.type) for value in values)) != len(dims):
                raise VerifyException(f"{count} dynamic dimensions but {len(dims)} values are given for them")
        expected = [DeviceType(), *(IndexType() for _ in self.workload)]
        given = [argument.type for argument in self.workgroup_count.blocks[0].args] if self.workgroup_count.blocks else expected
        if given != expected:
            raise VerifyException(f"the count region takes a device and {len(self.workload)} indices, one for each of the workload")
        if len({len(self.targets), len(self.target_ordinals), len(self.target_objects), len(self.target_regions)}) != 1:
            raise VerifyException("each target has one ordinal, one list of objects and one condition")
