"""The vector dialect at tile level: what kernels say before registers exist (`vector<8x48xf32>`).

The transfer ops, masks and element access are xDSL's; the shape and reduction ops that xDSL lacks are declared here.
"""

from __future__ import annotations

from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, BoolAttr, DenseArrayBase, IndexType, MemRefType, VectorType, i64
from xdsl.dialects.utils import EnumAttribute
from xdsl.dialects.vector import (
    BitcastOp,
    BroadcastOp,
    CombiningKindFlag,
    CreateMaskOp,
    ExtractOp,
    FMAOp,
    InsertOp,
    MaskedLoadOp,
    MaskedStoreOp,
    TransferReadOp,
    TransferWriteOp,
)
from xdsl.ir import Attribute, Dialect, Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    VarConstraint,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import AttrParser, Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException


@irdl_attr_definition
class CombiningKindAttr(EnumAttribute[CombiningKindFlag]):
    """How elements are combined: `add`, `maximumf`, ..."""

    name = "vector.kind"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> CombiningKindFlag:
        with parser.in_angle_brackets():
            return CombiningKindFlag(parser.parse_identifier())

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(f"<{self.data.value}>")


@irdl_op_definition
class ShapeCastOp(IRDLOperation):
    """The same elements in row-major order under another shape."""

    name = "vector.shape_cast"

    source = operand_def(base(VectorType))
    result = result_def(base(VectorType))

    traits = traits_def(Pure())
    assembly_format = "$source attr-dict `:` type($source) `to` type($result)"

    def __init__(self, source: SSAValue | Operation, result_type: VectorType):
        super().__init__(operands=[source], result_types=[result_type])

    def verify_(self) -> None:
        source, result = vector_shape(self.source.type), vector_shape(self.result.type)
        if prod(source) != prod(result):
            raise VerifyException(f"changes the number of elements from {source} to {result}")


@irdl_op_definition
class TransposeOp(IRDLOperation):
    """Permutes the dimensions: dimension `i` of the result is dimension `permutation[i]` of the source."""

    name = "vector.transpose"

    vector = operand_def(base(VectorType))
    permutation = prop_def(DenseArrayBase.constr(i64))
    result = result_def(base(VectorType))

    traits = traits_def(Pure())
    assembly_format = "$vector `,` $permutation attr-dict `:` type($vector) `to` type($result)"

    def __init__(self, vector: SSAValue | Operation, permutation: tuple[int, ...], result_type: VectorType):
        attribute = DenseArrayBase.from_list(i64, permutation)
        super().__init__(operands=[vector], result_types=[result_type], properties={"permutation": attribute})

    def verify_(self) -> None:
        permutation = self.permutation.get_values()
        source, result = vector_shape(self.vector.type), vector_shape(self.result.type)
        if sorted(permutation) != list(range(len(source))) or tuple(source[i] for i in permutation) != result:  # pyright: ignore[reportCallIssue, reportArgumentType]
            raise VerifyException(f"permutation {permutation} does not take {source} to {result}")


@irdl_op_definition
class MultiReductionOp(IRDLOperation):
    """Reduces the dimensions `reduction_dims` of `source` with `kind`, starting from `acc`; floats may be reassociated."""

    name = "vector.multi_reduction"

    DEST: ClassVar = VarConstraint("DEST", AnyAttr())

    kind = prop_def(CombiningKindAttr)
    source = operand_def(base(VectorType))
    acc = operand_def(DEST)
    reduction_dims = prop_def(DenseArrayBase.constr(i64))
    dest = result_def(DEST)

    traits = traits_def(Pure())
    assembly_format = "$kind `,` $source `,` $acc attr-dict $reduction_dims `:` type($source) `to` type($dest)"

    def __init__(self, kind: CombiningKindAttr, source: SSAValue | Operation, acc: SSAValue | Operation, dims: tuple[int, ...]):
        properties = {"kind": kind, "reduction_dims": DenseArrayBase.from_list(i64, dims)}
        super().__init__(operands=[source, acc], result_types=[SSAValue.get(acc).type], properties=properties)

    def verify_(self) -> None:
        kept = tuple(n for i, n in enumerate(vector_shape(self.source.type)) if i not in self.reduction_dims.get_values())
        if vector_shape(self.dest.type) != kept or self.acc.type != self.dest.type:
            raise VerifyException(f"reduces {self.source.type} with {self.acc.type} to {self.dest.type}")


