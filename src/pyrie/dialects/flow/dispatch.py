"""Dispatches of workgroups: as regions, as isolated closures, and as calls of executables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    ArrayAttr,
    FlatSymbolRefAttrConstr,
    IndexType,
    IntegerAttr,
    ShapedType,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
)
from xdsl.ir import Attribute, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    VarConstraint,
    base,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.irdl.declarative_assembly_format import ParsingState, RegionVariable, irdl_custom_directive
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import (
    HasParent,
    IsolatedFromAbove,
    IsTerminator,
    Pure,
    ReturnLike,
    SingleBlockImplicitTerminator,
    SymbolOpInterface,
    SymbolTable,
    ensure_terminator,
)
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import (
    Directive,
    DispatchEntryPoints,
    ImplicitTerminatorRegion,
    ShapedFunctionType,
    SymbolAlias,
    SymbolVisibility,
    WorkgroupCountRegion,
    dynamic_dimension_count,
    parse_shaped_type,
    parse_workgroup_count,
    print_region_arguments,
    print_shaped_type,
    print_workgroup_count,
)
from pyrie.dialects.iree_tensor_ext import DispatchTensorType

index = IndexType()


def verify_dynamic_dims(values: Sequence[SSAValue], dims: Sequence[SSAValue]) -> None:
    """Every dynamic dimension of `values` has exactly one value in `dims`."""
    needed = sum(dynamic_dimension_count(value.type) for value in values)
    if needed != len(dims):
        raise VerifyException(f"has {len(dims)} dynamic dimension values for {needed} dynamic dimensions")


def verify_no_index_tensors(values: Sequence[SSAValue]) -> None:
    """The width of `index` differs between host and device, so no tensor of it crosses."""
    for value in values:
        if isinstance(value.type, ShapedType) and getattr(value.type, "element_type", None) == index:
            raise VerifyException(f"passes {value.type}: index must not cross the dispatch boundary")


@irdl_op_definition
class ReturnOp(IRDLOperation):
    """Returns values from a dispatch region or a workgroup count."""

    name = "flow.return"

    arguments = var_operand_def()

    assembly_format = "attr-dict ($arguments^ `:` type($arguments))?"

    traits = traits_def(Pure(), IsTerminator(), ReturnLike())


# ---- regions -----------------------------------------------------------------------------------------------------------


@irdl_custom_directive
class DispatchWorkgroupBody(Directive):
    """`(%arg: type, ...) { ... }`"""

    body: RegionVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_argument)
        self.body.set(state, parser.parse_region(arguments))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        body = self.body.get(op)
        print_region_arguments(printer, body)
        printer.print_string(" ")
        printer.print_region(body, print_entry_block_args=False)


@irdl_custom_directive
class DispatchWorkgroupsCountRegion(Directive):
    """` count(%w: index) -> (index, index, index) { ... }`; nothing when the region is empty."""

    region: RegionVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.region.set(state, parse_workgroup_count(parser) if parser.parse_optional_keyword("count") else Region())

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        if (region := self.region.get(op)).blocks:
            printer.print_string(" count")
            print_workgroup_count(printer, region)


@irdl_op_definition
class DispatchRegionOp(IRDLOperation):
    """Ops that are to become one dispatch. The body captures what it uses; the second region computes the workgroup count."""

    name = "flow.dispatch.region"

    result_dims = var_operand_def(index)
    workload = var_operand_def(index)
    results_ = var_result_def()
    body = region_def()
    workgroup_count = region_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure())

    @classmethod
    def parse(cls, parser: Parser) -> DispatchRegionOp:
        workload = parser.parse_optional_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_unresolved_operand) or []
        dims: list[UnresolvedOperand] = []
        types: Sequence[Attribute] = ()
        if parser.parse_optional_punctuation("->"):
            types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: parse_shaped_type(parser, dims))
        attributes = parser.parse_optional_attr_dict_with_keyword()
        body = parser.parse_region()
        count = parse_workgroup_count(parser) if parser.parse_optional_keyword("count") else Region()
        return cls.build(
            operands=[[parser.resolve_operand(o, index) for o in dims], [parser.resolve_operand(o, index) for o in workload]],
            result_types=[types],
            attributes=dict(attributes.data) if attributes else {},
            regions=[body, count],
        )

    def print(self, printer: Printer) -> None:
        if self.workload:
            with printer.in_square_brackets():
                printer.print_list(self.workload, printer.print_ssa_value)
        dims = iter(self.result_dims)
        printer.print_string(" -> ")
        with printer.in_parens():
            printer.print_list(self.result_types, lambda type: print_shaped_type(printer, type, dims))
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body)
        if self.workgroup_count.blocks:
            printer.print_string(" count")
            print_workgroup_count(printer, self.workgroup_count)

    def verify_(self) -> None:
        verify_dynamic_dims(self.results, self.result_dims)
        if not self.body.blocks:
            raise VerifyException("has no body")
        for block in self.body.blocks:
            returned = block.last_op
            if isinstance(returned, ReturnOp) and tuple(returned.operand_types) != tuple(self.result_types):
                raise VerifyException("returns other types from its body than it is declared to give")
        verify_workgroup_count(self.workload, self.workgroup_count)


def verify_workgroup_count(workload: Sequence[SSAValue], region: Region) -> None:
    """A workgroup count takes the workload and returns three indices."""
    if not region.blocks:
        return
    if len(workload) != len(region.block.args):
        raise VerifyException(f"passes {len(workload)} workload values to a workgroup count region of {len(region.block.args)}")
    last = region.block.last_op
    if not isinstance(last, ReturnOp) or list(last.operand_types) != [index] * 3:
        raise VerifyException("needs a workgroup count region that returns three indices")


@irdl_op_definition
class DispatchWorkgroupsOp(IRDLOperation):
    """Runs its isolated body once for each workgroup of a three-dimensional grid.

    Outside, values: tensors in, tensors out. Inside, each tensor is a `dispatch.tensor` argument, inputs first, then the results that
    are not tied to an input.
    """

    name = "flow.dispatch.workgroups"

    workload = var_operand_def(index)
    arguments = var_operand_def()
    argument_dims = var_operand_def(index)
    result_dims = var_operand_def(index)
    tied_operands = opt_prop_def(ArrayAttr[IntegerAttr])
    results_ = var_result_def()
    workgroup_body = region_def()
    workgroup_count = region_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ShapedFunctionType, DispatchWorkgroupBody, DispatchWorkgroupsCountRegion)
    assembly_format = (
        "(`[` $workload^ `]`)? `` `(` $arguments `)` `:` custom<ShapedFunctionType>(ref($arguments), type($arguments), $argument_dims,"
        " type($results_), $result_dims, $tied_operands) attr-dict-with-keyword `=` `\\n` ` ` ` ` ` `"
        " custom<DispatchWorkgroupBody>($workgroup_body) `` custom<DispatchWorkgroupsCountRegion>($workgroup_count)"
    )

    traits = traits_def(Pure(), IsolatedFromAbove())

    def verify_(self) -> None:
        verify_dynamic_dims(self.arguments, self.argument_dims)
        verify_dynamic_dims(self.results, self.result_dims)
        verify_no_index_tensors((*self.arguments, *self.results))
        verify_workgroup_count(self.workload, self.workgroup_count)


# ---- inside a dispatch -------------------------------------------------------------------------------------------------


class _WorkgroupInfoOp(IRDLOperation):
    dimension = prop_def(IntegerAttr.constr(index))
    result = result_def(index)

    assembly_format = "`[` $dimension `]` attr-dict `:` type($result)"

    traits = traits_def(Pure())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return (f"{self.name.removeprefix('flow.dispatch.').replace('.', '_')}_{self.dimension.value.data}",)

    def verify_(self) -> None:
        if not 0 <= self.dimension.value.data <= 2:
            raise VerifyException(f"asks for dimension {self.dimension.value.data} of a grid of three")


@irdl_op_definition
class DispatchWorkgroupIDOp(_WorkgroupInfoOp):
    """Index of the current workgroup along one dimension of the grid."""

    name = "flow.dispatch.workgroup.id"


@irdl_op_definition
class DispatchWorkgroupCountOp(_WorkgroupInfoOp):
    """Number of workgroups along one dimension of the grid."""

    name = "flow.dispatch.workgroup.count"


@irdl_op_definition
class DispatchWorkgroupSizeOp(_WorkgroupInfoOp):
    """Number of invocations of a workgroup along one dimension."""

    name = "flow.dispatch.workgroup.size"


@irdl_op_definition
class DispatchTieShapeOp(IRDLOperation):
    """Attaches the values of its dynamic dimensions to a dispatch tensor."""

    name = "flow.dispatch.tie_shape"

    T: ClassVar = VarConstraint("T", base(DispatchTensorType))
    operand = operand_def(T)
    dynamic_dims = var_operand_def(index)
    result = result_def(T)

    assembly_format = "$operand attr-dict `:` type($result) (`{` $dynamic_dims^ `}`)?"

    traits = traits_def(Pure())

    def verify_(self) -> None:
        type = self.operand.type
        if isinstance(type, DispatchTensorType) and dynamic_dimension_count(type.bound_type) != len(self.dynamic_dims):
            raise VerifyException(f"has {len(self.dynamic_dims)} dynamic dimension values for {type}")


# ---- executables -------------------------------------------------------------------------------------------------------


@irdl_op_definition
class ExecutableEndOp(IRDLOperation):
    """Ends the body of an executable."""

    name = "flow.executable_end"

    assembly_format = "attr-dict"

    traits = traits_def(IsTerminator())


@irdl_op_definition
class ExecutableOp(IRDLOperation):
    """A module of device code and the entry points it exports."""

    name = "flow.executable"

    sym_visibility = opt_prop_def(StringAttr)
    sym_name = prop_def(SymbolNameConstraint())
    body = region_def("single_block")

    custom_directives = (SymbolVisibility, ImplicitTerminatorRegion)
    assembly_format = "custom<SymbolVisibility>($sym_visibility) $sym_name attr-dict-with-keyword custom<ImplicitTerminatorRegion>($body)"

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface(), SymbolTable(), SingleBlockImplicitTerminator(ExecutableEndOp))

    def __post_init__(self) -> None:
        for trait in self.get_traits_of_type(SingleBlockImplicitTerminator):
            ensure_terminator(self, trait)


@irdl_op_definition
class ExecutableExportOp(IRDLOperation):
    """An entry point of an executable; the region computes the workgroup count from the workload."""

    name = "flow.executable.export"

    sym_visibility = opt_prop_def(StringAttr)
    sym_name = prop_def(SymbolNameConstraint())
    function_ref = prop_def(FlatSymbolRefAttrConstr)
    workgroup_count = region_def()

    custom_directives = (SymbolVisibility, SymbolAlias, WorkgroupCountRegion)
    assembly_format = (
        "custom<SymbolVisibility>($sym_visibility) custom<SymbolAlias>($sym_name, $function_ref)"
        " custom<WorkgroupCountRegion>($workgroup_count) attr-dict-with-keyword"
    )

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface(), HasParent(ExecutableOp))

    def verify_(self) -> None:
        if self.workgroup_count.blocks:
            verify_workgroup_count(self.workgroup_count.block.args, self.workgroup_count)


@irdl_op_definition
class DispatchOp(IRDLOperation):
    """Calls an executable's entry point on a grid that the entry point computes from the workload."""

    name = "flow.dispatch"

    workload = var_operand_def(index)
    entry_points = prop_def(ArrayAttr[SymbolRefAttr])
    arguments = var_operand_def()
    argument_dims = var_operand_def(index)
    result_dims = var_operand_def(index)
    tied_operands = opt_prop_def(ArrayAttr[IntegerAttr])
    results_ = var_result_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (DispatchEntryPoints, ShapedFunctionType)
    assembly_format = (
        "custom<DispatchEntryPoints>($entry_points) (`[` $workload^ `]`)? `` `(` $arguments `)` attr-dict `:`"
        " custom<ShapedFunctionType>(ref($arguments), type($arguments), $argument_dims, type($results_), $result_dims, $tied_operands)"
    )

    traits = traits_def(Pure())

    def verify_(self) -> None:
        verify_dynamic_dims(self.arguments, self.argument_dims)
        verify_dynamic_dims(self.results, self.result_dims)
        if not self.entry_points.data:
            raise VerifyException("names no entry point")
