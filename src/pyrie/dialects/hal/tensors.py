"""Where tensors cross into and out of the program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import IndexType, StringAttr, TensorType, UnitAttr
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AnyAttr,
    AttrSizedOperandSegments,
    VarConstraint,
    base,
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
from xdsl.irdl.operations import IRDLOperation
from xdsl.parser import Parser
from xdsl.pattern_rewriter import RewritePattern
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import TypeAlias, dynamic_dimension_count
from pyrie.dialects.hal.types import BufferType, BufferViewType, FenceType

BUFFER_OR_VIEW = base(BufferType) | base(BufferViewType)


def _verify_dimensions(type: Attribute, dims: Sequence[SSAValue]) -> None:
    if (expected := dynamic_dimension_count(type)) != len(dims):
        raise VerifyException(f"{type} has {expected} dynamic dimensions but {len(dims)} values are given")


@irdl_op_definition
class TensorImportOp(IRDLOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """A tensor with the contents of a buffer given from outside."""

    name = "hal.tensor.import"

    affinity = opt_prop_def(AnyAttr())
    consume = opt_prop_def(UnitAttr)
    source = operand_def(BUFFER_OR_VIEW)
    target_dims = var_operand_def(IndexType)
    wait_fence = opt_operand_def(FenceType)
    byte_offset = opt_operand_def(IndexType)
    import_name = opt_prop_def(StringAttr, prop_name="name")
    target_encoding = prop_def(AnyAttr())
    target = result_def(TensorType)

    traits = traits_def(Pure())
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (TypeAlias,)
    assembly_format = (
        "(`on` `(` $affinity^ `)`)? (`wait` `(` $wait_fence^ `)` `=` `` `>`)? (`consume` $consume^)? $source "
        "(`offset` `(` $byte_offset^ `)`)? ($name^)? `:` type($source) `->` "
        "custom<TypeAlias>($target_encoding, type($target)) (`{` $target_dims^ `}`)? attr-dict"
    )

    def __init__(
        self,
        source: SSAValue,
        target_type: Attribute,
        dims: Sequence[SSAValue] = (),
        *,
        name: str | None = None,
        encoding: Attribute | None = None,
        affinity: Attribute | None = None,
        consume: bool = False,
    ):
        super().__init__(
            operands=[source, dims, [], []],
            properties={
                "affinity": affinity,
                "consume": UnitAttr() if consume else None,
                "name": StringAttr(name) if name else None,
                "target_encoding": encoding or target_type,
            },
            result_types=[target_type],
        )

    @property
    def is_more_than_a_view(self) -> bool:
        """Whether the op says something beside which buffer the tensor is in: when it is there, whose it is, where in the buffer."""
        return self.wait_fence is not None or self.byte_offset is not None or self.consume is not None

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.hal.tensor_patterns import TakeConstantDimensions

        return (TakeConstantDimensions(),)

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        export = self.source.owner
        if not isinstance(export, TensorExportOp) or self.is_more_than_a_view:
            return None
        same = export.source.type == self.target.type and export.source_encoding == self.target_encoding
        return (export.source,) if same else None

    def verify_(self) -> None:
        _verify_dimensions(self.target_encoding, self.target_dims)


@irdl_op_definition
class TensorExportOp(IRDLOperation, HasFolderInterface):
    """A buffer or view with the contents of a tensor, handed to the outside."""

    name = "hal.tensor.export"

    affinity = opt_prop_def(AnyAttr())
    source = operand_def(TensorType)
    export_name = opt_prop_def(StringAttr, prop_name="name")
    source_encoding = prop_def(AnyAttr())
    source_dims = var_operand_def(IndexType)
    target = result_def(BUFFER_OR_VIEW)

    traits = traits_def(Pure())
    custom_directives = (TypeAlias,)
    assembly_format = (
        "(`on` `(` $affinity^ `)`)? $source ($name^)? `:` custom<TypeAlias>($source_encoding, type($source)) "
        "(`{` $source_dims^ `}`)? `->` type($target) attr-dict"
    )

    def __init__(
        self,
        source: SSAValue,
        target_type: Attribute,
        dims: Sequence[SSAValue] = (),
        *,
        name: str | None = None,
        encoding: Attribute | None = None,
        affinity: Attribute | None = None,
    ):
        super().__init__(
            operands=[source, dims],
            properties={
                "affinity": affinity,
                "name": StringAttr(name) if name else None,
                "source_encoding": encoding or source.type,
            },
            result_types=[target_type],
        )

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        imported = self.source.owner
        if not isinstance(imported, TensorImportOp) or imported.is_more_than_a_view:
            return None
        same = imported.source.type == self.target.type and imported.target_encoding == self.source_encoding
        return (imported.source,) if same else None

    def verify_(self) -> None:
        _verify_dimensions(self.source_encoding, self.source_dims)


@irdl_op_definition
class TensorAliasOp(IRDLOperation):
    """States that a tensor is stored in a buffer given from outside."""

    name = "hal.tensor.alias"

    T: ClassVar = VarConstraint("T", base(TensorType))
    affinity = opt_prop_def(AnyAttr())
    source = operand_def(T)
    source_dims = var_operand_def(IndexType)
    storage = operand_def(BUFFER_OR_VIEW)
    wait_fence = opt_operand_def(FenceType)
    result = result_def(T)

    traits = traits_def(Pure())
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "(`on` `(` $affinity^ `)`)? (`wait` `(` $wait_fence^ `)` `=` `` `>`)? $source `:` type($source) "
        "(`{` $source_dims^ `}`)? `to` $storage `:` type($storage) attr-dict"
    )

    def verify_(self) -> None:
        _verify_dimensions(self.source.type, self.source_dims)


@irdl_op_definition
class TensorTransientsOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """States that temporaries needed to compute a tensor come from a buffer given from outside."""

    name = "hal.tensor.transients"

    T: ClassVar = VarConstraint("T", base(TensorType))
    affinity = opt_prop_def(AnyAttr())
    source = operand_def(T)
    source_dims = var_operand_def(IndexType)
    storage = operand_def(BUFFER_OR_VIEW)
    result = result_def(T)

    traits = traits_def(Pure())
    assembly_format = (
        "(`on` `(` $affinity^ `)`)? $source `:` type($source) (`{` $source_dims^ `}`)? `from` $storage `:` type($storage) attr-dict"
    )

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.hal.tensor_patterns import JoinTransients

        return (JoinTransients(),)


@irdl_op_definition
class TensorBarrierOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """Signals a fence when all tensors are computed."""

    name = "hal.tensor.barrier"

    sources = var_operand_def(TensorType)
    signal_fence = operand_def(FenceType)
    res = var_result_def(TensorType)

    def __init__(self, sources: Sequence[SSAValue], fence: SSAValue):
        super().__init__(operands=[sources, fence], result_types=[[source.type for source in sources]])

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.hal.tensor_patterns import WaitForEachTensorOnce

        return (WaitForEachTensorOnce(),)

    @classmethod
    def parse(cls, parser: Parser) -> TensorBarrierOp:
        parser.parse_keyword("join")
        position = parser.pos
        sources, types = [], []
        with parser.in_parens():
            if not parser.parse_optional_punctuation(":"):
                sources = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_unresolved_operand)
                parser.parse_punctuation(":")
                types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        parser.parse_punctuation("=")
        parser.parse_punctuation(">")
        fence = parser.parse_unresolved_operand()
        parser.parse_punctuation(":")
        op = cls(parser.resolve_operands(sources, types, position), parser.resolve_operand(fence, parser.parse_type()))
        attributes = parser.parse_optional_attr_dict_with_keyword()
        op.attributes.update(attributes.data if attributes else {})
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" join(")
        printer.print_list(self.sources, printer.print_ssa_value)
        printer.print_string(" : ")
        printer.print_list([source.type for source in self.sources], printer.print_attribute)
        printer.print_string(") => ")
        printer.print_ssa_value(self.signal_fence)
        printer.print_string(" : ")
        printer.print_attribute(self.signal_fence.type)
        printer.print_op_attributes(self.attributes, print_keyword=True)

    def verify_(self) -> None:
        if [source.type for source in self.sources] != [result.type for result in self.res]:
            raise VerifyException("results differ in type from sources")
