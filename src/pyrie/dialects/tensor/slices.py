"""Parts of tensors, tensors in tensors, and tensors side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, I64, DenseArrayBase, IndexType, IntegerAttr, TensorType, UnitAttr, i64
from xdsl.dialects.utils import DynamicIndexList, verify_dynamic_index_list
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, Operation, OpResult, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure, SingleBlockImplicitTerminator
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.folding import constant_attribute
from pyrie.dialects.tensor.basics import RANKED, YieldOp
from pyrie.dialects.tensor.shapes import SIZE_OF_RESULT, MixedIndex, join, numbers, shape_of, split
from pyrie.ir import elements
from pyrie.ir.interpreter.values import array_of_attribute

I64_ARRAY = DenseArrayBase.constr(i64)
SLICE_FORMAT = (
    "custom<DynamicIndexList>($offsets, $static_offsets)"
    "custom<DynamicIndexList>($sizes, $static_sizes)"
    "custom<DynamicIndexList>($strides, $static_strides)"
)


class SliceMixin:
    """What the ops with offsets, sizes and strides share. A mixin over the generated accessors."""

    def mixed_offsets(self) -> list[MixedIndex]:
        return join(self.offsets, self.static_offsets)  # pyright: ignore[reportAttributeAccessIssue]

    def mixed_sizes(self) -> list[MixedIndex]:
        return join(self.sizes, self.static_sizes)  # pyright: ignore[reportAttributeAccessIssue]

    def mixed_strides(self) -> list[MixedIndex]:
        return join(self.strides, self.static_strides)  # pyright: ignore[reportAttributeAccessIssue]

    def verify_lists(self, rank: int) -> None:
        for kind in ("offsets", "sizes", "strides"):
            static: DenseArrayBase = getattr(self, f"static_{kind}")
            verify_dynamic_index_list(numbers(static), getattr(self, kind), DYNAMIC_INDEX, f" in the {kind}")
            if len(static) != rank:
                raise VerifyException(f"{len(static)} {kind} for a tensor of rank {rank}")

    def takes_all_of(self, whole: SSAValue) -> bool:
        """Whether the slice is known to be the whole of `whole`."""
        shape = shape_of(whole)
        return (
            all(offset == 0 for offset in self.mixed_offsets())
            and all(stride == 1 for stride in self.mixed_strides())
            and all(size == extent != DYNAMIC_INDEX for size, extent in zip(self.mixed_sizes(), shape, strict=True))
        )


def _slice_operands(
    offsets: Sequence[MixedIndex], sizes: Sequence[MixedIndex], strides: Sequence[MixedIndex]
) -> tuple[list[list[SSAValue]], dict[str, Attribute | None]]:
    names = ("static_offsets", "static_sizes", "static_strides")
    parts = [split(values) for values in (offsets, sizes, strides)]
    return [dynamic for dynamic, _ in parts], {name: static for name, (_, static) in zip(names, parts, strict=True)}


def dropped_axes(sizes: Sequence[MixedIndex], reduced: Sequence[int]) -> list[int]:
    """The axes of size 1 that a rank-reducing slice drops: MLIR keeps the leftmost assignment that fits."""
    dropped, position = [], 0
    for axis, size in enumerate(sizes):
        remaining_axes, remaining_sizes = len(sizes) - axis, len(reduced) - position
        expected = reduced[position] if position < len(reduced) else None
        matches = expected is not None and (size == expected or (not isinstance(size, int) and expected == DYNAMIC_INDEX))
        if matches:
            position += 1
        elif size == 1 and remaining_axes > remaining_sizes:
            dropped.append(axis)
        else:
            raise VerifyException(f"a slice of sizes {list(sizes)} does not reduce to {list(reduced)}")
    return dropped


@irdl_op_definition
class ExtractSliceOp(IRDLOperation, HasFolderInterface, SliceMixin):
    """A strided part of a tensor; axes of size 1 may be dropped."""

    name = "tensor.extract_slice"

    source = operand_def(RANKED)
    offsets = var_operand_def(IndexType)
    sizes = var_operand_def(IndexType)
    strides = var_operand_def(IndexType)
    static_offsets = prop_def(I64_ARRAY)
    static_sizes = prop_def(I64_ARRAY)
    static_strides = prop_def(I64_ARRAY)
    result = result_def(RANKED)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure())
    assembly_format = f"$source `` {SLICE_FORMAT} attr-dict `:` type($source) `to` type($result)"
    custom_directives = (DynamicIndexList,)

    def __init__(
        self,
        source: SSAValue | Operation,
        offsets: Sequence[MixedIndex],
        sizes: Sequence[MixedIndex],
        strides: Sequence[MixedIndex] | None = None,
        result_type: Attribute | None = None,
    ):
        if result_type is None:
            shape = [size if isinstance(size, int) else DYNAMIC_INDEX for size in sizes]
            result_type = TensorType(cast(TensorType, SSAValue.get(source).type).element_type, shape)
        operands, properties = _slice_operands(offsets, sizes, strides or [1] * len(sizes))
        super().__init__(operands=[source, *operands], result_types=[result_type], properties=properties)

    def verify_(self) -> None:
        self.verify_lists(len(shape_of(self.source)))
        dropped_axes(self.mixed_sizes(), shape_of(self.result))

    def dropped_axes(self) -> list[int]:
        """The source axes that the result does not have."""
        return dropped_axes(self.mixed_sizes(), shape_of(self.result))

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        if self.source.type == self.result.type and self.takes_all_of(self.source):
            return (self.source,)
        inner = self.source.owner
        if isinstance(inner, InsertSliceOp) and inner.source.type == self.result.type and _same_slice(self, inner):
            return (inner.source,)  # what was just inserted
        constant = constant_attribute(self.source)
        if constant is not None and elements.is_splat(constant) and cast(TensorType, self.result.type).has_static_shape():
            shape = shape_of(self.result)
            flat = array_of_attribute(constant).reshape(-1)
            if flat.size:
                import numpy as np

                return (elements.from_numpy(np.broadcast_to(flat[0], shape), self.result.type),)
        return None

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("extracted_slice",)


def _slice_size(result: OpResult, axis: int) -> MixedIndex | None:
    op = cast(ExtractSliceOp, result.op)
    dropped = op.dropped_axes()
    return [size for position, size in enumerate(op.mixed_sizes()) if position not in dropped][axis]


SIZE_OF_RESULT[ExtractSliceOp] = _slice_size


def _same_slice(a: SliceMixin, b: SliceMixin) -> bool:
    return (a.mixed_offsets(), a.mixed_sizes(), a.mixed_strides()) == (b.mixed_offsets(), b.mixed_sizes(), b.mixed_strides())


@irdl_op_definition
class InsertSliceOp(IRDLOperation, HasFolderInterface, SliceMixin):
    """A copy of a tensor with a strided part replaced."""

    name = "tensor.insert_slice"

    DEST: ClassVar = VarConstraint("DEST", RANKED)

    source = operand_def(RANKED)
    dest = operand_def(DEST)
    offsets = var_operand_def(IndexType)
    sizes = var_operand_def(IndexType)
    strides = var_operand_def(IndexType)
    static_offsets = prop_def(I64_ARRAY)
    static_sizes = prop_def(I64_ARRAY)
    static_strides = prop_def(I64_ARRAY)
    result = result_def(DEST)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure())
    assembly_format = f"$source `into` $dest `` {SLICE_FORMAT} attr-dict `:` type($source) `into` type($dest)"
    custom_directives = (DynamicIndexList,)

    def __init__(
        self,
        source: SSAValue | Operation,
        dest: SSAValue | Operation,
        offsets: Sequence[MixedIndex],
        sizes: Sequence[MixedIndex],
        strides: Sequence[MixedIndex] | None = None,
    ):
        operands, properties = _slice_operands(offsets, sizes, strides or [1] * len(sizes))
        super().__init__(operands=[source, dest, *operands], result_types=[SSAValue.get(dest).type], properties=properties)

    def verify_(self) -> None:
        self.verify_lists(len(shape_of(self.dest)))
        dropped_axes(self.mixed_sizes(), shape_of(self.source))

    def dropped_axes(self) -> list[int]:
        """The destination axes that the source does not have."""
        return dropped_axes(self.mixed_sizes(), shape_of(self.source))

    def tied_destination(self, result: OpResult) -> SSAValue:
        return self.dest

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        if self.source.type == self.result.type and self.takes_all_of(self.dest):
            return (self.source,)
        inner = self.source.owner
        if isinstance(inner, ExtractSliceOp) and inner.source == self.dest and _same_slice(self, inner):
            return (self.dest,)  # what was there already
        return None

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("inserted_slice",)


@irdl_op_definition
class ParallelInsertSliceOp(IRDLOperation, SliceMixin):
    """Inserts one thread's part into the shared result of a scf.forall; stands in scf.forall.in_parallel."""

    name = "tensor.parallel_insert_slice"

    source = operand_def(RANKED)
    dest = operand_def(RANKED)
    offsets = var_operand_def(IndexType)
    sizes = var_operand_def(IndexType)
    strides = var_operand_def(IndexType)
    static_offsets = prop_def(I64_ARRAY)
    static_sizes = prop_def(I64_ARRAY)
    static_strides = prop_def(I64_ARRAY)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = f"$source `into` $dest `` {SLICE_FORMAT} attr-dict `:` type($source) `into` type($dest)"
    custom_directives = (DynamicIndexList,)

    def __init__(
        self,
        source: SSAValue | Operation,
        dest: SSAValue | Operation,
        offsets: Sequence[MixedIndex],
        sizes: Sequence[MixedIndex],
        strides: Sequence[MixedIndex] | None = None,
    ):
        operands, properties = _slice_operands(offsets, sizes, strides or [1] * len(sizes))
        super().__init__(operands=[source, dest, *operands], properties=properties)

    def verify_(self) -> None:
        self.verify_lists(len(shape_of(self.dest)))

    def dropped_axes(self) -> list[int]:
        """The destination axes that the source does not have."""
        return dropped_axes(self.mixed_sizes(), shape_of(self.source))


