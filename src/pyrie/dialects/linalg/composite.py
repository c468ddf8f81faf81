"""Ops on whole tensors that are not one loop nest: softmax, pack, unpack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, I64, DenseArrayBase, IndexType, IntegerAttr, ShapedType, TensorType, i64
from xdsl.dialects.utils import DynamicIndexList
from xdsl.ir import Attribute, Operation, OpResult, SSAValue
from xdsl.irdl import (
    AnyAttr,
    AttrSizedOperandSegments,
    IRDLOperation,
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
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.linalg.structured import result_types_of
from pyrie.dialects.tensor.shapes import MixedIndex, join, numbers, shape_of, split

AXES = DenseArrayBase.constr(i64)
RANKED = base(TensorType)


@irdl_op_definition
class SoftmaxOp(IRDLOperation):
    """exp(x - max) / sum(exp(x - max)) along one dimension."""

    name = "linalg.softmax"

    input = operand_def(AnyAttr())
    output = operand_def(AnyAttr())
    dimension = prop_def(IntegerAttr[I64])
    result = var_result_def()

    traits = traits_def(Pure())
    assembly_format = (
        "attr-dict `dimension` `(` $dimension `)` `ins` `(` $input `:` type($input) `)` `outs` `(` $output `:` type($output) `)`"
        " (`->` type($result)^)?"
    )

    def __init__(self, input: SSAValue | Operation, output: SSAValue | Operation, dimension: int):
        output = SSAValue.get(output)
        super().__init__(
            operands=[input, output], result_types=[result_types_of([output])], properties={"dimension": IntegerAttr(dimension, i64)}
        )

    def verify_(self) -> None:
        rank = cast(ShapedType, self.input.type).get_num_dims()
        if not 0 <= self.dimension.value.data < rank:
            raise VerifyException(f"softmax along dimension {self.dimension.value.data} of {self.input.type}")

    def tied_destination(self, result: OpResult) -> SSAValue:
        return self.output


class TilingOp(IRDLOperation):
    """What pack and unpack share: which axes are cut into tiles, how large the tiles are, and in which order the outer axes stand."""

    outer_dims_perm = opt_prop_def(AXES)
    inner_dims_pos = prop_def(AXES)
    inner_tiles = var_operand_def(IndexType)
    static_inner_tiles = prop_def(AXES)

    def tiles(self) -> list[MixedIndex]:
        """The tile sizes, in the order of `inner_dims_pos`."""
        return join(self.inner_tiles, self.static_inner_tiles)

    def tiled_axes(self) -> tuple[int, ...]:
        """The axes of the unpacked tensor that are tiled."""
        return numbers(self.inner_dims_pos)

    def outer_order(self, rank: int) -> tuple[int, ...]:
        """The axes of the unpacked tensor in the order of the packed one's outer axes."""
        order = self.outer_dims_perm
        return numbers(order) if order and len(order) else tuple(range(rank))

    def verify_tiling(self, unpacked: SSAValue, packed: SSAValue) -> None:
        rank, axes = len(shape_of(unpacked)), self.tiled_axes()
        if len(set(axes)) != len(axes) or any(not 0 <= axis < rank for axis in axes) or len(self.tiles()) != len(axes):
            raise VerifyException(f"tiles {self.tiles()} along axes {list(axes)} of {unpacked.type}")
        if sorted(self.outer_order(rank)) != list(range(rank)) or len(shape_of(packed)) != rank + len(axes):
            raise VerifyException(f"{packed.type} is not {unpacked.type} with {len(axes)} axes tiled")
        if any(isinstance(tile, int) and tile <= 0 and tile != DYNAMIC_INDEX for tile in self.tiles()):
            raise VerifyException(f"tile sizes {self.tiles()} are not positive")


def _tiling(
    inner_dims_pos: Sequence[int], inner_tiles: Sequence[MixedIndex], outer_dims_perm: Sequence[int]
) -> tuple[list[SSAValue], dict[str, Attribute | None]]:
    dynamic, static = split(inner_tiles)
    return dynamic, {
        "inner_dims_pos": DenseArrayBase.from_list(i64, inner_dims_pos),
        "static_inner_tiles": static,
        "outer_dims_perm": DenseArrayBase.from_list(i64, outer_dims_perm) if outer_dims_perm else None,
    }


@irdl_op_definition
class PackOp(TilingOp):
    """Cuts axes into tiles that become the innermost axes, padding the last tiles."""

    name = "linalg.pack"

    DEST: ClassVar = VarConstraint("DEST", RANKED)

    source = operand_def(RANKED)
    dest = operand_def(DEST)
    padding_value = opt_operand_def(AnyAttr())
    result = result_def(DEST)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure())
    assembly_format = (
        "$source (`padding_value` `(` $padding_value^ `:` type($padding_value) `)`)? (`outer_dims_perm` `=` $outer_dims_perm^)?"
        " `inner_dims_pos` `=` $inner_dims_pos `inner_tiles` `=` custom<DynamicIndexList>($inner_tiles, $static_inner_tiles)"
        " `into` $dest attr-dict `:` type($source) `->` type($result)"
    )
    custom_directives = (DynamicIndexList,)

    def __init__(
        self,
        source: SSAValue | Operation,
        dest: SSAValue | Operation,
        inner_dims_pos: Sequence[int],
        inner_tiles: Sequence[MixedIndex],
        padding_value: SSAValue | Operation | None = None,
        outer_dims_perm: Sequence[int] = (),
    ):
        dynamic, properties = _tiling(inner_dims_pos, inner_tiles, outer_dims_perm)
        operands = {"source": source, "dest": dest, "padding_value": padding_value, "inner_tiles": dynamic}
        ordered = [operands[name] for name, _ in self.get_irdl_definition().operands]
        super().__init__(operands=ordered, result_types=[SSAValue.get(dest).type], properties=properties)

    def verify_(self) -> None:
        self.verify_tiling(self.source, self.dest)

    def tied_destination(self, result: OpResult) -> SSAValue:
        return self.dest

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("pack",)


@irdl_op_definition
class UnPackOp(TilingOp):
    """The inverse of pack; drops the padding."""

    name = "linalg.unpack"

    DEST: ClassVar = VarConstraint("DEST", RANKED)

    source = operand_def(RANKED)
    dest = operand_def(DEST)
    result = result_def(DEST)

    traits = traits_def(Pure())
    assembly_format = (
        "$source (`outer_dims_perm` `=` $outer_dims_perm^)? `inner_dims_pos` `=` $inner_dims_pos"
        " `inner_tiles` `=` custom<DynamicIndexList>($inner_tiles, $static_inner_tiles)"
        " `into` $dest attr-dict `:` type($source) `->` type($result)"
    )
    custom_directives = (DynamicIndexList,)

    def __init__(
        self,
        source: SSAValue | Operation,
        dest: SSAValue | Operation,
        inner_dims_pos: Sequence[int],
        inner_tiles: Sequence[MixedIndex],
        outer_dims_perm: Sequence[int] = (),
    ):
        dynamic, properties = _tiling(inner_dims_pos, inner_tiles, outer_dims_perm)
        operands = {"source": source, "dest": dest, "inner_tiles": dynamic}
        ordered = [operands[name] for name, _ in self.get_irdl_definition().operands]
        super().__init__(operands=ordered, result_types=[SSAValue.get(dest).type], properties=properties)

    def verify_(self) -> None:
        self.verify_tiling(self.dest, self.source)

    def tied_destination(self, result: OpResult) -> SSAValue:
        return self.dest

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("unpack",)
