"""The same elements in the same order under another shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AnySignlessIntegerType,
    ArrayAttr,
    DenseArrayBase,
    IndexType,
    IntegerAttr,
    TensorType,
    i64,
)
from xdsl.dialects.utils import DynamicIndexList
from xdsl.dialects.utils.reshape_ops_utils import ContiguousArrayOfIntArray, verify_reshape_like_types
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, Operation, OpResult, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def, traits_def, var_operand_def
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.folding import constant_attribute
from pyrie.dialects.tensor.basics import RANKED, EmptyOp
from pyrie.dialects.tensor.shapes import SIZE_OF_RESULT, MixedIndex, dynamic_axes, join, known_size, numbers, shape_of, split
from pyrie.ir import elements
from pyrie.ir.interpreter.values import array_of_attribute

Groups = Sequence[Sequence[int]]


def reassociation_attr(groups: Groups) -> ArrayAttr:
    """`[[0], [1, 2]]` as an attribute."""
    return ArrayAttr([ArrayAttr([IntegerAttr(axis, i64) for axis in group]) for group in groups])


def groups_of(attribute: ArrayAttr) -> list[list[int]]:
    """`[[0], [1, 2]]` of an attribute."""
    return [[axis.value.data for axis in cast(ArrayAttr[IntegerAttr], group)] for group in attribute]


def compose_groups(outer: Groups, inner: Groups) -> list[list[int]]:
    """Which axes of the most expanded shape each axis of the least expanded one holds, when `outer` groups the axes that `inner` makes."""
    return [[axis for position in group for axis in inner[position]] for group in outer]


def _fold_constant(op: IRDLOperation, source: SSAValue, result_type: Attribute) -> Sequence[Attribute] | None:
    attribute = constant_attribute(source)
    if attribute is None or not isinstance(result_type, TensorType) or not result_type.has_static_shape():
        return None
    return (elements.from_numpy(array_of_attribute(attribute).reshape(result_type.get_shape()), result_type),)


class MergeCollapses(RewritePattern):
    """collapse(collapse(x)) -> collapse(x)."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if isinstance(op, CollapseShapeOp) and isinstance(inner := op.src.owner, CollapseShapeOp):
            rewriter.replace(op, CollapseShapeOp(inner.src, compose_groups(op.groups(), inner.groups()), op.result.type))


class MergeExpands(RewritePattern):
    """expand(expand(x)) -> expand(x)."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if isinstance(op, ExpandShapeOp) and isinstance(inner := op.src.owner, ExpandShapeOp):
            groups = compose_groups(inner.groups(), op.groups())
            rewriter.replace(op, ExpandShapeOp.mixed(inner.src, groups, op.mixed_output_shape(), op.result.type))


class CollapseOfExpand(RewritePattern):
    """collapse(expand(x)) or expand(collapse(x)) that ends in another grouping of static sizes -> one of the two, if one suffices."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, CollapseShapeOp | ExpandShapeOp):
            return
        inner, result = op.src.owner, op.result
        if not isinstance(inner, CollapseShapeOp | ExpandShapeOp) or type(inner) is type(op):
            return
        source = inner.src
        source_type, result_type = cast(TensorType, source.type), cast(TensorType, result.type)
        if not source_type.has_static_shape() or not result_type.has_static_shape():
            return
        fine, coarse = source_type.get_shape(), result_type.get_shape()
        if len(coarse) < len(fine) and (groups := regroup(fine, coarse)):
            rewriter.replace(op, CollapseShapeOp(source, groups, result_type))
        elif len(coarse) > len(fine) and (groups := regroup(coarse, fine)):
            rewriter.replace(op, ExpandShapeOp.mixed(source, groups, list(coarse), result_type))