@irdl_op_definition
class ConcatOp(IRDLOperation, HasFolderInterface):
    """Tensors one after another along one axis."""

    name = "tensor.concat"

    dim = prop_def(IntegerAttr[I64])
    inputs = var_operand_def(RANKED)
    result = result_def(RANKED)

    traits = traits_def(Pure())
    assembly_format = "`dim` `(` $dim `)` $inputs attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        inputs: Sequence[SSAValue | Operation],
        dim: IntegerAttr | int,
        result_type: Attribute,
        attributes: Mapping[str, Attribute] | None = None,
    ):
        if isinstance(dim, int):
            dim = IntegerAttr(dim, i64)
        super().__init__(operands=(inputs,), result_types=(result_type,), properties={"dim": dim}, attributes=attributes)

    def verify_(self) -> None:
        axis, result = self.dim.value.data, shape_of(self.result)
        if not self.inputs or axis >= len(result):
            raise VerifyException(f"{len(self.inputs)} tensors cannot be joined along axis {axis} of {self.result.type}")
        for value in self.inputs:
            sizes = zip(shape_of(value), result, strict=False)
            if len(shape_of(value)) != len(result) or any(
                a != b and DYNAMIC_INDEX not in (a, b) for position, (a, b) in enumerate(sizes) if position != axis
            ):
                raise VerifyException(f"{value.type} does not fit into {self.result.type} along axis {axis}")

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return (self.inputs[0],) if len(self.inputs) == 1 and self.inputs[0].type == self.result.type else None

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("concat",)


