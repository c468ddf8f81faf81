"""Executables: device code from its source in IR, through variants for targets, to binaries that the runtime loads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FlatSymbolRefAttrConstr,
    FunctionType,
    IndexType,
    IntegerAttr,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    UnitAttr,
    i1,
    i32,
    i64,
)
from xdsl.interfaces import HasCanonicalizationPatternsInterface
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.irdl import (
    AnyAttr,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.pattern_rewriter import RewritePattern
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, NoTerminator, Pure, SymbolOpInterface, SymbolTable
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import SymbolVisibility
from pyrie.dialects.hal.assembly import Body, ExportRegions, HALOp, Qualified, Shortened, parse_condition, print_condition
from pyrie.dialects.hal.attributes import ExecutableObjectsAttr, ExecutableTargetAttr, PipelineLayoutAttr
from pyrie.dialects.hal.types import DeviceType, ExecutableType

SYMBOL = "custom<SymbolVisibility>($sym_visibility) $sym_name"


def _symbol(name: str, visibility: str | None) -> dict[str, Attribute | None]:
    return {"sym_name": StringAttr(name), "sym_visibility": StringAttr(visibility) if visibility else None}


@irdl_op_definition
class ExecutableSourceOp(HALOp):
    """Device code written by hand: exports and objects, and perhaps a module, for all targets."""

    name = "hal.executable.source"

    sym_visibility = opt_prop_def(StringAttr)
    sym_name = prop_def(SymbolNameConstraint())
    objects = opt_prop_def(ExecutableObjectsAttr)
    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface(), SymbolTable(), NoTerminator())
    irdl_options = (ParsePropInAttrDict(),)
    custom_directives = (SymbolVisibility, Body)
    assembly_format = f"{SYMBOL} attr-dict-with-keyword custom<Body>($body)"


@irdl_op_definition
class ExecutableOp(HALOp):
    """Device code, in variants for targets, or in binaries once serialized."""

    name = "hal.executable"

    sym_visibility = opt_prop_def(StringAttr)
    lazy = opt_prop_def(UnitAttr)
    sym_name = prop_def(SymbolNameConstraint())
    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface(), SymbolTable(), NoTerminator())
    custom_directives = (SymbolVisibility, Body)
    assembly_format = "custom<SymbolVisibility>($sym_visibility) (`lazy` $lazy^)? $sym_name attr-dict-with-keyword custom<Body>($body)"

    def __init__(self, name: str, *, visibility: str | None = "private"):
        super().__init__(properties=_symbol(name, visibility), regions=[Region(Block())])

    @property
    def variants(self) -> list[ExecutableVariantOp]:
        return [op for op in self.body.block.ops if isinstance(op, ExecutableVariantOp)]

    @property
    def binaries(self) -> list[ExecutableBinaryOp]:
        return [op for op in self.body.block.ops if isinstance(op, ExecutableBinaryOp)]


@irdl_op_definition
class ExecutableVariantOp(HALOp, HasCanonicalizationPatternsInterface):
    """An executable for one target: its exports, and a module with the code."""

    name = "hal.executable.variant"

    sym_visibility = opt_prop_def(StringAttr)
    sym_name = prop_def(SymbolNameConstraint())
    target = prop_def(ExecutableTargetAttr)
    objects = opt_prop_def(ArrayAttr)
    sources = opt_prop_def(DictionaryAttr)
    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface(), SymbolTable(), NoTerminator())
    custom_directives = (SymbolVisibility, Body, Shortened)
    assembly_format = (
        f"{SYMBOL} `target` `(` custom<Shortened>($target) `)` (`objects` `(` $objects^ `)`)? (`sources` `(` $sources^ `)`)? "
        "attr-dict-with-keyword custom<Body>($body)"
    )

    def __init__(self, name: str, target: ExecutableTargetAttr, *, visibility: str | None = "public"):
        super().__init__(properties={**_symbol(name, visibility), "target": target}, regions=[Region(Block())])

    @property
    def exports(self) -> list[ExecutableExportOp]:
        return [op for op in self.body.block.ops if isinstance(op, ExecutableExportOp)]

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.hal.constant_blocks import MergeConstantBlocks

        return (MergeConstantBlocks(),)


@irdl_op_definition
class ExecutableExportOp(HALOp, HasCanonicalizationPatternsInterface):
    """A kernel: its layout, and how many workgroups a workload takes.

    `condition` says whether a device can run it; otherwise `condition_fallback` runs instead.
    """

    name = "hal.executable.export"

    sym_visibility = opt_prop_def(StringAttr)
    sym_name = prop_def(SymbolNameConstraint())
    ordinal = opt_prop_def(IntegerAttr.constr(type=IndexType()))
    layout = prop_def(PipelineLayoutAttr)
    condition_fallback = opt_prop_def(FlatSymbolRefAttrConstr)
    workgroup_size = opt_prop_def(ArrayAttr)
    subgroup_size = opt_prop_def(IntegerAttr.constr(type=IndexType()))
    workgroup_local_memory = opt_prop_def(IntegerAttr.constr(type=IndexType()))
    source_locs = opt_prop_def(DictionaryAttr)
    workgroup_count = region_def()
    condition = region_def()

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface())
    irdl_options = (ParsePropInAttrDict(),)
    custom_directives = (SymbolVisibility, ExportRegions, Qualified)
    assembly_format = (
        f"{SYMBOL} (`ordinal` `(` $ordinal^ `)`)? `layout` `(` custom<Qualified>($layout) `)` "
        "custom<ExportRegions>($condition, $condition_fallback, $workgroup_count) attr-dict-with-keyword"
    )

    def __init__(
        self, name: str, ordinal: int | None, layout: PipelineLayoutAttr, workgroup_count: Region, *, visibility: str | None = "public"
    ):
        super().__init__(
            properties={
                **_symbol(name, visibility),
                "ordinal": None if ordinal is None else IntegerAttr.from_index_int_value(ordinal),
                "layout": layout,
            },
            regions=[workgroup_count, Region()],
        )

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.hal.constant_blocks import DropTrueCondition

        return (DropTrueCondition(),)


@irdl_op_definition
class ExecutableConditionOp(HALOp):
    """Whether a device can run a variant."""

    name = "hal.executable.condition"

    function_type = prop_def(FunctionType)
    body = region_def()

    traits = traits_def(IsolatedFromAbove())

    @classmethod
    def parse(cls, parser: Parser) -> ExecutableConditionOp:
        body = parse_condition(parser)
        attributes = parser.parse_optional_attr_dict_with_keyword()
        return cls.create(
            properties={"function_type": FunctionType.from_lists([DeviceType()], [i1])},
            attributes=dict(attributes.data) if attributes else {},
            regions=[body],
        )

    def print(self, printer: Printer) -> None:
        print_condition(printer, self.body)
        printer.print_op_attributes(self.attributes, print_keyword=True)


@irdl_op_definition
class ExecutableConstantBlockOp(HALOp, HasCanonicalizationPatternsInterface):
    """Computes values that are known when an executable is loaded; each result has a key."""

    name = "hal.executable.constant.block"

    function_type = prop_def(FunctionType)
    keys = prop_def(ArrayAttr[StringAttr])
    body = region_def()

    traits = traits_def(IsolatedFromAbove())

    @classmethod
    def parse(cls, parser: Parser) -> ExecutableConstantBlockOp:
        arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_argument)
        parser.parse_punctuation("->")
        results = parser.parse_optional_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
        results = [parser.parse_type()] if results is None else results
        parser.parse_keyword("as")
        keys = parser.parse_optional_comma_separated_list(parser.Delimiter.PAREN, parser.parse_str_literal)
        keys = [parser.parse_str_literal()] if keys is None else keys
        attributes = parser.parse_optional_attr_dict_with_keyword()
        return cls.create(
            properties={
                "function_type": FunctionType.from_lists([argument.type for argument in arguments], results),
                "keys": ArrayAttr(StringAttr(key) for key in keys),
            },
            attributes=dict(attributes.data) if attributes else {},
            regions=[parser.parse_region(arguments)],
        )

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_list(self.body.blocks[0].args, printer.print_block_argument)
        printer.print_string(") -> ")
        for elements, parens in ((self.function_type.outputs, len(self.keys) != 1), (self.keys, len(self.keys) != 1)):
            printer.print_string("(" if parens else "")
            printer.print_list(elements, printer.print_attribute)
            printer.print_string(")" if parens else "")
            printer.print_string(" as " if elements is self.function_type.outputs else "")
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)

    def verify_(self) -> None:
        inputs, outputs = self.function_type.inputs.data, self.function_type.outputs.data
        if len(self.keys) != len(outputs):
            raise VerifyException(f"must have one key for every result: {len(outputs)} results but {len(self.keys)} keys")
        if inputs not in ((), (DeviceType(),)):
            raise VerifyException("initializer must take a !hal.device or nothing")
        if any(type != i32 for type in outputs):
            raise VerifyException("initializer must return only i32 values")

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.hal.constant_blocks import DeduplicateConstantKeys, DropUnusedDevice

        return (DeduplicateConstantKeys(), DropUnusedDevice())


@irdl_op_definition
class ExecutableConstantLoadOp(HALOp):
    """Inside device code: a value computed by a constant block."""

    name = "hal.executable.constant.load"

    key = prop_def(StringAttr)
    result = result_def()

    traits = traits_def(Pure())
    assembly_format = "$key attr-dict `:` type($result)"


@irdl_op_definition
class ExecutableBinaryOp(HALOp):
    """A variant in the bytes that the runtime loads."""

    name = "hal.executable.binary"

    sym_visibility = opt_prop_def(StringAttr)
    sym_name = prop_def(SymbolNameConstraint())
    format = prop_def(StringAttr)
    data = prop_def(AnyAttr())
    mime_type = opt_prop_def(StringAttr)

    traits = traits_def(SymbolOpInterface())
    irdl_options = (ParsePropInAttrDict(),)
    custom_directives = (SymbolVisibility,)
    assembly_format = f"{SYMBOL} attr-dict-with-keyword"

    def __init__(self, name: str, format: str, data: Attribute, mime_type: str | None = None, *, visibility: str | None = "public"):
        super().__init__(
            properties={
                **_symbol(name, visibility),
                "format": StringAttr(format),
                "data": data,
                "mime_type": StringAttr(mime_type) if mime_type else None,
            }
        )


@irdl_op_definition
class ExecutableCreateOp(HALOp):
    """Loads a binary on a device, with the values of its constant block."""

    name = "hal.executable.create"

    device = operand_def(DeviceType)
    queue_affinity = operand_def(i64)
    executable_target = prop_def(SymbolRefAttr)
    constants = var_operand_def(i32)
    result = result_def(ExecutableType)

    RESULT_NAMES: ClassVar = ("executable",)
    traits = traits_def(Pure())
    assembly_format = (
        "`device` `(` $device `:` type($device) `)` `affinity` `(` $queue_affinity `)` `target` `(` $executable_target `)` "
        "(`constants` `(` `[` $constants^ `]` `)`)? `:` type($result) attr-dict-with-keyword"
    )

    def __init__(self, device: SSAValue, affinity: SSAValue, target: SymbolRefAttr, constants: Sequence[SSAValue] = ()):
        super().__init__(operands=[device, affinity, constants], properties={"executable_target": target}, result_types=[ExecutableType()])


@irdl_op_definition
class ExecutableLookupOp(HALOp):
    """An executable as it was loaded on a device."""

    name = "hal.executable.lookup"

    device = operand_def(DeviceType)
    executable = prop_def(FlatSymbolRefAttrConstr)
    result = result_def(ExecutableType)

    RESULT_NAMES: ClassVar = ("exe",)
    traits = traits_def(Pure())
    assembly_format = "`device` `(` $device `:` type($device) `)` `executable` `(` $executable `)` `:` type($result) attr-dict-with-keyword"

    def __init__(self, device: SSAValue, executable: str):
        super().__init__(operands=[device], properties={"executable": SymbolRefAttr(executable)}, result_types=[ExecutableType()])


@irdl_op_definition
class ExecutableLookupFunctionOp(HALOp):
    """The number of an export in a loaded executable."""

    name = "hal.executable.lookup.function"

    executable = operand_def(ExecutableType)
    entry_point = prop_def(SymbolRefAttr)
    result = result_def(i64)

    RESULT_NAMES: ClassVar = ("function_id",)
    traits = traits_def(Pure())
    assembly_format = (
        "`target` `(` $executable `:` type($executable) `)` `function` `(` $entry_point `)` `:` type($result) attr-dict-with-keyword"
    )

    def __init__(self, executable: SSAValue, entry_point: SymbolRefAttr):
        super().__init__(operands=[executable], properties={"entry_point": entry_point}, result_types=[i64])


@irdl_op_definition
class ExecutableExportOrdinalOp(HALOp):
    """The ordinal of an export, known once executables are linked."""

    name = "hal.executable.export.ordinal"

    entry_point = prop_def(SymbolRefAttr)
    result = result_def(IndexType)

    RESULT_NAMES: ClassVar = ("ordinal",)
    traits = traits_def(Pure())
    assembly_format = "`target` `(` $entry_point `)` `:` type($result) attr-dict-with-keyword"

    def __init__(self, entry_point: SymbolRefAttr):
        super().__init__(properties={"entry_point": entry_point}, result_types=[IndexType()])


@irdl_op_definition
class ExecutableCalculateWorkgroupsOp(HALOp):
    """The workgroup count of an export for a workload; its count region is inlined in place of this op."""

    name = "hal.executable.calculate_workgroups"

    device = operand_def(DeviceType)
    entry_point = prop_def(SymbolRefAttr)
    workload = var_operand_def(IndexType)
    workgroup_x = result_def(IndexType)
    workgroup_y = result_def(IndexType)
    workgroup_z = result_def(IndexType)

    RESULT_NAMES: ClassVar = ("workgroup_x", "workgroup_y", "workgroup_z")
    traits = traits_def(Pure())
    assembly_format = (
        "`device` `(` $device `:` type($device) `)` `target` `(` $entry_point `)` (`workload` `(` `[` $workload^ `]` `)`)? "
        "`:` type($workgroup_x) `,` type($workgroup_y) `,` type($workgroup_z) attr-dict-with-keyword"
    )

    def __init__(self, device: SSAValue, entry_point: SymbolRefAttr, workload: Sequence[SSAValue]):
        super().__init__(
            operands=[device, workload], properties={"entry_point": entry_point}, result_types=[IndexType(), IndexType(), IndexType()]
        )