@irdl_op_definition
class StepOp(IRDLOperation):
    """The vector 0, 1, 2, ..."""

    name = "vector.step"

    result = result_def(base(VectorType))

    traits = traits_def(Pure())
    assembly_format = "attr-dict `:` type($result)"

    def __init__(self, result_type: VectorType):
        super().__init__(result_types=[result_type])


@irdl_op_definition
class FromElementsOp(IRDLOperation):
    """A vector of scalars, in row-major order."""

    name = "vector.from_elements"

    elements = var_operand_def(AnyAttr())
    dest = result_def(base(VectorType))

    traits = traits_def(Pure())

    def __init__(self, elements: list[SSAValue], result_type: VectorType):
        super().__init__(operands=[elements], result_types=[result_type])

    @classmethod
    def parse(cls, parser: Parser) -> FromElementsOp:
        names = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_unresolved_operand)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type = parser.parse_type()
        if not isinstance(type, VectorType):
            parser.raise_error("expected a vector type")
        op = cls([parser.resolve_operand(name, type.element_type) for name in names], type)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.elements, printer.print_operand)
        if self.attributes:
            printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.dest.type)

    def verify_(self) -> None:
        if prod(vector_shape(self.dest.type)) != len(self.elements):
            raise VerifyException(f"has {len(self.elements)} elements for {self.dest.type}")


@irdl_op_definition
class GatherOp(IRDLOperation):
    """Reads one element for each lane, at `base[offsets]` plus the lane's index; a lane whose mask is false is `pass_thru`'s."""

    name = "vector.gather"

    base_ = operand_def(base(MemRefType))
    offsets = var_operand_def(IndexType)
    indices = operand_def(base(VectorType))
    mask = operand_def(base(VectorType))
    pass_thru = operand_def(base(VectorType))
    result = result_def(base(VectorType))

    assembly_format = (
        "$base_ `[` $offsets `]` `[` $indices `]` `,` $mask `,` $pass_thru attr-dict"
        " `:` type($base_) `,` type($indices) `,` type($mask) `,` type($pass_thru) `into` type($result)"
    )


def vector_shape(type: Attribute) -> tuple[int, ...]:
    """The static shape of a vector type; () of a scalar."""
    return type.get_shape() if isinstance(type, VectorType) else ()


def in_bounds(rank: int) -> ArrayAttr[BoolAttr]:
    """The attribute of a transfer none of whose lanes lies outside."""
    return ArrayAttr([BoolAttr.from_bool(True)] * rank)


DIALECT = Dialect(
    "vector",
    [
        *(BitcastOp, BroadcastOp, CreateMaskOp, ExtractOp, FMAOp, FromElementsOp, GatherOp, InsertOp, MaskedLoadOp, MaskedStoreOp),
        *(MultiReductionOp, ShapeCastOp, StepOp, TransferReadOp, TransferWriteOp, TransposeOp),
    ],
    [CombiningKindAttr],
)

__all__ = [
    "DIALECT", "BitcastOp", "BroadcastOp", "CombiningKindAttr", "CombiningKindFlag", "CreateMaskOp", "ExtractOp", "FMAOp", "FromElementsOp",
    "GatherOp", "InsertOp", "MaskedLoadOp", "MaskedStoreOp", "MultiReductionOp", "ShapeCastOp", "StepOp", "TransferReadOp",
    "TransferWriteOp", "TransposeOp", "in_bounds", "vector_shape",
]  # fmt: skip
