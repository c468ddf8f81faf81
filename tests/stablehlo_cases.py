"""StableHLO functions, one an op or a form of it, with random arguments: what the input phase is compared on.

Each row of CASES is `name: (argument types, result types, body)`; arguments are %0, %1, ...; the body's last line returns.
Floats are drawn from a normal distribution, integers from -9 to 9, unsigned ones from 0 to 9.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import numpy as np

DTYPES = {
    "f32": np.float32, "f64": np.float64, "f16": np.float16, "i1": np.bool_, "i8": np.int8, "i16": np.int16, "i32": np.int32,
    "i64": np.int64, "ui8": np.uint8, "ui32": np.uint32,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    name: str
    arguments: tuple[str, ...]
    results: tuple[str, ...]
    body: str
    sizes: tuple[int, ...] = ()  # what each `?` of the arguments is, in order

    @property
    def text(self) -> str:
        arguments = ", ".join(f"%a{i}: {type}" for i, type in enumerate(self.arguments))
        body = re.sub(r"%(\d+)", r"%a\1", self.body.strip())
        results = ", ".join(self.results)
        return f"func.func @{self.name}({arguments}) -> ({results}) {{\n  {body}\n}}\n"

    def inputs(self, seed: int) -> list[np.ndarray]:
        random = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        sizes = iter(self.sizes)
        return [random_array(random, type, sizes) for type in self.arguments]


def random_array(random: np.random.Generator, type: str, sizes) -> np.ndarray:
    *shape, element = re.fullmatch(r"tensor<(.*)>", type)[1].split("x")  # pyright: ignore[reportOptionalSubscript]
    dims = [next(sizes) if n == "?" else int(n) for n in shape]
    dtype = np.dtype(DTYPES[element])
    if dtype.kind == "f":
        return random.standard_normal(dims).astype(dtype)
    low, high = {"b": (0, 2), "u": (0, 10), "i": (-9, 10)}[dtype.kind]
    return random.integers(low, high, dims).astype(dtype)


def unary(name: str, types: str) -> list[Case]:
    cases = []
    for element in types.split():
        t = f"tensor<5x7x{element}>"
        prepare, value = DOMAINS.get(name, ("", "%0"))
        body = prepare.replace("T", t) + f"%r = stablehlo.{name} {value} : {t}\n  return %r : {t}"
        cases.append(Case(f"{name}_{element}", (t,), (t,), body))
    return cases


ABSOLUTE = "%x = stablehlo.abs %0 : T\n  "
DOMAINS = dict.fromkeys(("log", "sqrt", "rsqrt", "cbrt", "log_plus_one"), (ABSOLUTE, "%x"))


def binary(name: str, types: str) -> list[Case]:
    cases = []
    for element in types.split():
        t = f"tensor<4x6x{element}>"
        cases.append(Case(f"{name}_{element}", (t, t), (t,), f"%r = stablehlo.{name} %0, %1 : {t}\n  return %r : {t}"))
    return cases


def compares() -> list[Case]:
    cases = []
    for direction in ("EQ", "NE", "GE", "GT", "LE", "LT"):
        for element in ("f32", "i32", "ui8", "i1"):
            t, r = f"tensor<40x{element}>", "tensor<40xi1>"
            body = f"%r = stablehlo.compare {direction}, %0, %1 : ({t}, {t}) -> {r}\n  return %r : {r}"
            cases.append(Case(f"compare_{direction}_{element}", (t, t), (r,), body))
    return cases


def converts() -> list[Case]:
    pairs = "f32:i32 i32:f32 i32:i1 f32:i1 i1:f32 i1:i32 i8:i32 i32:i8 ui8:f32 ui8:i32 f32:f16 f16:f32 i64:i32 f32:f64 f64:f32 i32:ui32"
    cases = []
    for pair in pairs.split():
        a, b = pair.split(":")
        s, r = f"tensor<30x{a}>", f"tensor<30x{b}>"
        cases.append(Case(f"convert_{a}_{b}", (s,), (r,), f"%r = stablehlo.convert %0 : ({s}) -> {r}\n  return %r : {r}"))
    return cases


def case(name: str, arguments: str, results: str, body: str, sizes: tuple[int, ...] = ()) -> Case:
    return Case(name, tuple(arguments.split()), tuple(results.split()), body, sizes)


FLOAT_UNARY = (
    "abs cbrt ceil cosine exponential exponential_minus_one floor log log_plus_one logistic negate round_nearest_afz round_nearest_even"
    " rsqrt sign sine sqrt tanh"
)  # fmt: skip

SHAPES = [
    case("iota", "", "tensor<3x4xi32> tensor<3x4xf32>",
         "%r = stablehlo.iota dim = 1 : tensor<3x4xi32>\n  %s = stablehlo.iota dim = 0 : tensor<3x4xf32>\n"
         "  return %r, %s : tensor<3x4xi32>, tensor<3x4xf32>"),
    case("broadcast_vector", "tensor<5xf32>", "tensor<3x5x2xf32>",
         "%r = stablehlo.broadcast_in_dim %0, dims = [1] : (tensor<5xf32>) -> tensor<3x5x2xf32>\n  return %r : tensor<3x5x2xf32>"),
    case("broadcast_ones", "tensor<1x5xf32>", "tensor<3x5xf32>",
         "%r = stablehlo.broadcast_in_dim %0, dims = [0, 1] : (tensor<1x5xf32>) -> tensor<3x5xf32>\n  return %r : tensor<3x5xf32>"),
    case("broadcast_scalar", "tensor<f32>", "tensor<3x5xf32>",
         "%r = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<f32>) -> tensor<3x5xf32>\n  return %r : tensor<3x5xf32>"),
    case("broadcast_constant", "tensor<3x5xf32>", "tensor<3x5xf32>",
         "%c = stablehlo.constant dense<2.5> : tensor<f32>\n"
         "  %b = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<f32>) -> tensor<3x5xf32>\n"
         "  %r = stablehlo.multiply %b, %0 : tensor<3x5xf32>\n  return %r : tensor<3x5xf32>"),
    case("reshape_split", "tensor<12x5xf32>", "tensor<3x4x5xf32>",
         "%r = stablehlo.reshape %0 : (tensor<12x5xf32>) -> tensor<3x4x5xf32>\n  return %r : tensor<3x4x5xf32>"),
    case("reshape_join", "tensor<2x3x4xf32>", "tensor<6x4xf32>",
         "%r = stablehlo.reshape %0 : (tensor<2x3x4xf32>) -> tensor<6x4xf32>\n  return %r : tensor<6x4xf32>"),
    case("reshape_regroup", "tensor<4x6x5xf32>", "tensor<3x8x5xf32>",
         "%r = stablehlo.reshape %0 : (tensor<4x6x5xf32>) -> tensor<3x8x5xf32>\n  return %r : tensor<3x8x5xf32>"),
    case("reshape_ones", "tensor<1x6x1xf32>", "tensor<6x1x1x1xf32>",
         "%r = stablehlo.reshape %0 : (tensor<1x6x1xf32>) -> tensor<6x1x1x1xf32>\n  return %r : tensor<6x1x1x1xf32>"),
    case("reshape_scalar", "tensor<1x1xf32>", "tensor<f32>",
         "%r = stablehlo.reshape %0 : (tensor<1x1xf32>) -> tensor<f32>\n  return %r : tensor<f32>"),
    case("transpose", "tensor<2x3x4xf32>", "tensor<4x2x3xf32>",
         "%r = stablehlo.transpose %0, dims = [2, 0, 1] : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>\n  return %r : tensor<4x2x3xf32>"),
    case("reverse", "tensor<3x4xi32>", "tensor<3x4xi32>",
         "%r = stablehlo.reverse %0, dims = [1] : tensor<3x4xi32>\n  return %r : tensor<3x4xi32>"),
    case("slice", "tensor<6x9xf32>", "tensor<2x3xf32>",
         "%r = stablehlo.slice %0 [1:5:2, 2:8:2] : (tensor<6x9xf32>) -> tensor<2x3xf32>\n  return %r : tensor<2x3xf32>"),
    case("dynamic_slice", "tensor<6x9xf32> tensor<i32> tensor<i32>", "tensor<2x3xf32>",
         "%r = stablehlo.dynamic_slice %0, %1, %2, sizes = [2, 3] : (tensor<6x9xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>\n"
         "  return %r : tensor<2x3xf32>"),
    case("dynamic_update_slice", "tensor<6x9xf32> tensor<2x3xf32> tensor<i32> tensor<i32>", "tensor<6x9xf32>",
         "%r = stablehlo.dynamic_update_slice %0, %1, %2, %3 : (tensor<6x9xf32>, tensor<2x3xf32>, tensor<i32>, tensor<i32>)"
         " -> tensor<6x9xf32>\n  return %r : tensor<6x9xf32>"),
    case("concatenate", "tensor<2x3xf32> tensor<2x5xf32> tensor<2x1xf32>", "tensor<2x9xf32>",
         "%r = stablehlo.concatenate %0, %1, %2, dim = 1 : (tensor<2x3xf32>, tensor<2x5xf32>, tensor<2x1xf32>) -> tensor<2x9xf32>\n"
         "  return %r : tensor<2x9xf32>"),
    case("pad_edges", "tensor<3x4xf32> tensor<f32>", "tensor<6x5xf32>",
         "%r = stablehlo.pad %0, %1, low = [1, 0], high = [2, 1], interior = [0, 0] : (tensor<3x4xf32>, tensor<f32>) -> tensor<6x5xf32>\n"
         "  return %r : tensor<6x5xf32>"),
    case("pad_interior", "tensor<3x4xf32> tensor<f32>", "tensor<6x10xf32>",
         "%r = stablehlo.pad %0, %1, low = [1, 0], high = [0, 0], interior = [1, 2] : (tensor<3x4xf32>, tensor<f32>) -> tensor<6x10xf32>\n"
         "  return %r : tensor<6x10xf32>"),
    case("pad_negative", "tensor<5x4xf32> tensor<f32>", "tensor<4x5xf32>",
         "%r = stablehlo.pad %0, %1, low = [-1, 2], high = [0, -1], interior = [0, 0] : (tensor<5x4xf32>, tensor<f32>) -> tensor<4x5xf32>\n"
         "  return %r : tensor<4x5xf32>"),
    case("select_scalar", "tensor<i1> tensor<4xf32> tensor<4xf32>", "tensor<4xf32>",
         "%r = stablehlo.select %0, %1, %2 : tensor<i1>, tensor<4xf32>\n  return %r : tensor<4xf32>"),
    case("select", "tensor<4xi1> tensor<4xi8> tensor<4xi8>", "tensor<4xi8>",
         "%r = stablehlo.select %0, %1, %2 : tensor<4xi1>, tensor<4xi8>\n  return %r : tensor<4xi8>"),
    case("clamp", "tensor<f32> tensor<9xf32> tensor<f32>", "tensor<9xf32>",
         "%r = stablehlo.clamp %0, %1, %2 : (tensor<f32>, tensor<9xf32>, tensor<f32>) -> tensor<9xf32>\n  return %r : tensor<9xf32>"),
    case("bitcast", "tensor<9xf32>", "tensor<9xi32>",
         "%r = stablehlo.bitcast_convert %0 : (tensor<9xf32>) -> tensor<9xi32>\n  return %r : tensor<9xi32>"),
]  # fmt: skip

DYNAMIC = [
    case("dynamic_add", "tensor<?x4xf32> tensor<?x4xf32>", "tensor<?x4xf32>",
         "%r = stablehlo.add %0, %1 : tensor<?x4xf32>\n  return %r : tensor<?x4xf32>", (3, 3)),
    case("dynamic_softmax", "tensor<?x4xf32>", "tensor<?x4xf32>",
         "%c0 = arith.constant 0 : index\n  %c4 = arith.constant 4 : index\n"
         "  %n = tensor.dim %0, %c0 : tensor<?x4xf32>\n  %s = tensor.from_elements %n, %c4 : tensor<2xindex>\n"
         "  %z = stablehlo.constant dense<0.0> : tensor<f32>\n  %e = stablehlo.exponential %0 : tensor<?x4xf32>\n"
         "  %t = stablehlo.reduce(%e init: %z) applies stablehlo.add across dimensions = [1]"
         " : (tensor<?x4xf32>, tensor<f32>) -> tensor<?xf32>\n"
         "  %b = stablehlo.dynamic_broadcast_in_dim %t, %s, dims = [0] {known_nonexpanding_dimensions = array<i64: 0>}"
         " : (tensor<?xf32>, tensor<2xindex>) -> tensor<?x4xf32>\n"
         "  %r = stablehlo.divide %e, %b : tensor<?x4xf32>\n  return %r : tensor<?x4xf32>", (5,)),
    case("dynamic_concatenate", "tensor<?x3xf32> tensor<?x3xf32>", "tensor<?x3xf32>",
         "%r = stablehlo.concatenate %0, %1, dim = 0 : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>\n"
         "  return %r : tensor<?x3xf32>", (2, 5)),
    case("dynamic_size", "tensor<?x3xf32>", "tensor<i32>",
         "%r = stablehlo.get_dimension_size %0, dim = 0 : (tensor<?x3xf32>) -> tensor<i32>\n  return %r : tensor<i32>", (7,)),
    case("dynamic_matmul", "tensor<?x8xf32> tensor<8x3xf32>", "tensor<?x3xf32>",
         "%r = stablehlo.dot_general %0, %1, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x3xf32>) -> tensor<?x3xf32>\n"
         "  return %r : tensor<?x3xf32>", (6,)),
]  # fmt: skip

# The real compiler has no lowering of dynamic_reshape: what these compute is written beside them.
OURS_ONLY = [
    (
    case("dynamic_flatten", "tensor<?x2x3xf32>", "tensor<?x6xf32>",
         "%c0 = arith.constant 0 : index\n  %c6 = arith.constant 6 : index\n"
         "  %n = tensor.dim %0, %c0 : tensor<?x2x3xf32>\n  %s = tensor.from_elements %n, %c6 : tensor<2xindex>\n"
         "  %r = stablehlo.dynamic_reshape %0, %s : (tensor<?x2x3xf32>, tensor<2xindex>) -> tensor<?x6xf32>\n"
         "  return %r : tensor<?x6xf32>", (4,)),
        lambda x: x.reshape(-1, 6),
    ),
    (
        case("dynamic_regroup", "tensor<?x4x3xf32>", "tensor<?x2x6xf32>",
             "%c0 = arith.constant 0 : index\n  %c2 = arith.constant 2 : index\n  %c6 = arith.constant 6 : index\n"
             "  %n = tensor.dim %0, %c0 : tensor<?x4x3xf32>\n  %s = tensor.from_elements %n, %c2, %c6 : tensor<3xindex>\n"
             "  %r = stablehlo.dynamic_reshape %0, %s : (tensor<?x4x3xf32>, tensor<3xindex>) -> tensor<?x2x6xf32>\n"
             "  return %r : tensor<?x2x6xf32>", (5,)),
        lambda x: x.reshape(-1, 2, 6),
    ),
    (
        case("dynamic_merge", "tensor<?x?x3xf32>", "tensor<?x3xf32>",
             "%c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  %c3 = arith.constant 3 : index\n"
             "  %n = tensor.dim %0, %c0 : tensor<?x?x3xf32>\n  %m = tensor.dim %0, %c1 : tensor<?x?x3xf32>\n"
             "  %p = arith.muli %n, %m : index\n  %s = tensor.from_elements %p, %c3 : tensor<2xindex>\n"
             "  %r = stablehlo.dynamic_reshape %0, %s : (tensor<?x?x3xf32>, tensor<2xindex>) -> tensor<?x3xf32>\n"
             "  return %r : tensor<?x3xf32>", (4, 5)),
        lambda x: x.reshape(-1, 3),
    ),
]  # fmt: skip


def dot(name: str, lhs: str, rhs: str, result: str, dims: str) -> Case:
    a, b, r = (f"tensor<{t}>" for t in (lhs, rhs, result))
    return Case(name, (a, b), (r,), f"%r = stablehlo.dot_general %0, %1, {dims} : ({a}, {b}) -> {r}\n  return %r : {r}")


CONTRACTIONS = [
    dot("matmul", "5x7xf32", "7x3xf32", "5x3xf32", "contracting_dims = [1] x [0]"),
    dot("matmul_transposed", "5x7xf32", "3x7xf32", "5x3xf32", "contracting_dims = [1] x [1]"),
    dot("batch_matmul", "2x5x7xf32", "2x7x3xf32", "2x5x3xf32", "batching_dims = [0] x [0], contracting_dims = [2] x [1]"),
    dot("batch_inside", "5x2x7xf32", "3x2x7xf32", "2x5x3xf32", "batching_dims = [1] x [1], contracting_dims = [2] x [2]"),
    dot("two_batches", "2x3x4x5xf32", "2x3x5x6xf32", "2x3x4x6xf32", "batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2]"),
    dot("matvec", "5x7xf32", "7xf32", "5xf32", "contracting_dims = [1] x [0]"),
    dot("vecmat", "7xf32", "7x3xf32", "3xf32", "contracting_dims = [0] x [0]"),
    dot("inner", "7xf32", "7xf32", "f32", "contracting_dims = [0] x [0]"),
    dot("outer", "4xf32", "3xf32", "4x3xf32", "contracting_dims = [] x []"),
    dot("two_contracted", "4x3x5xf32", "3x5x2xf32", "4x2xf32", "contracting_dims = [1, 2] x [0, 1]"),
    dot("integers", "4x3xi32", "3x5xi32", "4x5xi32", "contracting_dims = [1] x [0]"),
    dot("widening", "4x3xi8", "3x5xi8", "4x5xi32", "contracting_dims = [1] x [0]"),
]


def conv(name: str, lhs: str, rhs: str, result: str, numbers: str, window: str, groups: int = 1) -> Case:
    a, b, r = (f"tensor<{t}xf32>" for t in (lhs, rhs, result))
    body = (
        f"%r = stablehlo.convolution(%0, %1) dim_numbers = {numbers}, window = {{{window}}} "
        f"{{batch_group_count = 1 : i64, feature_group_count = {groups} : i64}} : ({a}, {b}) -> {r}\n  return %r : {r}"
    )
    return Case(name, (a, b), (r,), body)


NHWC, NCHW = "[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]", "[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]"
CONVOLUTIONS = [
    conv("conv_nhwc", "2x8x9x3", "3x3x3x4", "2x6x7x4", NHWC, ""),
    conv("conv_nchw", "2x3x8x9", "4x3x3x3", "2x4x8x9", NCHW, "pad = [[1, 1], [1, 1]]"),
    conv("conv_stride", "1x3x9x9", "4x3x3x3", "1x4x5x4", NCHW, "stride = [2, 2], pad = [[1, 1], [0, 0]]"),
    conv("conv_dilated", "1x3x9x9", "4x3x3x3", "1x4x5x5", NCHW, "rhs_dilate = [2, 2]"),
    conv("conv_lhs_dilated", "1x3x4x4", "2x3x3x3", "1x2x7x7", NCHW, "pad = [[1, 1], [1, 1]], lhs_dilate = [2, 2]"),
    conv("conv_reversed", "1x3x6x6", "2x3x3x3", "1x2x4x4", NCHW, "reverse = [true, true]"),
    conv("conv_depthwise", "1x4x6x6", "4x1x3x3", "1x4x4x4", NCHW, "", 4),
    conv("conv_depthwise_nhwc", "1x6x6x4", "3x3x1x4", "1x4x4x4", NHWC, "", 4),
    conv("conv_grouped", "1x4x6x6", "6x2x3x3", "1x6x4x4", NCHW, "", 2),
    conv("conv_1d", "2x3x9", "4x3x3", "2x4x7", "[b, f, 0]x[o, i, 0]->[b, f, 0]", ""),
    conv("conv_mixed", "2x3x8x9", "3x3x3x4", "2x6x7x4", "[b, f, 0, 1]x[0, 1, i, o]->[b, 0, 1, f]", ""),
]


def window(name: str, op: str, shape: str, result: str, attributes: str, init: str) -> Case:
    t, r = f"tensor<{shape}xf32>", f"tensor<{result}xf32>"
    body = (
        f"%i = stablehlo.constant dense<{init}> : tensor<f32>\n"
        f'  %r = "stablehlo.reduce_window"(%0, %i) <{{{attributes}}}> ({{\n'
        f"  ^bb0(%x: tensor<f32>, %y: tensor<f32>):\n    %z = stablehlo.{op} %x, %y : tensor<f32>\n"
        f"    stablehlo.return %z : tensor<f32>\n  }}) : ({t}, tensor<f32>) -> {r}\n  return %r : {r}"
    )
    return Case(name, (t,), (r,), body)


WINDOWS = [
    window("max_pool", "maximum", "1x3x8x8", "1x3x4x4",
           "window_dimensions = array<i64: 1, 1, 2, 2>, window_strides = array<i64: 1, 1, 2, 2>", "0xFF800000"),
    window("max_pool_padded", "maximum", "1x3x8x8", "1x3x8x8",
           "window_dimensions = array<i64: 1, 1, 3, 3>, padding = dense<[[0, 0], [0, 0], [1, 1], [1, 1]]> : tensor<4x2xi64>", "0xFF800000"),
    window("sum_pool_nhwc", "add", "1x8x8x3", "1x3x3x3",
           "window_dimensions = array<i64: 1, 3, 3, 1>, window_strides = array<i64: 1, 2, 2, 1>", "0.0"),
    window("min_window", "minimum", "9x9", "7x4",
           "window_dimensions = array<i64: 3, 3>, window_strides = array<i64: 1, 2>", "0x7F800000"),
    window("product_window", "multiply", "6x7", "4x7", "window_dimensions = array<i64: 3, 1>", "1.0"),
]  # fmt: skip

REDUCTIONS = [
    case("reduce_rows", "tensor<4x6xf32>", "tensor<4xf32>",
         "%i = stablehlo.constant dense<0.0> : tensor<f32>\n"
         "  %r = stablehlo.reduce(%0 init: %i) applies stablehlo.add across dimensions = [1] : (tensor<4x6xf32>, tensor<f32>)"
         " -> tensor<4xf32>\n  return %r : tensor<4xf32>"),
    case("reduce_outer", "tensor<4x6x2xi32> tensor<i32>", "tensor<6xi32>",
         "%r = stablehlo.reduce(%0 init: %1) applies stablehlo.maximum across dimensions = [0, 2]"
         " : (tensor<4x6x2xi32>, tensor<i32>) -> tensor<6xi32>\n  return %r : tensor<6xi32>"),
    case("reduce_all", "tensor<4x6xi1>", "tensor<i1>",
         "%i = stablehlo.constant dense<true> : tensor<i1>\n"
         "  %r = stablehlo.reduce(%0 init: %i) applies stablehlo.and across dimensions = [0, 1] : (tensor<4x6xi1>, tensor<i1>)"
         " -> tensor<i1>\n  return %r : tensor<i1>"),
    case("argmax", "tensor<4x6xf32>", "tensor<4xf32> tensor<4xi32>",
         "%n = stablehlo.constant dense<0xFF800000> : tensor<f32>\n  %z = stablehlo.constant dense<0> : tensor<i32>\n"
         "  %i = stablehlo.iota dim = 1 : tensor<4x6xi32>\n"
         "  %r:2 = stablehlo.reduce(%0 init: %n), (%i init: %z) across dimensions = [1]"
         " : (tensor<4x6xf32>, tensor<4x6xi32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xi32>)\n"
         "   reducer(%x: tensor<f32>, %y: tensor<f32>) (%j: tensor<i32>, %k: tensor<i32>) {\n"
         "    %g = stablehlo.compare GE, %x, %y : (tensor<f32>, tensor<f32>) -> tensor<i1>\n"
         "    %v = stablehlo.select %g, %x, %y : tensor<i1>, tensor<f32>\n    %w = stablehlo.select %g, %j, %k : tensor<i1>, tensor<i32>\n"
         "    stablehlo.return %v, %w : tensor<f32>, tensor<i32>\n  }\n  return %r#0, %r#1 : tensor<4xf32>, tensor<4xi32>"),
]  # fmt: skip


def gather(name: str, operand: str, indices: str, result: str, numbers: str, sizes: str) -> Case:
    a, i, r = f"tensor<{operand}>", f"tensor<{indices}>", f"tensor<{result}>"
    body = (
        f'%r = "stablehlo.gather"(%0, %1) <{{dimension_numbers = #stablehlo.gather<{numbers}>, slice_sizes = array<i64: {sizes}>}}>'
        f" : ({a}, {i}) -> {r}\n  return %r : {r}"
    )
    return Case(name, (a, i), (r,), body)


GATHERS = [
    gather("gather_rows", "10x4xf32", "5xi32", "5x4xf32",
           "offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1", "1, 4"),
    gather("gather_points", "6x7xf32", "5x2xi32", "5xf32",
           "collapsed_slice_dims = [0, 1], start_index_map = [0, 1], index_vector_dim = 1", "1, 1"),
    gather("gather_slices", "6x7xf32", "3x2xi64", "3x2x4xf32",
           "offset_dims = [1, 2], start_index_map = [1, 0], index_vector_dim = 1", "2, 4"),
]  # fmt: skip

CONTROL = [
    case("branch", "tensor<i1> tensor<4xf32>", "tensor<4xf32>",
         '%r = "stablehlo.if"(%0) ({\n    %x = stablehlo.add %1, %1 : tensor<4xf32>\n    stablehlo.return %x : tensor<4xf32>\n  }, {\n'
         "    %y = stablehlo.negate %1 : tensor<4xf32>\n    stablehlo.return %y : tensor<4xf32>\n"
         "  }) : (tensor<i1>) -> tensor<4xf32>\n  return %r : tensor<4xf32>"),
    case("switch", "tensor<i32> tensor<4xf32>", "tensor<4xf32>",
         '%r = "stablehlo.case"(%0) ({\n    stablehlo.return %1 : tensor<4xf32>\n  }, {\n'
         "    %x = stablehlo.add %1, %1 : tensor<4xf32>\n    stablehlo.return %x : tensor<4xf32>\n  }, {\n"
         "    %y = stablehlo.negate %1 : tensor<4xf32>\n    stablehlo.return %y : tensor<4xf32>\n"
         "  }) : (tensor<i32>) -> tensor<4xf32>\n  return %r : tensor<4xf32>"),
    case("countdown", "tensor<4xf32>", "tensor<4xf32> tensor<i32>",
         "%n = stablehlo.constant dense<5> : tensor<i32>\n  %z = stablehlo.constant dense<0> : tensor<i32>\n"
         "  %one = stablehlo.constant dense<1> : tensor<i32>\n"
         "  %r:2 = stablehlo.while(%i = %n, %x = %0) : tensor<i32>, tensor<4xf32>\n"
         "    cond {\n      %m = stablehlo.compare GT, %i, %z : (tensor<i32>, tensor<i32>) -> tensor<i1>\n"
         "      stablehlo.return %m : tensor<i1>\n    } do {\n      %j = stablehlo.subtract %i, %one : tensor<i32>\n"
         "      %y = stablehlo.add %x, %x : tensor<4xf32>\n      stablehlo.return %j, %y : tensor<i32>, tensor<4xf32>\n    }\n"
         "  return %r#1, %r#0 : tensor<4xf32>, tensor<i32>"),
]  # fmt: skip

CASES: list[Case] = [
    *(c for name in FLOAT_UNARY.split() for c in unary(name, "f32")),
    *(c for name, types in {"abs": "i32", "negate": "i8", "sign": "i32", "not": "i1 i32 ui8", "popcnt": "i32",
                            "count_leading_zeros": "i32"}.items() for c in unary(name, types)),
    *(c for name in ["add", "subtract", "multiply", "maximum", "minimum"] for c in binary(name, "f32 i32 ui8")),
    *(c for name, types in {"divide": "f32 i32 ui8", "remainder": "f32 i32", "power": "i32", "and": "i1 i32", "or": "i1 i32",
                            "xor": "i1 i32", "shift_left": "i32", "shift_right_arithmetic": "i32", "shift_right_logical": "i32",
                            "atan2": "f32"}.items() for c in binary(name, types)),
    *compares(), *converts(), *SHAPES, *DYNAMIC, *CONTRACTIONS, *CONVOLUTIONS, *WINDOWS, *REDUCTIONS, *GATHERS, *CONTROL,
]  # fmt: skip
