"""Small ONNX models, an operator or a form of it each, with random inputs; ONNX Runtime says what they compute."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

KINDS = {
    "f": (TensorProto.FLOAT, np.float32), "d": (TensorProto.DOUBLE, np.float64), "i": (TensorProto.INT32, np.int32),
    "l": (TensorProto.INT64, np.int64), "b": (TensorProto.BOOL, np.bool_), "u": (TensorProto.UINT8, np.uint8),
}  # fmt: skip
Shape = tuple[Any, ...]


@dataclass(frozen=True)
class OnnxCase:
    """`inputs`: (kind letter, shape); a string in a shape is a symbol whose size is in `symbols`. `constants` follow the inputs."""

    name: str
    operator: str
    inputs: tuple[tuple[str, Shape], ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    constants: tuple[np.ndarray | None, ...] = ()
    outputs: int = 1
    opset: int = 18
    positive: bool = False
    symbols: dict[str, int] = field(default_factory=lambda: {"N": 3, "M": 4})
    nodes: Callable[[], list] | None = None  # a graph of several nodes from x0, x1, ... to y0, ...

    def model(self):
        names = [f"x{i}" for i in range(len(self.inputs))]
        infos = [helper.make_tensor_value_info(n, KINDS[k][0], list(s)) for n, (k, s) in zip(names, self.inputs, strict=True)]
        initializers, operands = [], list(names)
        for i, array in enumerate(self.constants):
            operands.append("" if array is None else f"c{i}")
            if array is not None:
                initializers.append(numpy_helper.from_array(array, f"c{i}"))
        outputs = [f"y{i}" for i in range(self.outputs)]
        nodes = self.nodes() if self.nodes else [helper.make_node(self.operator, operands, outputs, name=self.name, **self.attributes)]
        graph = helper.make_graph(nodes, self.name, infos, [helper.make_empty_tensor_value_info(o) for o in outputs], initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=9)

    def feeds(self, seed: int) -> list[np.ndarray]:
        random = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        feeds = []
        for kind, shape in self.inputs:
            sizes = [self.symbols[n] if isinstance(n, str) else n for n in shape]
            dtype = np.dtype(KINDS[kind][1])
            if dtype.kind == "f":
                x = random.standard_normal(sizes).astype(dtype)
                feeds.append(np.abs(x) + dtype.type(0.1) if self.positive else x)
            elif dtype.kind == "b":
                feeds.append(random.integers(0, 2, sizes).astype(dtype))
            else:
                feeds.append(random.integers(1 if self.positive or dtype.kind == "u" else -4, 5, sizes).astype(dtype))
        return feeds

    def difference(self, run: Callable[..., list[np.ndarray]], seed: int) -> str | None:
        """What is wrong with the results of `run`, or None."""
        feeds = self.feeds(seed)
        session = onnxruntime.InferenceSession(self.model().SerializeToString())
        expected = session.run(None, {f"x{i}": x for i, x in enumerate(feeds)})
        for e, a in zip(expected, run(*feeds), strict=True):
            if e.dtype.kind == "u" and a.dtype.kind == "i":  # the interpreter knows bits, not signs
                a = a.view(e.dtype)
            if e.shape != a.shape or e.dtype != a.dtype:
                return f"{self.name}: {a.dtype}{a.shape}, expected {e.dtype}{e.shape}"
            if not (np.allclose(a, e, rtol=2e-4, atol=2e-5, equal_nan=True) if e.dtype.kind == "f" else np.array_equal(a, e)):
                return f"{self.name}: {a.ravel()[:5]}, expected {e.ravel()[:5]}"
        return None


def case(name: str, inputs: str, constants: tuple = (), **rest: Any) -> OnnxCase:
    """`inputs` such as `f2x3 fNx4`; attributes are keyword arguments that are not fields."""
    parsed = tuple((word[0], tuple(int(n) if n.isdigit() else n for n in word[1:].split("x") if n)) for word in inputs.split())
    fields = {key: rest.pop(key) for key in ("outputs", "opset", "positive", "symbols", "nodes") if key in rest}
    operator = name.split("_", maxsplit=1)[0]
    return OnnxCase(name, operator, parsed, rest, tuple(constants), **fields)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def floats(*shape: int) -> np.ndarray:
    return np.random.default_rng(shape).standard_normal(shape).astype(np.float32)


UNARY = (
    "Abs Acos Asin Atan Ceil Cos Cosh Erf Exp Floor Neg Round Sigmoid Sign Sin Sinh Tan Tanh Relu LeakyRelu Elu Celu Selu"
    " HardSigmoid HardSwish Softplus Softsign"
)
BROADCASTS = {"same": "f3x4 f3x4", "row": "f3x4 f4", "both": "f3x1 f1x4", "symbol": "fNx4 f4", "two_symbols": "fNx4 fMx4", "scalar": "fN f"}


def shape_subgraph() -> list:
    """Reshape to (N, -1) with N from Shape/Gather/Concat: shape arithmetic that must vanish."""
    return [
        helper.make_node("Shape", ["x0"], ["s"]),
        helper.make_node("Constant", [], ["zero"], value_int=0),
        helper.make_node("Gather", ["s", "zero"], ["n"]),
        helper.make_node("Constant", [], ["first"], value_ints=[0]),
        helper.make_node("Unsqueeze", ["n", "first"], ["nv"]),
        helper.make_node("Constant", [], ["rest"], value_ints=[-1]),
        helper.make_node("Concat", ["nv", "rest"], ["shape"], axis=0),
        helper.make_node("Reshape", ["x0", "shape"], ["y0"]),
    ]


def expand_subgraph() -> list:
    """Expand by a shape computed as exporters do: ConstantOfShape, Mul, Equal, Where."""
    return [
        helper.make_node("Shape", ["x0"], ["s"]),
        helper.make_node("Constant", [], ["first"], value_ints=[0]),
        helper.make_node("Constant", [], ["second"], value_ints=[1]),
        helper.make_node("Slice", ["s", "first", "second"], ["n"]),
        helper.make_node("Constant", [], ["four"], value_ints=[4]),
        helper.make_node("Concat", ["n", "four"], ["target"], axis=0),
        helper.make_node("Constant", [], ["minus"], value_ints=[-1, -1]),
        helper.make_node("Equal", ["target", "minus"], ["is_minus"]),
        helper.make_node("Constant", [], ["ones"], value_ints=[1, 1]),
        helper.make_node("Where", ["is_minus", "ones", "target"], ["chosen"]),
        helper.make_node("Expand", ["x0", "chosen"], ["y0"]),
    ]


CASES: list[OnnxCase] = [
    *(case(f"{name}_", "f3x5") for name in UNARY.split() if name not in ("Acos", "Asin")),
    *(case(f"{name}_symbol", "fNx5") for name in ("Relu", "Sigmoid", "Elu")),
    *(case(f"{name}_", "f3x5", positive=True) for name in ("Log", "Sqrt", "Reciprocal")),
    *(case(f"Add_{how}", inputs) for how, inputs in BROADCASTS.items() if how != "two_symbols"),
    case("Add_two_symbols_grow", "fNx4 fMx4", symbols={"N": 1, "M": 4}),
    case("Add_two_symbols_same", "fNx4 fMx4", symbols={"N": 4, "M": 4}),
    *(case(f"{name}_", "f3x4 f4") for name in ("Sub", "Mul", "Div")),
    case("Div_int", "i3x4 i4", positive=True),
    case("Pow_square", "f3x4", (np.array(2.0, np.float32),)),
    case("Pow_", "f3x4 f4", positive=True),
    case("Mod_", "i20 i20", positive=True),
    case("Mod_float", "f3x4 f4", fmod=1),
    case("Max_", "f3x4 f4 f3x1"),
    case("Min_", "f3x4 f4"),
    case("Mean_", "f3x4 f3x4 f3x4"),
    case("Sum_", "f3x4 f3x4"),
    *(case(f"{name}_", "f3x4 f3x4") for name in ("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual")),
    *(case(f"{name}_", "b3x4 b4") for name in ("And", "Or", "Xor")),
    case("Not_", "b5"),
    case("Where_", "b3x4 f3x4 f4"),
    case("Where_condition", "b4 f3x1 f1"),
    case("Clip_", "f20", (np.float32(-0.5), np.float32(0.5))),
    case("Clip_high", "f20", (None, np.float32(0.5))),
    case("Clip_attributes", "f20", min=-0.3, max=0.2, opset=10),
    case("Cast_int", "f20", to=TensorProto.INT32),
    case("Cast_bool", "f20", to=TensorProto.BOOL),
    case("Cast_float", "l20", to=TensorProto.FLOAT),
    case("Gelu_", "f20", opset=20),
    case("Gelu_tanh", "f20", opset=20, approximate="tanh"),
    case("PRelu_", "f3x4 f4"),
    case("IsNaN_", "f20"),
    case("Identity_", "f3"),
    case("Dropout_", "f3x4"),
    case("ThresholdedRelu_", "f20"),
    case("MatMul_", "f3x4 f4x5"),
    case("MatMul_batch", "f2x3x4 f2x4x5"),
    case("MatMul_spread", "f2x1x3x4 f5x4x2"),
    case("MatMul_vector", "f3x4 f4"),
    case("MatMul_row", "f4 f4x5"),
    case("MatMul_inner", "f4 f4"),
    case("MatMul_weight", "f2x3x4 f4x5"),
    case("MatMul_symbol", "fNx4 f4x5"),
    case("MatMul_symbol_weight", "fNxMx4 f4x5"),
    case("MatMul_symbol_batch", "fNx3x4 fNx4x5"),
    case("Gemm_", "f3x4 f4x5 f5"),
    case("Gemm_all", "f4x3 f5x4 f3x5", alpha=0.5, beta=2.0, transA=1, transB=1),
    case("Gemm_symbol", "fNx4 f5x4", transB=1),
    case("Conv_", "f1x3x8x8 f4x3x3x3"),
    case("Conv_bias", "fNx3x8x8", (floats(4, 3, 3, 3), floats(4)), pads=[1, 1, 1, 1]),
    case("Conv_stride", "f1x3x9x9 f4x3x3x3", strides=[2, 2], pads=[1, 0, 1, 1]),
    case("Conv_dilated", "f1x3x9x9 f4x3x3x3", dilations=[2, 2]),
    case("Conv_group", "f1x4x8x8 f6x2x3x3", group=2),
    case("Conv_depthwise", "f1x4x8x8 f4x1x3x3", group=4),
    case("Conv_1d", "f2x3x9 f4x3x3"),
    case("Conv_3d", "f1x2x5x5x5 f3x2x3x3x3"),
    case("Conv_same", "f1x3x7x7 f4x3x3x3", auto_pad="SAME_UPPER", strides=[2, 2]),
    case("Conv_same_lower", "f1x3x8x8 f4x3x4x4", auto_pad="SAME_LOWER"),
    case("Conv_multiplier", "f1x2x6x6 f4x1x3x3", group=2),
    case("Conv_symbols", "fNx3xMxM", (floats(4, 3, 3, 3),), pads=[1, 1, 1, 1], strides=[2, 2], symbols={"N": 2, "M": 7}),
    case("ConvTranspose_", "f1x3x4x4 f3x2x3x3"),
    case("ConvTranspose_stride", "f1x3x4x4 f3x2x3x3", strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]),
    case("ConvTranspose_group", "f1x4x4x4 f4x3x2x2", group=2, strides=[2, 2]),
    case("MaxPool_", "f1x3x8x8", kernel_shape=[2, 2], strides=[2, 2]),
    case("MaxPool_pad", "fNx3x8x8", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    case("MaxPool_ceil", "f1x3x7x7", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
    case("MaxPool_1d", "f1x3x9", kernel_shape=[3], strides=[2]),
    case("AveragePool_", "f1x3x8x8", kernel_shape=[2, 2], strides=[2, 2]),
    case("AveragePool_pad", "f1x3x8x8", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    case("AveragePool_include", "f1x3x8x8", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
    case("GlobalAveragePool_", "fNx3x4x5"),
    case("GlobalMaxPool_", "f2x3x4x5"),
    case("BatchNormalization_", "fNx3x4x4", (floats(3), floats(3), floats(3), np.abs(floats(3)) + 0.5)),
    case("InstanceNormalization_", "f2x3x4x4", (floats(3), floats(3))),
    case("LayerNormalization_", "fNx4x6", (floats(6), floats(6))),
    case("LayerNormalization_axis", "f2x4x6", (floats(4, 6), floats(4, 6)), axis=1),
    case("LpNormalization_", "f3x4"),
    *(
        case(f"{name}_", "f3x4x5", (ints(1),), keepdims=0)
        for name in [
            "ReduceMax",
            "ReduceMean",
            "ReduceMin",
            "ReduceProd",
            "ReduceSum",
            "ReduceL1",
            "ReduceL2",
            "ReduceSumSquare",
            "ReduceLogSumExp",
        ]
    ),
    case("ReduceSum_all", "f3x4x5"),
    case("ReduceMean_symbol", "fNx4x5", (ints(0, 2),)),
    case("ReduceMean_attribute", "f3x4x5", axes=[-1], opset=13),
    case("ReduceMax_int", "i3x4", (ints(0),)),
    case("ArgMax_", "f3x4x5", axis=1),
    case("ArgMax_last", "i3x9", axis=1, keepdims=0, select_last_index=1),
    case("ArgMin_", "fNx5", axis=1),
    case("Softmax_", "f3x4x5", axis=1),
    case("Softmax_symbol", "fNx5"),
    case("Softmax_old", "f3x4x5", opset=11),
    case("LogSoftmax_", "f3x5"),
    case("Reshape_", "f2x3x4", (ints(4, 6),)),
    case("Reshape_keep", "fNx3x4", (ints(0, -1),)),
    case("Reshape_symbol", "fNx3x4", (ints(-1, 4),)),
    case("Flatten_", "f2x3x4"),
    case("Flatten_symbol", "fNx3x4"),
    case("Flatten_zero", "f2x3x4", axis=0),
    case("Transpose_", "f2x3x4", perm=[2, 0, 1]),
    case("Transpose_all", "fNx3x4"),
    case("Squeeze_", "f1x3x1", (ints(0),)),
    case("Squeeze_all", "f1x3x1"),
    case("Unsqueeze_", "fNx3", (ints(0, -1),)),
    case("Squeeze_attribute", "f1x3x1", axes=[2], opset=11),
    case("Concat_", "f2x3 f2x4", axis=1),
    case("Concat_symbols", "fNx3 fMx3", axis=0),
    case("Split_", "f6x4", (ints(2, 4),), axis=0, outputs=2),
    case("Split_even", "f3x6", axis=1, outputs=3, num_outputs=3),
    case("Slice_", "f6x8", (ints(1, 2), ints(5, 100), ints(0, 1), ints(2, 3))),
    case("Slice_negative", "f6x8", (ints(-1), ints(-100), ints(1), ints(-2))),
    case("Slice_symbol", "fNx8", (ints(1), ints(-1), ints(0)), symbols={"N": 6}),
    case("Slice_whole", "fNx8", (ints(0), ints(2**62), ints(0))),
    case("Gather_", "f6x4", (ints(0, 3, -1),)),
    case("Gather_axis", "f3x6", (ints(1, 5).reshape(2, 1),), axis=1),
    case("Gather_dynamic", "f6x4 l2x3"),
    case("Gather_symbol", "fNx6 l3", axis=1),
    case("GatherElements_", "f5x5 l5x5", axis=0),
    case("Pad_", "f3x4", (ints(1, 0, 0, 2),)),
    case("Pad_value", "fNx4", (ints(0, 1, 0, 2), np.float32(1.5))),
    case("Pad_edge", "f3x4", (ints(1, 1, 1, 1),), mode="edge"),
    case("Pad_reflect", "f3x4", (ints(1, 1, 1, 1),), mode="reflect"),
    case("Expand_", "f3x1", (ints(2, 1, 4),)),
    case("Tile_", "f2x3", (ints(2, 2),)),
    case("Shape_", "fNx4"),
    case("Shape_part", "fNx4", start=1),
    case("Size_", "fNx4"),
    case("ConstantOfShape_", "", (ints(2, 3),), value=numpy_helper.from_array(np.array([2], np.int32))),
    case("Range_", "", (np.int64(1), np.int64(9), np.int64(2))),
    case("OneHot_", "l5", (np.int64(5), np.array([0.5, 2.0], np.float32)), positive=True, symbols={}),
    case("Trilu_", "f4x5"),
    case("Trilu_lower", "f4x5", (np.int64(1),), upper=0),
    case("DepthToSpace_", "f1x8x2x3", blocksize=2),
    case("SpaceToDepth_", "f1x2x4x6", blocksize=2),
    case("CumSum_", "f3x5", (np.int64(1),)),
    case("CumSum_backwards", "f3x5", (np.int64(0),), exclusive=1, reverse=1),
    case("Einsum_matmul", "f3x4 f4x5", equation="ij,jk->ik"),
    case("Einsum_batch", "f2x3x4 f2x5x4", equation="bij,bkj->bik"),
    case("Einsum_three", "f3x4 f4x5 f5", equation="ij,jk,k->i"),
    case("Hardmax_", "f3x5"),
    case("LRN_", "f1x5x3x3", size=3),
    case("LpPool_", "f1x2x6x6", kernel_shape=[2, 2], strides=[2, 2]),
    case("GatherND_", "f4x5x2", (ints(0, 1, 3, -1).reshape(2, 2),)),
    case("ScatterND_", "f6x3", (ints(1, 4).reshape(2, 1), floats(2, 3))),
    case("ScatterElements_", "f5x4", (ints(0, 2, 1, 3).reshape(1, 4), floats(1, 4)), axis=0),
    case("QuantizeLinear_", "f20", (np.float32(0.05), np.uint8(128))),
    case("QuantizeLinear_signed", "f20", (np.float32(0.05), np.int8(3))),
    case("DequantizeLinear_", "u3x4", (floats(4), np.array([1, 2, 3, 4], np.uint8)), axis=1),
    case(
        "Resize_nearest",
        "f1x2x4x4",
        (None, np.array([1, 1, 2, 2], np.float32)),
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    ),
    case("Resize_linear", "f1x2x4x4", (None, None, ints(1, 2, 7, 9)), mode="linear"),
    case("Resize_corners", "f1x2x4x5", (None, None, ints(1, 2, 7, 9)), mode="linear", coordinate_transformation_mode="align_corners"),
    case("Resize_cubic", "f1x1x5x5", (None, np.array([1, 1, 2, 2], np.float32)), mode="cubic"),
    case("EyeLike_", "f4x5", k=1),
    case("Reshape_by_shape", "fNx3x4", nodes=shape_subgraph),
    case("Expand_by_shape", "fNx1", nodes=expand_subgraph),
]
