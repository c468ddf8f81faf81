"""The `iree_linalg_ext` dialect: structured ops on tensors that linalg has no form for."""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, DictionaryAttr, IndexType, IntegerAttr, UnitAttr, i1, i64
from xdsl.ir import Dialect, OpResult, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import IsTerminator, Pure, RecursiveMemoryEffect, ReturnLike

index = IndexType()
_SEGMENTS = AttrSizedOperandSegments(as_property=True)
_RESULTS = "(`->` type($results_)^)?"
_MASK = "(`,` $mask^)? "
_MASK_TYPE = "(`,` type($mask)^)? "


class _StructuredOp(IRDLOperation):
    """Base: on tensors there are results, one for each output; on buffers there are none. Outputs are the last operands."""

    results_ = var_result_def()

    traits = traits_def(RecursiveMemoryEffect())

    def tied_destination(self, result: OpResult) -> SSAValue:
        return self.operands[len(self.operands) - len(self.results) + result.index]


@irdl_op_definition
class YieldOp(IRDLOperation):
    """Returns the values of a region."""

    name = "iree_linalg_ext.yield"

    arguments = var_operand_def()

    assembly_format = "attr-dict ($arguments^ `:` type($arguments))?"

    traits = traits_def(Pure(), IsTerminator(), ReturnLike())


@irdl_op_definition
class IndexOp(IRDLOperation):
    """The iteration index along one dimension of the op around."""

    name = "iree_linalg_ext.index"

    dim = prop_def(IntegerAttr.constr(i64))
    result = result_def(index)

    assembly_format = "$dim attr-dict `:` type($result)"

    traits = traits_def(Pure())


# ---- gather, scatter, sort ---------------------------------------------------------------------------------------------


@irdl_op_definition
class ScatterOp(_StructuredOp):
    """Combines `updates` into `original` at `indices`, by the region."""

    name = "iree_linalg_ext.scatter"

    updates = operand_def()
    indices = operand_def()
    mask = opt_operand_def()
    original = operand_def()
    dimension_map = prop_def(DenseArrayBase.constr(i64))
    unique_indices = prop_def(IntegerAttr.constr(i1))
    region = region_def()

    assembly_format = (
        "attr-dict `dimension_map` `=` $dimension_map `unique_indices` `(` $unique_indices `)` `ins` `(` $updates `,` $indices "
        + _MASK
        + "`:` type($updates) `,` type($indices) "
        + _MASK_TYPE
        + "`)` `outs` `(` $original `:` type($original) `)` $region "
        + _RESULTS
    )


@irdl_op_definition
class GatherOp(_StructuredOp):
    """Slices of `source` at `indices`."""

    name = "iree_linalg_ext.gather"

    source = operand_def()
    indices = operand_def()
    mask = opt_operand_def()
    output = operand_def()
    dimension_map = prop_def(DenseArrayBase.constr(i64))

    assembly_format = (
        "attr-dict `dimension_map` `=` $dimension_map `ins` `(` $source `,` $indices "
        + _MASK
        + "`:` type($source) `,` type($indices) "
        + _MASK_TYPE
        + "`)` `outs` `(` $output `:` type($output) `)` "
        + _RESULTS
    )


@irdl_op_definition
class SortOp(_StructuredOp):
    """Sorts along a dimension by the comparison in the region."""

    name = "iree_linalg_ext.sort"

    inputs = var_operand_def()
    outputs = var_operand_def()
    dimension = prop_def(IntegerAttr.constr(i64))
    region = region_def()

    irdl_options = (_SEGMENTS,)
    assembly_format = (
        "attr-dict `dimension` `(` $dimension `)` (`ins` `(` $inputs^ `:` type($inputs) `)`)?"
        " `outs` `(` $outputs `:` type($outputs) `)` $region " + _RESULTS
    )


