"""The memref dialect: buffers in kernels. Where xDSL's ops are MLIR's, in text and meaning, they are used as they are."""

from __future__ import annotations

from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    IntegerAttr,
    MemRefType,
    StringAttr,
    SymbolNameConstraint,
    TensorType,
    UnitAttr,
    i64,
)
from xdsl.dialects.memref import (
    AllocaOp,
    AllocOp,
    AssumeAlignmentOp,
    CastOp,
    CollapseShapeOp,
    CopyOp,
    DeallocOp,
    DimOp,
    ExpandShapeOp,
    ExtractStridedMetaDataOp,
    GetGlobalOp,
    LoadOp,
    MemorySpaceCastOp,
    RankOp,
    ReinterpretCastOp,
    StoreOp,
    SubviewOp,
    ViewOp,
)
from xdsl.ir import Attribute, Dialect
from xdsl.irdl import IRDLOperation, irdl_op_definition, opt_prop_def, prop_def, traits_def
from xdsl.irdl.constraints import EqAttrConstraint
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from pyrie.ir.resources import ResourceAttr


@irdl_op_definition
class GlobalOp(IRDLOperation):
    """Memory that lives as long as the module: `memref.global "private" constant @w : memref<4xf32> = dense<...> alignment = 64`.

    Without an initial value the memory is defined elsewhere; `uninitialized` (a unit attribute) reserves it.
    """

    name = "memref.global"

    sym_name = prop_def(SymbolNameConstraint())
    sym_visibility = opt_prop_def(StringAttr)
    type = prop_def(MemRefType)
    initial_value = opt_prop_def(Attribute)
    constant = opt_prop_def(UnitAttr)
    alignment = opt_prop_def(IntegerAttr.constr(EqAttrConstraint(i64)))

    traits = traits_def(SymbolOpInterface())

    @classmethod
    def parse(cls, parser: Parser) -> GlobalOp:
        properties: dict[str, Attribute] = {}
        if (visibility := parser.parse_optional_str_literal()) is not None:
            properties["sym_visibility"] = StringAttr(visibility)
        if parser.parse_optional_keyword("constant"):
            properties["constant"] = UnitAttr()
        properties["sym_name"] = parser.parse_symbol_name()
        parser.parse_punctuation(":")
        type = properties["type"] = parser.parse_type()
        if not isinstance(type, MemRefType):
            parser.raise_error("expected a memref type")
        if parser.parse_optional_punctuation("="):
            tensor = TensorType(type.element_type, type.shape)
            if parser.parse_optional_keyword("uninitialized"):
                properties["initial_value"] = UnitAttr()
            elif parser.parse_optional_keyword("dense"):
                properties["initial_value"] = parser.parse_dense_int_or_fp_elements_attr(tensor)
            else:
                properties["initial_value"] = ResourceAttr.parse_with_type(parser, tensor)
        if parser.parse_optional_keyword("alignment"):
            parser.parse_punctuation("=")
            properties["alignment"] = IntegerAttr(parser.parse_integer(), i64)
        return cls.create(properties=properties, attributes=parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        if self.sym_visibility is not None:
            printer.print_string(f' "{self.sym_visibility.data}"')
        printer.print_string(" constant " if self.constant is not None else " ")
        printer.print_symbol_name(self.sym_name.data)
        printer.print_string(" : ")
        printer.print_attribute(self.type)
        match self.initial_value:
            case UnitAttr():
                printer.print_string(" = uninitialized")
            case DenseIntOrFPElementsAttr() | ResourceAttr() | DenseResourceAttr() as value:
                printer.print_string(" = ")
                value.print_without_type(printer)
            case _:
                pass
        if self.alignment is not None:
            printer.print_string(f" alignment = {self.alignment.value.data}")
        printer.print_op_attributes(self.attributes)

    def verify_(self) -> None:
        if not isinstance(self.initial_value, UnitAttr | DenseIntOrFPElementsAttr | ResourceAttr | DenseResourceAttr | None):
            raise VerifyException(f"cannot start as {self.initial_value}: give elements or `uninitialized`")


DIALECT = Dialect(
    "memref",
    [
        *(AllocOp, AllocaOp, AssumeAlignmentOp, CastOp, CollapseShapeOp, CopyOp, DeallocOp, DimOp, ExpandShapeOp),
        *(ExtractStridedMetaDataOp, GetGlobalOp, GlobalOp, LoadOp, MemorySpaceCastOp, RankOp, ReinterpretCastOp),
        *(StoreOp, SubviewOp, ViewOp),
    ],
)

__all__ = [
    "DIALECT", "AllocOp", "AllocaOp", "AssumeAlignmentOp", "CastOp", "CollapseShapeOp", "CopyOp", "DeallocOp", "DimOp", "ExpandShapeOp",
    "ExtractStridedMetaDataOp", "GetGlobalOp", "GlobalOp", "LoadOp", "MemorySpaceCastOp", "RankOp", "ReinterpretCastOp", "StoreOp",
    "SubviewOp", "ViewOp",
]  # fmt: skip
