"""Tensors from nothing, from elements and from other types; their sizes and their elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    DenseArrayBase,
    IndexType,
    IntegerAttr,
    TensorType,
    UnitAttr,
    UnrankedTensorType,
    i64,
)
from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, Operation, OpResult, Region, SSAValue
from xdsl.irdl import (
    AnyAttr,
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
)
from xdsl.parser import Parser
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.printer import Printer
from xdsl.traits import IsTerminator, Pure, RecursiveMemoryEffect, SingleBlockImplicitTerminator
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.arith import AddiOp, ConstantOp, MuliOp
from pyrie.dialects.folding import constant_attribute, constant_int
from pyrie.dialects.tensor.shapes import SIZE_OF_RESULT, MixedIndex, dynamic_axes, known_size, numbers, shape_of
from pyrie.ir.interpreter.values import array_of_attribute, attribute_of_array

RANKED = base(TensorType)
ANY_TENSOR = base(TensorType) | base(UnrankedTensorType)
index = IndexType()


def index_constant(number: int) -> ConstantOp:
    """`arith.constant N : index`."""
    return ConstantOp(IntegerAttr(number, index))


@irdl_op_definition
class CastOp(IRDLOperation, HasFolderInterface):
    """The same tensor with more or fewer of its sizes in its type."""

    name = "tensor.cast"

    source = operand_def(ANY_TENSOR)
    dest = result_def(ANY_TENSOR)

    traits = traits_def(Pure())
    assembly_format = "$source attr-dict `:` type($source) `to` type($dest)"

    def __init__(self, source: SSAValue | Operation, dest: Attribute):
        super().__init__(operands=(source,), result_types=(dest,))

    def verify_(self) -> None:
        source, dest = self.source.type, self.dest.type
        if not isinstance(source, TensorType) or not isinstance(dest, TensorType):
            return
        sizes = list(zip(source.get_shape(), dest.get_shape(), strict=False))
        if source.get_num_dims() != dest.get_num_dims() or any(a != b and DYNAMIC_INDEX not in (a, b) for a, b in sizes):
            raise VerifyException(f"{source} cannot be cast to {dest}")

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        value = self.source
        while True:  # absorb a chain of casts that ends in the type we want
            if value.type == self.dest.type:
                return (value,)
            if not isinstance(value.owner, CastOp):
                return None
            value = value.owner.source

    def tied_destination(self, result: OpResult) -> SSAValue:
        return self.source

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("cast",)


@irdl_op_definition
class BitcastOp(IRDLOperation, HasFolderInterface):
    """The same bytes as elements of another type of the same width."""

    name = "tensor.bitcast"

    source = operand_def(ANY_TENSOR)
    dest = result_def(ANY_TENSOR)

    traits = traits_def(Pure())
    assembly_format = "$source attr-dict `:` type($source) `to` type($dest)"

    def __init__(self, source: SSAValue | Operation, dest: Attribute):
        super().__init__(operands=(source,), result_types=(dest,))

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return (self.source,) if self.source.type == self.dest.type else None

    def tied_destination(self, result: OpResult) -> SSAValue:
        return self.source


class DimOfKnownSize(RewritePattern):
    """The size of a tensor that some op carries as an operand, or of which the product or sum is known, needs no tensor."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, DimOp) or not isinstance(op.source.type, TensorType):
            return
        axis = constant_int(op.index)
        if axis is None or not 0 <= axis < op.source.type.get_num_dims():
            return
        found = known_size(op.source, axis)
        if isinstance(found, SSAValue):
            rewriter.replace(op, [], [found])
            return
        if found is not None:
            rewriter.replace(op, index_constant(found))
            return
        if isinstance(op.source, OpResult):
            rebuilt = _size_in_terms_of_operands(op.source, axis)
            if rebuilt:
                rewriter.replace(op, rebuilt)


