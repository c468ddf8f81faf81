"""Ops on tensors whose sizes still follow from their types (encodings); `encode` passes turn them into ops on bytes."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, StringAttr, SymbolRefAttr, UnitAttr, i64
from xdsl.ir import Attribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    ParsingState,
    TypeDirective,
    VariadicOperandVariable,
    irdl_custom_directive,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import (
    Directive,
    DispatchEntryPoints,
    ParameterReference,
    ShapedTiedResult,
    dynamic_dimension_count,
    operand_key,
    parse_dimensions,
    parse_list_or_one,
    parse_shaped_type,
    parse_tied_type,
    print_dimensions,
    print_list_or_one,
    print_shaped_type,
    tied_indices,
    tied_operands_attr,
)
from pyrie.dialects.stream.assembly import ON, Resource, StreamOp, encoded, index
from pyrie.dialects.stream.types import ResourceType
from pyrie.dialects.util.types import BufferType


class _TensorOp(StreamOp):
    """Base: `ENCODED` names the values that have `_encoding` and `_encoding_dims`; their dynamic dimensions are counted."""

    ENCODED: ClassVar[tuple[str, ...]] = ()

    def verify_(self) -> None:
        super().verify_()
        for name in self.ENCODED:
            encoding, dims = getattr(self, f"{name}_encoding"), getattr(self, f"{name}_encoding_dims")
            if len(dims) != dynamic_dimension_count(encoding):
                raise VerifyException(f"has {len(dims)} dynamic dimension values for {encoding}")


# ---- import and export -------------------------------------------------------------------------------------------------


@irdl_op_definition
class TensorImportOp(_TensorOp):
    """A value of another dialect, such as a buffer view, as a resource."""

    name = "stream.tensor.import"
    ENCODED: ClassVar = ("result",)
    TIED: ClassVar = ("source",)

    source = operand_def()
    result_encoding = prop_def()
    result_encoding_dims = var_operand_def(index)
    result_size = operand_def(index)
    consume = opt_prop_def(UnitAttr)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    assembly_format = ON + "(`consume` $consume^)? $source `:` type($source) `->` " + encoded("result") + "attr-dict-with-keyword"

    traits = traits_def(Pure())


@irdl_op_definition
class TensorExportOp(_TensorOp):
    """A resource as a value of another dialect, such as a buffer view."""

    name = "stream.tensor.export"
    ENCODED: ClassVar = ("source",)
    TIED: ClassVar = ("source",)

    source = operand_def(Resource)
    source_encoding = prop_def()
    source_encoding_dims = var_operand_def(index)
    source_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def()

    assembly_format = ON + "$source `:` " + encoded("source") + "`->` type($result) attr-dict-with-keyword"

    traits = traits_def(Pure())


@irdl_op_definition
class TensorSizeOfOp(_TensorOp):
    """Bytes that a tensor of the given type takes in storage."""

    name = "stream.tensor.sizeof"

    encoding = prop_def()
    encoding_dims = var_operand_def(index)
    affinity = opt_prop_def(Attribute)
    storage_size = result_def(index)

    assembly_format = ON + "$encoding (`{` $encoding_dims^ `}`)? attr-dict `:` type($storage_size)"

    traits = traits_def(Pure())

    def verify_(self) -> None:
        if len(self.encoding_dims) != dynamic_dimension_count(self.encoding):
            raise VerifyException(f"has {len(self.encoding_dims)} dynamic dimension values for {self.encoding}")


# ---- whole tensors -----------------------------------------------------------------------------------------------------


@irdl_op_definition
class TensorEmptyOp(_TensorOp):
    """A tensor of undefined contents."""

    name = "stream.tensor.empty"
    ENCODED: ClassVar = ("result",)

    result_encoding = prop_def()
    result_encoding_dims = var_operand_def(index)
    result_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    assembly_format = ON + "`:` " + encoded("result") + "attr-dict-with-keyword"

    traits = traits_def(Pure())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("empty",)


@irdl_op_definition
class TensorConstantOp(_TensorOp):
    """A constant tensor."""

    name = "stream.tensor.constant"
    ENCODED: ClassVar = ("result",)

    value = prop_def()
    result_encoding = prop_def()
    result_encoding_dims = var_operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    assembly_format = ON + "`:` $result_encoding (`` `{` $result_encoding_dims^ `}`)? `in` type($result) `=` $value attr-dict-with-keyword"

    traits = traits_def(Pure())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("cst",)


@irdl_op_definition
class TensorSplatOp(_TensorOp):
    """A tensor whose every element is one value."""

    name = "stream.tensor.splat"
    ENCODED: ClassVar = ("result",)

    value = operand_def()
    result_encoding = prop_def()
    result_encoding_dims = var_operand_def(index)
    result_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    assembly_format = ON + "$value `:` type($value) `->` " + encoded("result") + "attr-dict-with-keyword"

    traits = traits_def(Pure())


class _TransformOp(_TensorOp):
    ENCODED: ClassVar = ("source", "result")

    source = operand_def(Resource)
    source_encoding = prop_def()
    source_encoding_dims = var_operand_def(index)
    source_size = operand_def(index)
    result_encoding = prop_def()
    result_encoding_dims = var_operand_def(index)
    result_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = ON + "$source `:` " + encoded("source") + "`->` " + encoded("result") + "attr-dict-with-keyword"

    traits = traits_def(Pure())


@irdl_op_definition
class TensorCloneOp(_TransformOp):
    """A copy of a tensor."""

    name = "stream.tensor.clone"


@irdl_op_definition
class TensorEncodeOp(_TransformOp):
    """The tensor in another layout."""

    name = "stream.tensor.encode"


# ---- parts of tensors --------------------------------------------------------------------------------------------------


@irdl_op_definition
class TensorSliceOp(_TensorOp):
    """A copy of a hyper-rectangle of a tensor."""

    name = "stream.tensor.slice"
    ENCODED: ClassVar = ("source", "result")

    source = operand_def(Resource)
    source_encoding = prop_def()
    source_encoding_dims = var_operand_def(index)
    source_size = operand_def(index)
    start_indices = var_operand_def(index)
    lengths = var_operand_def(index)
    result_encoding = prop_def()
    result_encoding_dims = var_operand_def(index)
    result_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        ON
        + "$source `[` $start_indices `for` $lengths `]` `:` "
        + encoded("source")
        + "`->` "
        + encoded("result")
        + "attr-dict-with-keyword"
    )

    traits = traits_def(Pure())


_TARGET = (
    "$target_encoding (`` `{` $target_encoding_dims^ `}`)? `in`"
    " custom<ShapedTiedResult>(ref($target), type($target), $target_size) attr-dict-with-keyword"
)


@irdl_op_definition
class TensorFillOp(_TensorOp):
    """`target` with a hyper-rectangle filled with one value, in place."""

    name = "stream.tensor.fill"
    ENCODED: ClassVar = ("target",)
    TIED: ClassVar = ("target",)

    T: ClassVar = VarConstraint("T", Resource)
    target = operand_def(T)
    target_encoding = prop_def()
    target_encoding_dims = var_operand_def(index)
    target_size = operand_def(index)
    start_indices = var_operand_def(index)
    lengths = var_operand_def(index)
    value = operand_def()
    affinity = opt_prop_def(Attribute)
    result = result_def(T)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ShapedTiedResult,)
    assembly_format = ON + "$value `,` $target (`[` $start_indices `for` $lengths^ `]`)? `:` type($value) `->` " + _TARGET


@irdl_op_definition
class TensorUpdateOp(_TensorOp):
    """`target` with the hyper-rectangle at `start_indices` replaced by `update`, in place."""

    name = "stream.tensor.update"
    ENCODED: ClassVar = ("target", "update")
    TIED: ClassVar = ("target",)

    T: ClassVar = VarConstraint("T", Resource)
    target = operand_def(T)
    target_encoding = prop_def()
    target_encoding_dims = var_operand_def(index)
    target_size = operand_def(index)
    start_indices = var_operand_def(index)
    update = operand_def(Resource)
    update_encoding = prop_def()
    update_encoding_dims = var_operand_def(index)
    update_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(T)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ShapedTiedResult,)
    assembly_format = ON + "$update `,` $target `[` $start_indices `]` `:` " + encoded("update") + "`->` " + _TARGET


@irdl_op_definition
class TensorLoadOp(_TensorOp):
    """Reads one element of a staging tensor on the host."""

    name = "stream.tensor.load"
    ENCODED: ClassVar = ("source",)

    source = operand_def(Resource)
    source_encoding = prop_def()
    source_encoding_dims = var_operand_def(index)
    source_size = operand_def(index)
    indices = var_operand_def(index)
    result = result_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = "$source (`[` $indices^ `]`)? `:` " + encoded("source") + "`->` type($result) attr-dict-with-keyword"

    traits = traits_def(Pure())


@irdl_op_definition
class TensorStoreOp(_TensorOp):
    """A staging tensor with one element replaced by a host value, in place."""

    name = "stream.tensor.store"
    ENCODED: ClassVar = ("target",)
    TIED: ClassVar = ("target",)

    T: ClassVar = VarConstraint("T", Resource)
    target = operand_def(T)
    target_encoding = prop_def()
    target_encoding_dims = var_operand_def(index)
    target_size = operand_def(index)
    indices = var_operand_def(index)
    value = operand_def()
    result = result_def(T)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ShapedTiedResult,)
    assembly_format = "$value `,` $target (`[` $indices^ `]`)? `:` type($value) `->` " + _TARGET

    traits = traits_def(Pure())


# ---- traces and dispatches ---------------------------------------------------------------------------------------------


@irdl_custom_directive
class EncodedResourceOperands(Directive):
    """`%resource : tensor<?xf32>{%dim} in type{%size}, ...`, each on a line of its own."""

    resources: VariadicOperandVariable
    types: TypeDirective
    sizes: VariadicOperandVariable
    encodings: AttributeVariable
    dims: VariadicOperandVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        sizes: list[UnresolvedOperand] = []
        dims: list[UnresolvedOperand] = []

        def one() -> tuple[UnresolvedOperand, Attribute, Attribute]:
            resource = parser.parse_unresolved_operand()
            parser.parse_punctuation(":")
            encoding = parse_shaped_type(parser, dims)
            parser.parse_keyword("in")
            return resource, encoding, parse_shaped_type(parser, sizes)

        rows = parser.parse_comma_separated_list(parser.Delimiter.NONE, one)
        self.resources.set(state, [row[0] for row in rows])
        self.encodings.set(state, ArrayAttr(row[1] for row in rows))
        self.types.set(state, [row[2] for row in rows])
        self.sizes.set(state, sizes)
        self.dims.set(state, dims)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        encodings = self.encodings.get(op)
        assert isinstance(encodings, ArrayAttr)
        sizes, dims = iter(self.sizes.get(op)), iter(self.dims.get(op))
        with printer.indented():
            for i, (resource, encoding) in enumerate(zip(self.resources.get(op), encodings, strict=True)):
                printer.print_string(",\n" if i else "\n")
                printer.print_ssa_value(resource)
                printer.print_string(" : ")
                print_shaped_type(printer, encoding, dims)
                printer.print_string(" in ")
                print_shaped_type(printer, resource.type, sizes)
        printer.print_string("\n")


@irdl_op_definition
class TensorTraceOp(_TensorOp):
    """Prints staging tensors when the program runs."""

    name = "stream.tensor.trace"
    SIZES: ClassVar = (("resources", "resource_sizes"),)

    key = prop_def(StringAttr)
    resources = var_operand_def(Resource)
    resource_sizes = var_operand_def(index)
    resource_encodings = prop_def(ArrayAttr)
    resource_encoding_dims = var_operand_def(index)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (EncodedResourceOperands,)
    assembly_format = (
        "$key `=` `[` custom<EncodedResourceOperands>($resources, type($resources), $resource_sizes, $resource_encodings,"
        " $resource_encoding_dims) `]` attr-dict-with-keyword"
    )


@irdl_custom_directive
class EncodedShapedFunctionType(Directive):
    """`(tensor<?xf32>{%d} in type{%size}, i32) -> tensor<4xf32> in %operand{%size}`: a dispatch's types and encodings."""

    operands: VariadicOperandVariable
    operand_types: TypeDirective
    operand_sizes: VariadicOperandVariable
    operand_encodings: AttributeVariable
    operand_dims: VariadicOperandVariable
    result_types: TypeDirective
    result_sizes: VariadicOperandVariable
    result_encodings: AttributeVariable
    result_dims: VariadicOperandVariable
    tied: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        operands = _EncodedList(parser)
        parser.parse_comma_separated_list(parser.Delimiter.PAREN, operands.parse_operand)
        parser.parse_punctuation("->")
        names = [operand_key(operand) for operand in state.operands[self.operands.index] or ()]
        results = _EncodedList(parser)
        parse_list_or_one(parser, lambda: results.parse_result(names, operands.types))
        self.operand_types.set(state, operands.types)
        self.operand_sizes.set(state, operands.sizes)
        self.operand_encodings.set(state, ArrayAttr(operands.encodings))
        self.operand_dims.set(state, operands.dims)
        self.result_types.set(state, results.types)
        self.result_sizes.set(state, results.sizes)
        self.result_encodings.set(state, ArrayAttr(results.encodings))
        self.result_dims.set(state, results.dims)
        if (tied := tied_operands_attr(results.ties)) is not None:
            self.tied.set(state, tied)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        encodings, result_encodings = self.operand_encodings.get(op), self.result_encodings.get(op)
        assert isinstance(encodings, ArrayAttr) and isinstance(result_encodings, ArrayAttr)
        operands, result_types = self.operands.get(op), self.result_types.get(op)
        sizes, dims = iter(self.operand_sizes.get(op)), iter(self.operand_dims.get(op))
        result_sizes, result_dims = iter(self.result_sizes.get(op)), iter(self.result_dims.get(op))

        def operand(row: tuple[Attribute, Attribute]) -> None:
            type, encoding = row
            if isinstance(type, ResourceType):
                print_shaped_type(printer, encoding, dims)
                printer.print_string(" in ")
            print_shaped_type(printer, type, sizes)

        def result(row: tuple[Attribute, Attribute, int]) -> None:
            type, encoding, tie = row
            if isinstance(type, ResourceType):
                print_shaped_type(printer, encoding, result_dims)
                printer.print_string(" in ")
            if tie >= 0:
                printer.print_ssa_value(operands[tie])
                if operands[tie].type != type:
                    printer.print_string(" as ")
            if tie < 0 or operands[tie].type != type:
                printer.print_attribute(type)
            print_dimensions(printer, type, result_sizes)

        with printer.in_parens():
            printer.print_list(list(zip(self.operand_types.get(op), encodings, strict=True)), operand)
        printer.print_string(" -> ")
        ties = tied_indices(self.tied.get(op), len(result_types))
        print_list_or_one(printer, list(zip(result_types, result_encodings, ties, strict=True)), result)


