"""The `iree_codegen` dialect: how a kernel is to be compiled (configurations, pipelines) and its access to bound memory.

`FieldsAttr` is the storage of most configuration attributes, here and in `iree_cpu` and `iree_encoding`: named fields, kept as written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    FlatSymbolRefAttrConstr,
    IndexType,
    IntAttr,
    IntegerAttr,
    IntegerType,
    NoneAttr,
    StringAttr,
    SymbolRefAttr,
    i64,
)
from xdsl.ir import Attribute, Data, Dialect, ParametrizedAttribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.traits import IsTerminator, MemoryReadEffect, MemoryWriteEffect, Pure, ReturnLike

index = IndexType()


# ---- fields ------------------------------------------------------------------------------------------------------------


@irdl_attr_definition
class WordAttr(Data[str]):
    """A bare word that is the value of a field."""

    name = "iree_codegen.word"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> str:
        with parser.in_angle_brackets():
            return parser.parse_identifier()

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(f"<{self.data}>")


def parse_field_value(parser: AttrParser) -> Attribute:
    """Parses a number without a type, a list of values, a word, or any attribute."""
    values = parser.parse_optional_comma_separated_list(parser.Delimiter.SQUARE, lambda: parse_field_value(parser))
    if values is not None:
        return ArrayAttr(values)
    number = parser.parse_optional_integer(allow_boolean=False)
    if number is not None:
        if not parser.parse_optional_punctuation(":"):
            return IntAttr(number)
        type = parser.parse_type()
        if not isinstance(type, IndexType | IntegerType):
            parser.raise_error(f"a number cannot have the type {type}")
        return IntegerAttr(number, type)
    attribute = parser.parse_optional_attribute()
    return attribute if attribute is not None else WordAttr(parser.parse_identifier("value"))


def print_field_value(printer: Printer, value: Attribute) -> None:
    """Prints what `parse_field_value` reads."""
    match value:
        case ArrayAttr():
            with printer.in_square_brackets():
                printer.print_list(value, lambda element: print_field_value(printer, element))
        case IntAttr():
            printer.print_int(value.data)
        case WordAttr():
            printer.print_string(value.data)
        case _:
            printer.print_attribute(value)


def integers(value: Attribute | None) -> tuple[int, ...]:
    """The numbers of a list field such as `[4, 16, 0]`; none when the field is absent."""
    return tuple(element.data for element in value if isinstance(element, IntAttr)) if isinstance(value, ArrayAttr) else ()


@dataclass(frozen=True, init=False)
class FieldsAttr(ParametrizedAttribute):
    """Base of attributes written `<name = value, name = value>`."""

    fields: DictionaryAttr

    def __init__(self, fields: Mapping[str, Attribute] | DictionaryAttr = DictionaryAttr({})):  # noqa: B008
        super().__init__(fields if isinstance(fields, DictionaryAttr) else DictionaryAttr(dict(fields)))

    def get(self, name: str) -> Attribute | None:
        """The value of a field, or None."""
        return self.fields.data.get(name)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        def field() -> tuple[str, Attribute]:
            name = parser.parse_identifier("field name")
            parser.parse_punctuation("=")
            return name, parse_field_value(parser)

        return [DictionaryAttr(dict(parser.parse_optional_comma_separated_list(parser.Delimiter.ANGLE, field) or ()))]

    def print_parameters(self, printer: Printer) -> None:
        def field(item: tuple[str, Attribute]) -> None:
            printer.print_string(f"{item[0]} = ")
            print_field_value(printer, item[1])

        with printer.in_angle_brackets():
            printer.print_list(list(self.fields.data.items()), field)


class MnemonicAttr(ParametrizedAttribute):
    """Base of attributes that are their name alone."""


# ---- configurations ----------------------------------------------------------------------------------------------------


@irdl_attr_definition
class LoweringConfigAttr(FieldsAttr):
    """Tile sizes of an op, level by level: `<tile_sizes = [[64, 64], [8, 16]]>`."""

    name = "iree_codegen.lowering_config"

    def asm_alias(self) -> str | None:
        return "config"


@irdl_attr_definition
class CompilationInfoAttr(FieldsAttr):
    """A user's choice for an op: its lowering configuration and its kernel's translation."""

    name = "iree_codegen.compilation_info"

    def asm_alias(self) -> str | None:
        return "compilation"


@irdl_attr_definition
class ExportConfigAttr(FieldsAttr):
    """The workgroup size of a kernel formed by hand."""

    name = "iree_codegen.export_config"


@irdl_attr_definition
class RootOpAttr(FieldsAttr):
    """Marks the op whose tiling decides that of its kernel: `<set = 0>`."""

    name = "iree_codegen.root_op"


@irdl_attr_definition
class PipelineAttr(Data[str]):
    """A pass pipeline as text."""

    name = "iree_codegen.pass_pipeline"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> str:
        with parser.in_angle_brackets():
            return parser.parse_str_literal()

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string_literal(self.data)


@irdl_attr_definition
class NonePipelineAttr(MnemonicAttr):
    """The kernel is left as it is."""

    name = "iree_codegen.no_pipeline"


@irdl_attr_definition
class TransformDialectCodegenAttr(MnemonicAttr):
    """The kernel is compiled by the transform script named in `codegen_spec`."""

    name = "iree_codegen.transform_dialect_codegen"


@irdl_attr_definition
class TranslationInfoAttr(ParametrizedAttribute):
    """How a kernel is compiled: the pipeline, and for GPUs its workgroup and subgroup sizes."""

    name = "iree_codegen.translation_info"

    pipeline: Attribute
    codegen_spec: SymbolRefAttr | NoneAttr
    workgroup_size: ArrayAttr
    subgroup_size: IntAttr | NoneAttr
    configuration: DictionaryAttr | NoneAttr

    def asm_alias(self) -> str | None:
        return "translation"

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        codegen_spec = subgroup_size = configuration = NoneAttr()
        workgroup_size: Attribute = ArrayAttr(())
        with parser.in_angle_brackets():
            parser.parse_keyword("pipeline")
            parser.parse_punctuation("=")
            pipeline = parse_field_value(parser)
            while (word := parser.parse_optional_identifier()) is not None:
                parser.parse_punctuation("=")
                if word == "codegen_spec":
                    codegen_spec = parser.parse_attribute()
                elif word == "workgroup_size":
                    workgroup_size = parse_field_value(parser)
                elif word == "subgroup_size":
                    subgroup_size = IntAttr(parser.parse_integer())
                else:
                    parser.raise_error(f"a translation has no '{word}'")
            if parser.parse_optional_punctuation(","):
                configuration = parser.parse_attribute()
        return [pipeline, codegen_spec, workgroup_size, subgroup_size, configuration]

    def print_parameters(self, printer: Printer) -> None:
        fields = {"pipeline": self.pipeline, "codegen_spec": self.codegen_spec, "subgroup_size": self.subgroup_size}
        if self.workgroup_size.data:
            fields = {**fields, "workgroup_size": self.workgroup_size}
        with printer.in_angle_brackets():
            for i, name in enumerate(n for n in ("pipeline", "codegen_spec", "workgroup_size", "subgroup_size") if n in fields):
                if isinstance(fields[name], NoneAttr):
                    continue
                printer.print_string(f"{' ' if i else ''}{name} = ")
                print_field_value(printer, fields[name])
            if isinstance(self.configuration, DictionaryAttr):
                printer.print_string(", ")
                printer.print_attribute(self.configuration)


@irdl_attr_definition
class WorkgroupMappingAttr(ParametrizedAttribute):
    """The grid dimension a loop is distributed to: `<x>`, `<z:1>`."""

    name = "iree_codegen.workgroup_mapping"

    id: StringAttr
    delinearized_dim: IntAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            id = StringAttr(parser.parse_identifier())
            return [id, IntAttr(parser.parse_integer() if parser.parse_optional_punctuation(":") else 0)]

    def print_parameters(self, printer: Printer) -> None:
        dim = f":{self.delinearized_dim.data}" if self.delinearized_dim.data else ""
        printer.print_string(f"<{self.id.data}{dim}>")


# ---- ops ---------------------------------------------------------------------------------------------------------------


@irdl_op_definition
class LoadFromBufferOp(IRDLOperation):
    """The contents of a buffer as a tensor."""

    name = "iree_codegen.load_from_buffer"

    buffer = operand_def()
    tensor = result_def()

    assembly_format = "$buffer attr-dict `:` type($buffer) `->` type($tensor)"

    traits = traits_def(MemoryReadEffect())


@irdl_op_definition
class StoreToBufferOp(IRDLOperation):
    """Puts a tensor into a buffer."""

    name = "iree_codegen.store_to_buffer"

    tensor = operand_def()
    buffer = operand_def()

    assembly_format = "$tensor `,` $buffer attr-dict `:` type($tensor) `into` type($buffer)"

    traits = traits_def(MemoryWriteEffect())


@irdl_op_definition
class DispatchConfigOp(IRDLOperation):
    """What the launch of a kernel needs to know: the workgroup size, and the workgroup count from the workload."""

    name = "iree_codegen.dispatch_config"

    function_ref = prop_def(FlatSymbolRefAttrConstr)
    workgroup_size = opt_prop_def(DenseArrayBase.constr(i64))
    subgroup_size = opt_prop_def(IntegerAttr.constr(i64))
    workgroup_local_memory = opt_prop_def(IntegerAttr.constr(index))
    body = region_def()

    assembly_format = (
        "$function_ref (`workgroup_size` `=` $workgroup_size^)? (`subgroup_size` `=` $subgroup_size^)?"
        " (`workgroup_local_memory` `=` $workgroup_local_memory^)? $body attr-dict"
    )


@irdl_op_definition
class YieldOp(IRDLOperation):
    """Returns values from a region."""

    name = "iree_codegen.yield"

    arguments = var_operand_def()

    assembly_format = "attr-dict ($arguments^ `:` type($arguments))?"

    traits = traits_def(Pure(), IsTerminator(), ReturnLike())


DIALECT = Dialect(
    "iree_codegen",
    [DispatchConfigOp, LoadFromBufferOp, StoreToBufferOp, YieldOp],
    [
        CompilationInfoAttr,
        ExportConfigAttr,
        LoweringConfigAttr,
        NonePipelineAttr,
        PipelineAttr,
        RootOpAttr,
        TransformDialectCodegenAttr,
        TranslationInfoAttr,
        WordAttr,
        WorkgroupMappingAttr,
    ],
)