def _size_in_terms_of_operands(value: OpResult, axis: int) -> list[Operation] | None:
    """Ops that compute a size from the sizes of the operands of the op that made `value`; the last one is the size."""
    from pyrie.dialects.tensor.reshapes import CollapseShapeOp
    from pyrie.dialects.tensor.shapes import tied_destination
    from pyrie.dialects.tensor.slices import PadOp

    op = value.op
    ops: list[Operation] = []

    def value_of(size: MixedIndex) -> SSAValue:
        if isinstance(size, SSAValue):
            return size
        ops.append(index_constant(size))
        return ops[-1].results[0]

    def size_of(source: SSAValue, source_axis: int) -> SSAValue:
        known = known_size(source, source_axis)
        if known is not None:
            return value_of(known)
        ops.append(DimOp(source, value_of(source_axis)))
        return ops[-1].results[0]

    def combine(kind: type[AddiOp] | type[MuliOp], sizes: Sequence[SSAValue]) -> None:
        total = sizes[0]
        for size in sizes[1:]:
            ops.append(kind(total, size))
            total = ops[-1].results[0]

    if isinstance(op, CollapseShapeOp):
        axes = op.groups()[axis]
        if len(axes) == 1:
            size_of(op.src, axes[0])
            return ops if ops and isinstance(ops[-1], DimOp | ConstantOp) else None
        combine(MuliOp, [size_of(op.src, source_axis) for source_axis in axes])
        return ops
    if isinstance(op, PadOp):
        low, high = op.mixed_low()[axis], op.mixed_high()[axis]
        parts = [size_of(op.source, axis), *(value_of(pad) for pad in (low, high) if pad != 0)]
        combine(AddiOp, parts)
        return ops if ops and not isinstance(ops[-1], ConstantOp) else None
    destination = tied_destination(value)
    root = destination
    while isinstance(root, OpResult) and (deeper := tied_destination(root)) is not None:
        root = deeper
    if root is not None and root is not value:
        return [axis_value := index_constant(axis), DimOp(root, axis_value)]
    return None