@irdl_op_definition
class TopkOp(_StructuredOp):
    """The first k values along a dimension, and their indices, by the comparison in the region."""

    name = "iree_linalg_ext.topk"

    values = operand_def()
    indices = opt_operand_def()
    output_values = operand_def()
    output_indices = operand_def()
    dimension = prop_def(IntegerAttr.constr(i64))
    region = region_def()

    assembly_format = (
        "attr-dict `dimension` `(` $dimension `)` `ins` `(` $values (`,` $indices^)? `:` type($values) (`,` type($indices)^)? `)`"
        " `outs` `(` $output_values `,` $output_indices `:` type($output_values) `,` type($output_indices) `)` $region " + _RESULTS
    )


@irdl_op_definition
class TopkV2Op(_StructuredOp):
    """The first k values along a dimension, by the comparison in the region; sorted if asked."""

    name = "iree_linalg_ext.topk_v2"

    dimension = prop_def(IntegerAttr.constr(i64))
    is_sorted = opt_prop_def(UnitAttr)
    values = operand_def()
    input_indices = opt_operand_def()
    output_values = operand_def()
    output_indices = opt_operand_def()
    region = region_def()

    irdl_options = (_SEGMENTS,)
    assembly_format = (
        "attr-dict `dimension` `(` $dimension `)` (`is_sorted` $is_sorted^)? `ins` `(` $values (`,` $input_indices^)? `:` type($values)"
        " (`,` type($input_indices)^)? `)` `outs` `(` $output_values (`,` $output_indices^)? `:` type($output_values)"
        " (`,` type($output_indices)^)? `)` $region " + _RESULTS
    )


@irdl_op_definition
class ArgCompareOp(_StructuredOp):
    """The value preferred by the region along a dimension, and its index."""

    name = "iree_linalg_ext.arg_compare"

    input_value = operand_def()
    input_index = opt_operand_def()
    output_value = operand_def()
    output_index = operand_def()
    index_base = opt_operand_def(index)
    dimension = prop_def(IntegerAttr.constr(i64))
    region = region_def()

    irdl_options = (_SEGMENTS,)
    assembly_format = (
        "attr-dict `dimension` `(` $dimension `)` `ins` `(` $input_value (`,` $input_index^)? `:` type($input_value)"
        " (`,` type($input_index)^)? `)` `outs` `(` $output_value `,` $output_index `:` type($output_value) `,` type($output_index) `)`"
        " (`index_base` `(` $index_base^ `:` type($index_base) `)`)? $region " + _RESULTS
    )

    # ---- scan and FFT ------------------------------------------------------------------------------------------------------

    def tied_destination(self, result: OpResult) -> SSAValue:
        return (self.output_value, self.output_index)[result.index]


@irdl_op_definition
class ScanOp(_StructuredOp):
    """Running reductions along a dimension by the region, and the last one."""

    name = "iree_linalg_ext.scan"

    input = operand_def()
    output = operand_def()
    accumulator = operand_def()
    dimension = prop_def(IntegerAttr.constr(i64))
    inclusive = prop_def(IntegerAttr.constr(i1))
    region = region_def()

    assembly_format = (
        "attr-dict `dimension` `(` $dimension `)` `inclusive` `(` $inclusive `)` `ins` `(` $input `:` type($input) `)`"
        " `outs` `(` $output `,` $accumulator `:` type($output) `,` type($accumulator) `)` $region " + _RESULTS
    )


@irdl_op_definition
class FftOp(_StructuredOp):
    """One stage of a fast Fourier transform along the last dimension, in place."""

    name = "iree_linalg_ext.fft"

    stage = operand_def()
    real_coeff = opt_operand_def()
    imag_coeff = opt_operand_def()
    real = operand_def()
    imag = operand_def()

    irdl_options = (_SEGMENTS,)
    assembly_format = (
        "attr-dict `ins` `(` $stage (`,` $real_coeff^ `,` $imag_coeff)? `:` type($stage)"
        " (`,` type($real_coeff)^ `,` type($imag_coeff))? `)`"
        " `outs` `(` $real `,` $imag `:` type($real) `,` type($imag) `)` (`:` type($results_)^)?"
    )