class _EncodedList:
    """Operands or results of `EncodedShapedFunctionType` as they are parsed. A scalar's encoding is its own type."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.types: list[Attribute] = []
        self.sizes: list[UnresolvedOperand] = []
        self.encodings: list[Attribute] = []
        self.dims: list[UnresolvedOperand] = []
        self.ties: list[int] = []

    def parse_operand(self) -> None:
        type = parse_shaped_type(self.parser, self.dims)
        self.encodings.append(type)
        if self.parser.parse_optional_keyword("in"):
            type = parse_shaped_type(self.parser, self.sizes)
        self.types.append(type)

    def parse_result(self, names: list[tuple[str, int]], operand_types: list[Attribute]) -> None:
        type, tie = parse_tied_type(self.parser, names, operand_types)
        parse_dimensions(self.parser, type, self.dims)
        self.encodings.append(type)
        if self.parser.parse_optional_keyword("in"):
            type, tie = parse_tied_type(self.parser, names, operand_types)
            parse_dimensions(self.parser, type, self.sizes)
        self.types.append(type)
        self.ties.append(tie)


@irdl_op_definition
class TensorDispatchOp(_TensorOp):
    """Runs an executable's entry point on tensors."""

    name = "stream.tensor.dispatch"
    TIED_LIST: ClassVar = "mixed_operands"
    SIZES: ClassVar = (("mixed_operands", "operand_sizes"), ("results_", "result_sizes"))

    workload = var_operand_def(index)
    entry_points = prop_def(ArrayAttr[SymbolRefAttr])
    mixed_operands = var_operand_def()
    operand_sizes = var_operand_def(index)
    operand_encodings = prop_def(ArrayAttr)
    operand_encoding_dims = var_operand_def(index)
    result_sizes = var_operand_def(index)
    result_encodings = prop_def(ArrayAttr)
    result_encoding_dims = var_operand_def(index)
    tied_operands = opt_prop_def(ArrayAttr)
    affinity = opt_prop_def(Attribute)
    results_ = var_result_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (DispatchEntryPoints, EncodedShapedFunctionType)
    assembly_format = (
        ON + "custom<DispatchEntryPoints>($entry_points) (`[` $workload^ `]`)? `` `(` $mixed_operands `)` attr-dict `:`"
        " custom<EncodedShapedFunctionType>(ref($mixed_operands), type($mixed_operands), $operand_sizes, $operand_encodings,"
        " $operand_encoding_dims, type($results_), $result_sizes, $result_encodings, $result_encoding_dims, $tied_operands)"
    )

    traits = traits_def(Pure())