@irdl_op_definition
class DimOp(IRDLOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """The size of a tensor along an axis."""

    name = "tensor.dim"

    source = operand_def(ANY_TENSOR)
    index = operand_def(IndexType)
    result = result_def(IndexType)

    traits = traits_def(Pure())
    assembly_format = "attr-dict $source `,` $index `:` type($source)"

    def __init__(self, source: SSAValue | Operation, index_: SSAValue | Operation):
        super().__init__(operands=(source, index_), result_types=(index,))

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        axis = constant_int(self.index)
        if axis is None or not isinstance(self.source.type, TensorType) or not 0 <= axis < self.source.type.get_num_dims():
            return None
        size = known_size(self.source, axis)
        if size is None:
            return None
        return (size,) if isinstance(size, SSAValue) else (IntegerAttr(size, index),)

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("dim",)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (DimOfKnownSize(),)


@irdl_op_definition
class RankOp(IRDLOperation, HasFolderInterface):
    """The number of axes of a tensor."""

    name = "tensor.rank"

    tensor = operand_def(ANY_TENSOR)
    result = result_def(IndexType)

    traits = traits_def(Pure())
    assembly_format = "attr-dict $tensor `:` type($tensor)"

    def __init__(self, tensor: SSAValue | Operation):
        super().__init__(operands=(tensor,), result_types=(index,))

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        type_ = self.tensor.type
        return (IntegerAttr(type_.get_num_dims(), index),) if isinstance(type_, TensorType) else None

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("rank",)


class EmptyOfConstantSize(RewritePattern):
    """tensor.empty(%c4) : tensor<?xf32> -> tensor.cast (tensor.empty() : tensor<4xf32>)."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, EmptyOp):
            return
        sizes = [constant_int(size) for size in op.dynamic_sizes]
        if all(size is None or size < 0 for size in sizes):
            return
        type_ = cast(TensorType, op.tensor.type)
        shape, kept = list(type_.get_shape()), []
        for axis, size, value in zip(dynamic_axes(op.tensor), sizes, op.dynamic_sizes, strict=True):
            if size is None or size < 0:
                kept.append(value)
            else:
                shape[axis] = size
        empty = EmptyOp(kept, TensorType(type_.element_type, shape, type_.encoding))
        rewriter.replace(op, [empty, CastOp(empty, type_)])


@irdl_op_definition
class EmptyOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """A tensor of some shape whose elements are unspecified: the destination of an op that writes them all."""

    name = "tensor.empty"

    dynamic_sizes = var_operand_def(IndexType)
    tensor = result_def(RANKED)

    traits = traits_def(Pure())
    assembly_format = "`(` $dynamic_sizes `)` attr-dict `:` type($tensor)"

    def __init__(self, dynamic_sizes: Sequence[SSAValue | Operation], tensor_type: Attribute):
        super().__init__(operands=(dynamic_sizes,), result_types=(tensor_type,))

    def verify_(self) -> None:
        if len(self.dynamic_sizes) != len(dynamic_axes(self.tensor)):
            raise VerifyException(f"{self.tensor.type} has {len(dynamic_axes(self.tensor))} dynamic sizes, given {len(self.dynamic_sizes)}")

    def mixed_sizes(self) -> list[MixedIndex]:
        """The size of each axis."""
        sizes = iter(self.dynamic_sizes)
        return [next(sizes) if size == DYNAMIC_INDEX else size for size in shape_of(self.tensor)]

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (EmptyOfConstantSize(),)


SIZE_OF_RESULT[EmptyOp] = lambda result, axis: cast(EmptyOp, result.op).mixed_sizes()[axis]


@irdl_op_definition
class ExtractOp(IRDLOperation, HasFolderInterface):
    """One element of a tensor."""

    name = "tensor.extract"

    ELEMENT: ClassVar = VarConstraint("ELEMENT", AnyAttr())

    tensor = operand_def(TensorType.constr(ELEMENT))
    indices = var_operand_def(IndexType)
    result = result_def(ELEMENT)

    traits = traits_def(Pure())
    assembly_format = "$tensor `[` $indices `]` attr-dict `:` type($tensor)"

    def __init__(self, tensor: SSAValue | Operation, indices: Sequence[SSAValue | Operation], result_type: Attribute | None = None):
        element = result_type or cast(TensorType, SSAValue.get(tensor).type).element_type
        super().__init__(operands=[tensor, indices], result_types=[element])

    def verify_(self) -> None:
        if len(self.indices) != len(shape_of(self.tensor)):
            raise VerifyException(f"{len(self.indices)} indices for a tensor of rank {len(shape_of(self.tensor))}")

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        constant = constant_attribute(self.tensor)
        positions = [constant_int(position) for position in self.indices]
        if constant is not None:
            array = array_of_attribute(constant)
            if array.size and (array == array.reshape(-1)[0]).all() if array.size <= 1 else False:
                return (attribute_of_array(array.reshape(-1)[0], self.result.type),)
            if all(p is not None and 0 <= p < size for p, size in zip(positions, array.shape, strict=True)):
                return (attribute_of_array(array[tuple(cast(list[int], positions))], self.result.type),)
            return None
        if any(position is None for position in positions):
            return None
        source = self.tensor.owner
        if isinstance(source, SplatOp):
            return (source.input,)
        if isinstance(source, FromElementsOp):
            flat = 0
            for position, size in zip(cast(list[int], positions), shape_of(self.tensor), strict=True):
                if not 0 <= position < size:
                    return None
                flat = flat * size + position
            return (source.elements[flat],)
        return None

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("extracted",)


@irdl_op_definition
class InsertOp(IRDLOperation):
    """A copy of a tensor with one element replaced."""

    name = "tensor.insert"

    ELEMENT: ClassVar = VarConstraint("ELEMENT", AnyAttr())
    TENSOR: ClassVar = VarConstraint("TENSOR", TensorType.constr(ELEMENT))

    scalar = operand_def(ELEMENT)
    dest = operand_def(TENSOR)
    indices = var_operand_def(IndexType)
    result = result_def(TENSOR)

    traits = traits_def(Pure())
    assembly_format = "$scalar `into` $dest `[` $indices `]` attr-dict `:` type($dest)"

    def __init__(self, scalar: SSAValue | Operation, dest: SSAValue | Operation, indices: Sequence[SSAValue | Operation]):
        super().__init__(operands=(scalar, dest, indices), result_types=(SSAValue.get(dest).type,))

    def tied_destination(self, result: OpResult) -> SSAValue:
        return self.dest

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("inserted",)


@irdl_op_definition
class FromElementsOp(IRDLOperation, HasFolderInterface):
    """A static tensor of the operands, in row-major order."""

    name = "tensor.from_elements"

    ELEMENT: ClassVar = VarConstraint("ELEMENT", AnyAttr())

    elements = var_operand_def(ELEMENT)
    result = result_def(TensorType.constr(ELEMENT))

    traits = traits_def(Pure())
    assembly_format = "$elements attr-dict `:` type($result)"

    def __init__(self, *elements: SSAValue | Operation, result_type: Attribute | None = None):
        if result_type is None:
            result_type = TensorType(SSAValue.get(elements[0]).type, (len(elements),))
        super().__init__(operands=(elements,), result_types=(result_type,))

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        constants = [constant_attribute(element) for element in self.elements]
        if not constants or any(constant is None for constant in constants):
            return None
        import numpy as np

        arrays = [array_of_attribute(constant) for constant in constants if constant is not None]
        return (attribute_of_array(np.stack(arrays).reshape(shape_of(self.result)), self.result.type),)

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("from_elements",)


@irdl_op_definition
class SplatOp(IRDLOperation, HasFolderInterface):
    """A tensor all of whose elements are the operand."""

    name = "tensor.splat"

    ELEMENT: ClassVar = VarConstraint("ELEMENT", AnyAttr())

    input = operand_def(ELEMENT)
    dynamicSizes = var_operand_def(IndexType)
    result = result_def(TensorType.constr(ELEMENT))

    traits = traits_def(Pure())
    assembly_format = "$input (`[` $dynamicSizes^ `]`)? attr-dict `:` type($result)"

    def __init__(self, input: SSAValue | Operation, dynamic_sizes: Sequence[SSAValue | Operation], result_type: Attribute):
        super().__init__(operands=(input, dynamic_sizes), result_types=(result_type,))

    def verify_(self) -> None:
        if len(self.dynamicSizes) != len(dynamic_axes(self.result)):
            raise VerifyException(f"{self.result.type} has {len(dynamic_axes(self.result))} dynamic sizes, given {len(self.dynamicSizes)}")

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        constant = constant_attribute(self.input)
        if constant is None or self.dynamicSizes:
            return None
        return (attribute_of_array(array_of_attribute(constant), self.result.type),)

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("splat",)


def _splat_size(result: OpResult, axis: int) -> MixedIndex | None:
    return cast(SplatOp, result.op).dynamicSizes[dynamic_axes(result).index(axis)]


SIZE_OF_RESULT[SplatOp] = _splat_size


@irdl_op_definition
class YieldOp(AbstractYieldOperation[Attribute]):
    """Ends the region of tensor.pad or tensor.generate with the element it computes."""

    name = "tensor.yield"
    traits = traits_def(IsTerminator(), Pure())


@irdl_op_definition
class GenerateOp(IRDLOperation):
    """A tensor whose elements a region computes from their indices."""

    name = "tensor.generate"

    dynamicExtents = var_operand_def(IndexType)
    body = region_def("single_block")
    result = result_def(RANKED)

    traits = traits_def(RecursiveMemoryEffect(), SingleBlockImplicitTerminator(YieldOp))
    assembly_format = "$dynamicExtents $body attr-dict `:` type($result)"

    def __init__(self, dynamic_extents: Sequence[SSAValue | Operation], body: Region, result_type: Attribute):
        super().__init__(operands=[dynamic_extents], regions=[body], result_types=[result_type])

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("generated",)


def _generated_size(result: OpResult, axis: int) -> MixedIndex | None:
    return cast(GenerateOp, result.op).dynamicExtents[dynamic_axes(result).index(axis)]


SIZE_OF_RESULT[GenerateOp] = _generated_size


class GatherScatterAssembly:
    """The text shared by tensor.gather and tensor.scatter: `src (into dest)? [indices] KEYWORD([dims]) unique? : type`."""

    @staticmethod
    def parse_dims(parser: Parser, keyword: str) -> tuple[DenseArrayBase, UnitAttr | None, dict[str, Attribute]]:
        parser.parse_keyword(keyword)
        parser.parse_punctuation("(")
        dims = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer)
        parser.parse_punctuation(")")
        unique = UnitAttr() if parser.parse_optional_keyword("unique") else None
        return DenseArrayBase.from_list(i64, dims), unique, parser.parse_optional_attr_dict()

    @staticmethod
    def print_dims(printer: Printer, keyword: str, dims: DenseArrayBase, unique: UnitAttr | None, op: Operation) -> None:
        printer.print_string(f" {keyword}([{', '.join(str(d) for d in numbers(dims))}])")
        if unique:
            printer.print_string(" unique")
        if op.attributes:
            printer.print_op_attributes(op.attributes)
        printer.print_string(" : ")
        printer.print_operation_type(op)


@irdl_op_definition
class GatherOp(IRDLOperation):
    """Slices of a tensor at a tensor of coordinates."""

    name = "tensor.gather"

    source = operand_def(RANKED)
    indices = operand_def(RANKED)
    gather_dims = prop_def(DenseArrayBase.constr(i64))
    unique = opt_prop_def(UnitAttr)
    result = result_def(RANKED)

    traits = traits_def(Pure())

    @classmethod
    def parse(cls, parser: Parser) -> GatherOp:
        source = parser.parse_unresolved_operand()
        parser.parse_punctuation("[")
        indices = parser.parse_unresolved_operand()
        parser.parse_punctuation("]")
        dims, unique, attributes = GatherScatterAssembly.parse_dims(parser, "gather_dims")
        parser.parse_punctuation(":")
        type_ = parser.parse_function_type()
        operands = parser.resolve_operands([source, indices], type_.inputs.data, parser.pos)
        return cls.create(
            operands=operands,
            result_types=type_.outputs.data,
            properties={"gather_dims": dims, **({"unique": unique} if unique else {})},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        printer.print_string("[")
        printer.print_ssa_value(self.indices)
        printer.print_string("]")
        GatherScatterAssembly.print_dims(printer, "gather_dims", self.gather_dims, self.unique, self)

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("gather",)


@irdl_op_definition
class ScatterOp(IRDLOperation):
    """A copy of a tensor with slices at a tensor of coordinates replaced."""

    name = "tensor.scatter"

    source = operand_def(RANKED)
    dest = operand_def(RANKED)
    indices = operand_def(RANKED)
    scatter_dims = prop_def(DenseArrayBase.constr(i64))
    unique = opt_prop_def(UnitAttr)
    result = result_def(RANKED)

    traits = traits_def(Pure())

    @classmethod
    def parse(cls, parser: Parser) -> ScatterOp:
        source = parser.parse_unresolved_operand()
        parser.parse_keyword("into")
        dest = parser.parse_unresolved_operand()
        parser.parse_punctuation("[")
        indices = parser.parse_unresolved_operand()
        parser.parse_punctuation("]")
        dims, unique, attributes = GatherScatterAssembly.parse_dims(parser, "scatter_dims")
        parser.parse_punctuation(":")
        type_ = parser.parse_function_type()
        operands = parser.resolve_operands([source, dest, indices], type_.inputs.data, parser.pos)
        return cls.create(
            operands=operands,
            result_types=type_.outputs.data,
            properties={"scatter_dims": dims, **({"unique": unique} if unique else {})},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        printer.print_string(" into ")
        printer.print_ssa_value(self.dest)
        printer.print_string("[")
        printer.print_ssa_value(self.indices)
        printer.print_string("]")
        GatherScatterAssembly.print_dims(printer, "scatter_dims", self.scatter_dims, self.unique, self)

    def tied_destination(self, result: OpResult) -> SSAValue:
        return self.dest

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("scatter",)