def regroup(fine: Sequence[int], coarse: Sequence[int]) -> list[list[int]] | None:
    """Consecutive axes of the static shape `fine` whose products are the sizes of `coarse`; None if there is no such grouping."""
    groups: list[list[int]] = []
    axis = 0
    if 0 in fine or not coarse:
        return None
    for size in coarse:
        group, product = [], 1
        while axis < len(fine) and (not group or product < size):
            product *= fine[axis]
            group.append(axis)
            axis += 1
        if product != size or not group:
            return None
        groups.append(group)
    while axis < len(fine):
        if fine[axis] != 1:
            return None
        groups[-1].append(axis)
        axis += 1
    return groups


class ReshapeOfEmpty(RewritePattern):
    """A reshape of a tensor.empty is a tensor.empty."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, CollapseShapeOp | ExpandShapeOp) or not isinstance(op.src.owner, EmptyOp):
            return
        if isinstance(op, ExpandShapeOp):
            rewriter.replace(op, EmptyOp(op.dynamic_output_shape, op.result.type))
        elif not dynamic_axes(op.result):
            rewriter.replace(op, EmptyOp((), op.result.type))


@irdl_op_definition
class CollapseShapeOp(IRDLOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """Merges groups of consecutive axes."""

    name = "tensor.collapse_shape"

    src = operand_def(RANKED)
    reassociation = prop_def(ContiguousArrayOfIntArray())
    result = result_def(RANKED)

    traits = traits_def(Pure())
    assembly_format = "$src $reassociation attr-dict `:` type($src) `into` type($result)"

    def __init__(self, src: SSAValue | Operation, groups: Groups, result_type: Attribute | None = None):
        source = SSAValue.get(src)
        if result_type is None:
            type_ = cast(TensorType, source.type)
            result_type = TensorType(type_.element_type, [_product(type_.get_shape()[axis] for axis in group) for group in groups])
        super().__init__(operands=[source], result_types=[result_type], properties={"reassociation": reassociation_attr(groups)})

    def groups(self) -> list[list[int]]:
        """The source axes of each result axis."""
        return groups_of(self.reassociation)

    def verify_(self) -> None:
        source, result = cast(TensorType, self.src.type), cast(TensorType, self.result.type)
        if len(self.groups()) == 0:
            if any(size != 1 for size in source.get_shape()):
                raise VerifyException(f"{source} does not collapse to {result}")
            return
        verify_reshape_like_types(collapsed_type=result, expanded_type=source, reassociation=self.reassociation)

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        if self.src.type == self.result.type:
            return (self.src,)
        inner = self.src.owner
        if isinstance(inner, ExpandShapeOp) and inner.src.type == self.result.type and inner.groups() == self.groups():
            return (inner.src,)
        return _fold_constant(self, self.src, self.result.type)

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("collapsed",)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (MergeCollapses(), CollapseOfExpand(), ReshapeOfEmpty())


def _product(sizes) -> int:
    total = 1
    for size in sizes:
        if size == DYNAMIC_INDEX:
            return DYNAMIC_INDEX
        total *= size
    return total


def _collapsed_size(result: OpResult, axis: int) -> MixedIndex | None:
    """A group whose sizes but one are 1 has that one's size."""
    op = cast(CollapseShapeOp, result.op)
    sizes = [size for size in (known_size(op.src, source_axis) for source_axis in op.groups()[axis]) if size != 1]
    return sizes[0] if len(sizes) == 1 else None


SIZE_OF_RESULT[CollapseShapeOp] = _collapsed_size