# ---- attention ---------------------------------------------------------------------------------------------------------


class _AttentionOp(_StructuredOp):
    indexing_maps = prop_def(ArrayAttr)
    decomposition_config = opt_prop_def(DictionaryAttr)
    region = region_def()

    irdl_options = (ParsePropInAttrDict(),)


_ATTENTION = (
    "attr-dict `ins` `(` $query `,` $key `,` $value `,` $scale "
    + _MASK
    + "`:` type($query) `,` type($key) `,` type($value) `,` type($scale) "
    + _MASK_TYPE
    + "`)` "
)


@irdl_op_definition
class AttentionOp(_AttentionOp):
    """softmax(query · keyᵀ · scale + mask) · value; the region changes the scores before the softmax."""

    name = "iree_linalg_ext.attention"

    query = operand_def()
    key = operand_def()
    value = operand_def()
    scale = operand_def()
    mask = opt_operand_def()
    output = operand_def()

    assembly_format = _ATTENTION + "`outs` `(` $output `:` type($output) `)` $region " + _RESULTS


@irdl_op_definition
class OnlineAttentionOp(_AttentionOp):
    """Attention over part of the keys, with the running maximum and sum."""

    name = "iree_linalg_ext.online_attention"

    query = operand_def()
    key = operand_def()
    value = operand_def()
    scale = operand_def()
    mask = opt_operand_def()
    output = operand_def()
    max = operand_def()
    sum = operand_def()

    assembly_format = (
        _ATTENTION + "`outs` `(` $output `,` $max `,` $sum `:` type($output) `,` type($max) `,` type($sum) `)` $region " + _RESULTS
    )


# ---- Winograd ----------------------------------------------------------------------------------------------------------


class _WinogradOp(_StructuredOp):
    input = operand_def()
    output = operand_def()
    output_tile_size = prop_def(IntegerAttr.constr(i64))
    kernel_size = prop_def(IntegerAttr.constr(i64))


def _winograd(dimensions: str) -> str:
    return (
        "attr-dict `output_tile_size` `(` $output_tile_size `)` `kernel_size` `(` $kernel_size `)` "
        f"`{dimensions}` `(` ${dimensions} `)` `ins` `(` $input `:` type($input) `)` `outs` `(` $output `:` type($output) `)` " + _RESULTS
    )


@irdl_op_definition
class WinogradInputTransformOp(_WinogradOp):
    """Image tiles to Winograd's domain."""

    name = "iree_linalg_ext.winograd.input_transform"

    image_dimensions = prop_def(DenseArrayBase.constr(i64))

    assembly_format = _winograd("image_dimensions")


@irdl_op_definition
class WinogradFilterTransformOp(_WinogradOp):
    """Filters to Winograd's domain."""

    name = "iree_linalg_ext.winograd.filter_transform"

    kernel_dimensions = prop_def(DenseArrayBase.constr(i64))

    assembly_format = _winograd("kernel_dimensions")


@irdl_op_definition
class WinogradOutputTransformOp(_WinogradOp):
    """Products back from Winograd's domain."""

    name = "iree_linalg_ext.winograd.output_transform"

    image_dimensions = prop_def(DenseArrayBase.constr(i64))

    assembly_format = _winograd("image_dimensions")


DIALECT = Dialect(
    "iree_linalg_ext",
    [
        ArgCompareOp,
        AttentionOp,
        FftOp,
        GatherOp,
        IndexOp,
        OnlineAttentionOp,
        ScanOp,
        ScatterOp,
        SortOp,
        TopkOp,
        TopkV2Op,
        WinogradFilterTransformOp,
        WinogradInputTransformOp,
        WinogradOutputTransformOp,
        YieldOp,
    ],
)