# ---- parameters --------------------------------------------------------------------------------------------------------


@irdl_op_definition
class TensorParameterLoadOp(_TensorOp):
    """A tensor read from a parameter archive."""

    name = "stream.tensor.parameter.load"
    ENCODED: ClassVar = ("result",)

    source_scope = opt_operand_def(BufferType())
    source_key = operand_def(BufferType())
    source_offset = operand_def(i64)
    result_encoding = prop_def()
    result_encoding_dims = var_operand_def(index)
    result_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ParameterReference,)
    assembly_format = (
        ON
        + "custom<ParameterReference>($source_scope, $source_key) `` `[` $source_offset `]` `:` "
        + encoded("result")
        + "attr-dict-with-keyword"
    )

    traits = traits_def(Pure())


@irdl_op_definition
class TensorParameterWriteOp(_TensorOp):
    """Writes a tensor to a parameter archive."""

    name = "stream.tensor.parameter.write"
    ENCODED: ClassVar = ("source",)
    TIED: ClassVar = ("source",)

    T: ClassVar = VarConstraint("T", Resource)
    source = operand_def(T)
    source_encoding = prop_def()
    source_encoding_dims = var_operand_def(index)
    source_size = operand_def(index)
    target_scope = opt_operand_def(BufferType())
    target_key = operand_def(BufferType())
    target_offset = operand_def(i64)
    affinity = opt_prop_def(Attribute)
    result = result_def(T)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ParameterReference,)
    assembly_format = (
        ON
        + "$source `->` custom<ParameterReference>($target_scope, $target_key) `` `[` $target_offset `]` `:` "
        + encoded("source")
        + "attr-dict-with-keyword"
    )


OPS = [
    TensorCloneOp,
    TensorConstantOp,
    TensorDispatchOp,
    TensorEmptyOp,
    TensorEncodeOp,
    TensorExportOp,
    TensorFillOp,
    TensorImportOp,
    TensorLoadOp,
    TensorParameterLoadOp,
    TensorParameterWriteOp,
    TensorSizeOfOp,
    TensorSliceOp,
    TensorSplatOp,
    TensorStoreOp,
    TensorTraceOp,
    TensorUpdateOp,
]