@irdl_op_definition
class PadOp(IRDLOperation, HasFolderInterface):
    """A tensor with a border whose elements a region computes from their indices."""

    name = "tensor.pad"

    source = operand_def(RANKED)
    low = var_operand_def(IndexType)
    high = var_operand_def(IndexType)
    static_low = prop_def(I64_ARRAY)
    static_high = prop_def(I64_ARRAY)
    nofold = opt_prop_def(UnitAttr)
    region = region_def("single_block")
    result = result_def(RANKED)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure(), SingleBlockImplicitTerminator(YieldOp))
    assembly_format = (
        "$source (`nofold` $nofold^)? `low` `` custom<DynamicIndexList>($low, $static_low)"
        " `high` `` custom<DynamicIndexList>($high, $static_high) $region attr-dict `:` type($source) `to` type($result)"
    )
    custom_directives = (DynamicIndexList,)

    def __init__(
        self,
        source: SSAValue | Operation,
        low: Sequence[MixedIndex],
        high: Sequence[MixedIndex],
        region: Region,
        result_type: Attribute,
        nofold: bool = False,
    ):
        (low_values, static_low), (high_values, static_high) = split(low), split(high)
        super().__init__(
            operands=[source, low_values, high_values],
            result_types=[result_type],
            properties={"static_low": static_low, "static_high": static_high, "nofold": UnitAttr() if nofold else None},
            regions=[region],
        )

    def mixed_low(self) -> list[MixedIndex]:
        """The border before the tensor, per axis."""
        return join(self.low, self.static_low)

    def mixed_high(self) -> list[MixedIndex]:
        """The border behind the tensor, per axis."""
        return join(self.high, self.static_high)

    def constant_padding(self) -> SSAValue | None:
        """The value of the border when it does not depend on the position, or None."""
        block = self.region.block
        padding = cast(YieldOp, block.last_op).arguments[0]
        if padding.owner is block:
            return None
        inside = isinstance(padding, OpResult) and padding.op.parent is block
        return None if inside and constant_attribute(padding) is None else padding

    def verify_(self) -> None:
        rank = len(shape_of(self.source))
        if not len(self.static_low) == len(self.static_high) == rank == len(shape_of(self.result)) == len(self.region.block.args):
            raise VerifyException(f"padding of {len(self.static_low)} and {len(self.static_high)} axes for {self.source.type}")

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        nothing = all(pad == 0 for pad in (*self.mixed_low(), *self.mixed_high()))
        return (self.source,) if nothing and self.nofold is None and self.source.type == self.result.type else None

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("padded",)