@irdl_op_definition
class ExpandShapeOp(IRDLOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """Splits axes into groups of consecutive axes of the given sizes."""

    name = "tensor.expand_shape"

    src = operand_def(RANKED)
    dynamic_output_shape = var_operand_def(IndexType)
    reassociation = prop_def(ContiguousArrayOfIntArray())
    static_output_shape = prop_def(DenseArrayBase.constr(i64))
    result = result_def(RANKED)

    traits = traits_def(Pure())
    assembly_format = (
        "$src $reassociation `output_shape` custom<DynamicIndexList>($dynamic_output_shape, $static_output_shape) attr-dict"
        " `:` type($src) `into` type($result)"
    )
    custom_directives = (DynamicIndexList,)

    def __init__(
        self,
        src: SSAValue | Operation,
        dynamic_output_shape: Sequence[SSAValue],
        reassociation: ArrayAttr,
        static_output_shape: Sequence[int] | DenseArrayBase,
        result_type: Attribute,
        attributes: dict[str, Attribute] | None = None,
    ):
        if not isinstance(static_output_shape, DenseArrayBase):
            static_output_shape = DenseArrayBase.from_list(i64, static_output_shape)
        super().__init__(
            operands=[src, dynamic_output_shape],
            result_types=[result_type],
            properties={"reassociation": reassociation, "static_output_shape": static_output_shape},
            attributes=attributes,
        )

    @classmethod
    def mixed(
        cls, src: SSAValue | Operation, groups: Groups, output_shape: Sequence[MixedIndex], result_type: Attribute | None = None
    ) -> ExpandShapeOp:
        """From groups of axes and the sizes of the result."""
        dynamic, static = split(output_shape)
        if result_type is None:
            result_type = TensorType(cast(TensorType, SSAValue.get(src).type).element_type, numbers(static))
        return cls(src, dynamic, reassociation_attr(groups), static, result_type)

    def groups(self) -> list[list[int]]:
        """The result axes of each source axis."""
        return groups_of(self.reassociation)

    def mixed_output_shape(self) -> list[MixedIndex]:
        """The size of each result axis."""
        return join(self.dynamic_output_shape, self.static_output_shape)

    def verify_(self) -> None:
        source, result = cast(TensorType, self.src.type), cast(TensorType, self.result.type)
        if len(self.static_output_shape) != result.get_num_dims():
            raise VerifyException(f"{len(self.static_output_shape)} output sizes for the {result.get_num_dims()} axes of {result}")
        if len(self.groups()) == 0:
            if any(size != 1 for size in result.get_shape()):
                raise VerifyException(f"{source} does not expand to {result}")
            return
        verify_reshape_like_types(collapsed_type=source, expanded_type=result, reassociation=self.reassociation)

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        if self.src.type == self.result.type:
            return (self.src,)
        inner = self.src.owner
        if isinstance(inner, CollapseShapeOp) and inner.src.type == self.result.type and inner.groups() == self.groups():
            dynamic = dynamic_axes(self.result)
            if all(sum(axis in dynamic for axis in group) <= 1 for group in self.groups()):
                return (inner.src,)  # with two dynamic sizes in a group they might be others
        return _fold_constant(self, self.src, self.result.type)

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("expanded",)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (MergeExpands(), CollapseOfExpand(), ReshapeOfEmpty())


SIZE_OF_RESULT[ExpandShapeOp] = lambda result, axis: cast(ExpandShapeOp, result.op).mixed_output_shape()[axis]


@irdl_op_definition
class ReshapeOp(IRDLOperation):
    """Any other shape with as many elements, given as a tensor of sizes."""

    name = "tensor.reshape"

    source = operand_def(RANKED)
    shape = operand_def(TensorType[AnySignlessIntegerType | IndexType])
    result = result_def(RANKED)

    traits = traits_def(Pure())
    assembly_format = "$source `(` $shape `)` attr-dict `:` `(` type($source) `,` type($shape) `)` `->` type($result)"

    def __init__(self, source: SSAValue | Operation, shape: SSAValue | Operation, result_type: Attribute):
        super().__init__(operands=(source, shape), result_types=(result_type,))

    def verify_(self) -> None:
        if len(shape_of(self.shape)) != 1 or shape_of(self.shape)[0] not in (DYNAMIC_INDEX, len(shape_of(self.result))):
            raise VerifyException(f"a shape of type {self.shape.type} does not give {self.result.type}")

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("reshape",)


def _reshaped_size(result: OpResult, axis: int) -> MixedIndex | None:
    from pyrie.dialects.tensor.basics import FromElementsOp

    shape = cast(ReshapeOp, result.op).shape.owner
    if isinstance(shape, FromElementsOp) and isinstance(shape.elements[axis].type, IndexType):
        return shape.elements[axis]
    return None


SIZE_OF_RESULT[ReshapeOp] = _reshaped_size
