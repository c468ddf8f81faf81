"""Ops that multiply and add: dot, dot_general, convolution, and batch normalization at inference."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr, TensorType, f32, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation, ParsePropInAttrDict, irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def, traits_def
from xdsl.traits import Pure

from pyrie.dialects.stablehlo import shapes
from pyrie.dialects.stablehlo.assembly import (
    ConvolutionDimensions,
    DotDimensions,
    PrecisionConfig,
    PrecisionConfigAndAlgorithm,
    WindowAttributes,
    dims_of,
    i64_array,
)
from pyrie.dialects.stablehlo.attributes import (
    ConvDimensionNumbersAttr,
    DotAlgorithmAttr,
    DotDimensionNumbers,
    DotDimensionNumbersAttr,
)
from pyrie.dialects.stablehlo.elementwise import AnyTensor
from pyrie.dialects.stablehlo.movement import retyped
from pyrie.dialects.stablehlo.shapes import require_shape, shape_of

PaddingPairs = Sequence[tuple[int, int]]


def padding_attribute(padding: PaddingPairs) -> DenseIntOrFPElementsAttr:
    """`dense<[[low, high], ...]> : tensor<nx2xi64>`"""
    return DenseIntOrFPElementsAttr.from_list(TensorType(i64, [len(padding), 2]), [n for pair in padding for n in pair])


def padding_of(attribute: Attribute | None, rank: int) -> list[tuple[int, int]]:
    """The (low, high) pairs of a padding attribute; zeros when there is none."""
    if not isinstance(attribute, DenseIntOrFPElementsAttr):
        return [(0, 0)] * rank
    numbers = [int(n) for n in attribute.get_values()]  # pyright: ignore[reportArgumentType]
    if len(numbers) == 1:
        numbers *= 2 * rank
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def window_numbers(attribute: Attribute | None, rank: int) -> tuple[int, ...]:
    """The numbers of a window attribute; ones when there is none."""
    return (1,) * rank if attribute is None else dims_of(attribute)


@irdl_op_definition
class DotOp(IRDLOperation):
    """Inner product, matrix times vector, or matrix times matrix."""

    name = "stablehlo.dot"
    lhs = operand_def(AnyTensor)
    rhs = operand_def(AnyTensor)
    precision_config = opt_prop_def(ArrayAttr)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    custom_directives = (PrecisionConfig,)
    assembly_format = "$lhs `,` $rhs custom<PrecisionConfig>($precision_config) attr-dict `:` functional-type(operands, results)"

    @property
    def numbers(self) -> DotDimensionNumbers:
        """This op as the dimension numbers of a dot_general."""
        return DotDimensionNumbers((), (), (len(shape_of(self.lhs.type)) - 1,), (0,))

    def verify_(self) -> None:
        expected = shapes.dot_general(shape_of(self.lhs.type), shape_of(self.rhs.type), self.numbers)
        require_shape("the result", self.result.type, expected)


@irdl_op_definition
class DotGeneralOp(IRDLOperation):
    """Sums products over the contracting dimensions, for each index of the batching and the free dimensions."""

    name = "stablehlo.dot_general"
    lhs = operand_def(AnyTensor)
    rhs = operand_def(AnyTensor)
    dot_dimension_numbers = prop_def(DotDimensionNumbersAttr)
    precision_config = opt_prop_def(ArrayAttr)
    algorithm = opt_prop_def(DotAlgorithmAttr)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    custom_directives = (DotDimensions, PrecisionConfigAndAlgorithm)
    assembly_format = (
        "$lhs `,` $rhs `,` custom<DotDimensions>($dot_dimension_numbers)"
        " custom<PrecisionConfigAndAlgorithm>($precision_config, $algorithm) attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, lhs: SSAValue, rhs: SSAValue, numbers: DotDimensionNumbersAttr, element_type: Attribute | None = None):
        type = retyped(lhs.type, shapes.dot_general(shape_of(lhs.type), shape_of(rhs.type), numbers.data))
        super().__init__(
            operands=[lhs, rhs],
            properties={"dot_dimension_numbers": numbers},
            result_types=[TensorType(element_type, type.get_shape()) if element_type else type],
        )

    @property
    def numbers(self) -> DotDimensionNumbers:
        return self.dot_dimension_numbers.data

    def verify_(self) -> None:
        expected = shapes.dot_general(shape_of(self.lhs.type), shape_of(self.rhs.type), self.numbers)
        require_shape("the result", self.result.type, expected)


@irdl_op_definition
class ConvolutionOp(IRDLOperation):
    """Slides a kernel over a padded and dilated input, in groups of features."""

    name = "stablehlo.convolution"
    lhs = operand_def(AnyTensor)
    rhs = operand_def(AnyTensor)
    window_strides = opt_prop_def(DenseArrayBase)
    padding = opt_prop_def(DenseIntOrFPElementsAttr)
    lhs_dilation = opt_prop_def(DenseArrayBase)
    rhs_dilation = opt_prop_def(DenseArrayBase)
    window_reversal = opt_prop_def(DenseArrayBase)
    dimension_numbers = prop_def(ConvDimensionNumbersAttr)
    feature_group_count = prop_def(IntegerAttr)
    batch_group_count = prop_def(IntegerAttr)
    precision_config = opt_prop_def(ArrayAttr)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    custom_directives = (ConvolutionDimensions, WindowAttributes)
    assembly_format = (
        "`(` $lhs `,` $rhs `)` `dim_numbers` `=` custom<ConvolutionDimensions>($dimension_numbers) `,` `window` `=` `{`"
        " custom<WindowAttributes>($window_strides, $padding, $lhs_dilation, $rhs_dilation, $window_reversal) `}`"
        " attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self,
        lhs: SSAValue,
        rhs: SSAValue,
        numbers: ConvDimensionNumbersAttr,
        *,
        strides: Sequence[int],
        padding: PaddingPairs,
        lhs_dilation: Sequence[int],
        rhs_dilation: Sequence[int],
        groups: int = 1,
        batch_groups: int = 1,
    ):
        shape = shapes.convolution(
            shape_of(lhs.type), shape_of(rhs.type), numbers.data, strides, padding, lhs_dilation, rhs_dilation, groups, batch_groups
        )
        super().__init__(
            operands=[lhs, rhs],
            properties={
                "window_strides": i64_array(strides),
                "padding": padding_attribute(padding),
                "lhs_dilation": i64_array(lhs_dilation),
                "rhs_dilation": i64_array(rhs_dilation),
                "dimension_numbers": numbers,
                "feature_group_count": IntegerAttr(groups, i64),
                "batch_group_count": IntegerAttr(batch_groups, i64),
            },
            result_types=[retyped(lhs.type, shape)],
        )

    @property
    def spatial_rank(self) -> int:
        return len(self.dimension_numbers.data.input_spatial_dimensions)

    def verify_(self) -> None:
        n = self.spatial_rank
        expected = shapes.convolution(
            shape_of(self.lhs.type),
            shape_of(self.rhs.type),
            self.dimension_numbers.data,
            window_numbers(self.window_strides, n),
            padding_of(self.padding, n),
            window_numbers(self.lhs_dilation, n),
            window_numbers(self.rhs_dilation, n),
            self.feature_group_count.value.data,
            self.batch_group_count.value.data,
        )
        require_shape("the result", self.result.type, expected)


@irdl_op_definition
class BatchNormInferenceOp(IRDLOperation):
    """(x - mean) / sqrt(variance + epsilon) * scale + offset along `feature_index`."""

    name = "stablehlo.batch_norm_inference"
    operand = operand_def(AnyTensor)
    scale = operand_def(AnyTensor)
    offset = operand_def(AnyTensor)
    mean = operand_def(AnyTensor)
    variance = operand_def(AnyTensor)
    epsilon = prop_def(FloatAttr)
    feature_index = prop_def(IntegerAttr.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(Pure())

    def __init__(self, x: SSAValue, scale: SSAValue, offset: SSAValue, mean: SSAValue, variance: SSAValue, epsilon: float, axis: int):
        super().__init__(
            operands=[x, scale, offset, mean, variance],
            properties={"epsilon": FloatAttr(epsilon, f32), "feature_index": IntegerAttr(axis, i64)},
            result_types=[x.type],
        )

    def verify_(self) -> None:
        shape = shape_of(self.operand.type)
        shapes.require_axes("feature_index", [self.feature_index.value.data], len(shape))
        require_shape("the result", self.result.type, shape)
        for name in ("scale", "offset", "mean", "variance"):
            require_shape(name, getattr(self, name).type, [shape[self.feature_index.value.data]])


OPS: list[type[Operation]] = [BatchNormInferenceOp, ConvolutionOp, DotGeneralOp, DotOp]
