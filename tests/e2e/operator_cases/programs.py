# ruff: noqa: E501
"""Whole functions: patterns of networks, control flow, dynamic sizes, results and arguments in every combination."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from operator_cases.case import Between, Case, Exact, Ulps, case, plain

SOFTMAX = """
  %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %m = stablehlo.reduce(%0 init: %low) applies stablehlo.maximum across dimensions = [{axis}] : (tensor<{s}>, tensor<f32>) -> tensor<{r}>
  %mb = stablehlo.broadcast_in_dim %m, dims = {dims} : (tensor<{r}>) -> tensor<{s}>
  %x = stablehlo.subtract %0, %mb : tensor<{s}>
  %e = stablehlo.exponential %x : tensor<{s}>
  %t = stablehlo.reduce(%e init: %zero) applies stablehlo.add across dimensions = [{axis}] : (tensor<{s}>, tensor<f32>) -> tensor<{r}>
  %tb = stablehlo.broadcast_in_dim %t, dims = {dims} : (tensor<{r}>) -> tensor<{s}>
  %y = stablehlo.divide %e, %tb : tensor<{s}>
  return %y : tensor<{s}>"""

LAYER_NORM = """
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %n = stablehlo.constant dense<{n}.0> : tensor<{m}xf32>
  %eps = stablehlo.constant dense<1.0e-5> : tensor<{m}xf32>
  %s = stablehlo.reduce(%0 init: %zero) applies stablehlo.add across dimensions = [1] : (tensor<{m}x{n}xf32>, tensor<f32>) -> tensor<{m}xf32>
  %mean = stablehlo.divide %s, %n : tensor<{m}xf32>
  %mb = stablehlo.broadcast_in_dim %mean, dims = [0] : (tensor<{m}xf32>) -> tensor<{m}x{n}xf32>
  %c = stablehlo.subtract %0, %mb : tensor<{m}x{n}xf32>
  %q = stablehlo.multiply %c, %c : tensor<{m}x{n}xf32>
  %v = stablehlo.reduce(%q init: %zero) applies stablehlo.add across dimensions = [1] : (tensor<{m}x{n}xf32>, tensor<f32>) -> tensor<{m}xf32>
  %var = stablehlo.divide %v, %n : tensor<{m}xf32>
  %ve = stablehlo.add %var, %eps : tensor<{m}xf32>
  %i = stablehlo.rsqrt %ve : tensor<{m}xf32>
  %ib = stablehlo.broadcast_in_dim %i, dims = [0] : (tensor<{m}xf32>) -> tensor<{m}x{n}xf32>
  %y = stablehlo.multiply %c, %ib : tensor<{m}x{n}xf32>
  %g = stablehlo.broadcast_in_dim %1, dims = [1] : (tensor<{n}xf32>) -> tensor<{m}x{n}xf32>
  %b = stablehlo.broadcast_in_dim %2, dims = [1] : (tensor<{n}xf32>) -> tensor<{m}x{n}xf32>
  %yg = stablehlo.multiply %y, %g : tensor<{m}x{n}xf32>
  %r = stablehlo.add %yg, %b : tensor<{m}x{n}xf32>
  return %r : tensor<{m}x{n}xf32>"""

ATTENTION = """
  %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %scale = stablehlo.constant dense<0.25> : tensor<2x{t}x{t}xf32>
  %qk = stablehlo.dot_general %0, %1, batching_dims = [0] x [0], contracting_dims = [2] x [2] : (tensor<2x{t}x16xf32>, tensor<2x{t}x16xf32>) -> tensor<2x{t}x{t}xf32>
  %s = stablehlo.multiply %qk, %scale : tensor<2x{t}x{t}xf32>
  %m = stablehlo.reduce(%s init: %low) applies stablehlo.maximum across dimensions = [2] : (tensor<2x{t}x{t}xf32>, tensor<f32>) -> tensor<2x{t}xf32>
  %mb = stablehlo.broadcast_in_dim %m, dims = [0, 1] : (tensor<2x{t}xf32>) -> tensor<2x{t}x{t}xf32>
  %x = stablehlo.subtract %s, %mb : tensor<2x{t}x{t}xf32>
  %e = stablehlo.exponential %x : tensor<2x{t}x{t}xf32>
  %d = stablehlo.reduce(%e init: %zero) applies stablehlo.add across dimensions = [2] : (tensor<2x{t}x{t}xf32>, tensor<f32>) -> tensor<2x{t}xf32>
  %db = stablehlo.broadcast_in_dim %d, dims = [0, 1] : (tensor<2x{t}xf32>) -> tensor<2x{t}x{t}xf32>
  %p = stablehlo.divide %e, %db : tensor<2x{t}x{t}xf32>
  %r = stablehlo.dot_general %p, %2, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<2x{t}x{t}xf32>, tensor<2x{t}x16xf32>) -> tensor<2x{t}x16xf32>
  return %r : tensor<2x{t}x16xf32>"""


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    e = np.exp(x.astype(np.float64) - x.max(axis, keepdims=True))
    return (e / e.sum(axis, keepdims=True)).astype(x.dtype)


def patterns() -> Iterator[Case]:
    for shape, axis in (((5, 65), 1), ((1, 3), 1), ((63, 5), 0), ((2, 3, 17), 2), ((2, 17, 3), 1), ((129,), 0)):
        kept = [n for i, n in enumerate(shape) if i != axis]
        s, r = "x".join([*map(str, shape), "f32"]), "x".join([*map(str, kept), "f32"])
        dims = [i for i in range(len(shape)) if i != axis]
        yield case(f"softmax_{'x'.join(map(str, shape))}_{axis}", s, s, SOFTMAX.format(s=s, r=r, axis=axis, dims=dims), tolerance=Ulps(32),
                   meaning=lambda x, axis=axis: softmax(x, axis))  # fmt: skip
    for m, n in ((3, 17), (1, 129), (65, 64)):
        yield case(f"layer_norm_{m}x{n}", f"{m}x{n}xf32 {n}xf32 {n}xf32", f"{m}x{n}xf32", LAYER_NORM.format(m=m, n=n), tolerance=NEAR)
    for t in (1, 17, 33):
        yield case(f"attention_{t}", " ".join([f"2x{t}x16xf32"] * 3), f"2x{t}x16xf32", ATTENTION.format(t=t), tolerance=NEAR)


class Near(Ulps):
    """Within 1e-5 of the largest number: for results that cancel."""

    def __call__(self, got, expected, inputs):
        return np.abs(got.astype(np.float64) - expected) <= 1e-5 * np.max(np.abs(expected), initial=1e-30)


NEAR = Near()
IF = '%r = "stablehlo.if"({p}) ({{\n{a}\n  }}, {{\n{b}\n  }}) : (tensor<i1>) -> {t}'


def control() -> Iterator[Case]:
    t = "tensor<3x5xf32>"
    yield case("if_else", "i1 3x5xf32", "3x5xf32",
               f'%r = "stablehlo.if"(%0) ({{\n    %x = stablehlo.add %1, %1 : {t}\n    stablehlo.return %x : {t}\n  }}, {{\n    stablehlo.return %1 : {t}\n  }}) : (tensor<i1>) -> {t}\n  return %r : {t}',
               meaning=lambda p, x: x + x if p else x)  # fmt: skip
    yield case("if_on_a_sum", "3x5xf32", "3x5xf32 f32",
               f"""%z = stablehlo.constant dense<0.0> : tensor<f32>
  %s = stablehlo.reduce(%0 init: %z) applies stablehlo.maximum across dimensions = [0, 1] : ({t}, tensor<f32>) -> tensor<f32>
  %p = stablehlo.compare GT, %s, %z : (tensor<f32>, tensor<f32>) -> tensor<i1>
  %r:2 = "stablehlo.if"(%p) ({{
    %x = stablehlo.multiply %0, %0 : {t}
    stablehlo.return %x, %s : {t}, tensor<f32>
  }}, {{
    %y = stablehlo.negate %0 : {t}
    stablehlo.return %y, %z : {t}, tensor<f32>
  }}) : (tensor<i1>) -> ({t}, tensor<f32>)
  return %r#0, %r#1 : {t}, tensor<f32>""", meaning=lambda x: (x * x, np.max(x)))  # fmt: skip
    yield case("case_of_four", "i32 3x5xf32", "3x5xf32",
               f"""%r = "stablehlo.case"(%0) ({{
    stablehlo.return %1 : {t}
  }}, {{
    %x = stablehlo.add %1, %1 : {t}
    stablehlo.return %x : {t}
  }}, {{
    %x = stablehlo.negate %1 : {t}
    stablehlo.return %x : {t}
  }}, {{
    %x = stablehlo.abs %1 : {t}
    stablehlo.return %x : {t}
  }}) : (tensor<i32>) -> {t}
  return %r : {t}""", fill=(Between(-1, 5), plain), meaning=lambda i, x: (x, x + x, -x)[int(i)] if 0 <= i < 3 else np.abs(x))  # fmt: skip
    yield case("while_counts", "i32 3x5xf32", "i32 3x5xf32",
               f"""%z = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r:2 = stablehlo.while(%i = %z, %x = %1) : tensor<i32>, {t}
    cond {{
      %p = stablehlo.compare LT, %i, %0 : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    }} do {{
      %j = stablehlo.add %i, %one : tensor<i32>
      %y = stablehlo.add %x, %1 : {t}
      stablehlo.return %j, %y : tensor<i32>, {t}
    }}
  return %r#0, %r#1 : tensor<i32>, {t}""", fill=(Between(0, 6), plain))  # fmt: skip
    yield case("while_swaps", "i32 3x5xf32 3x5xf32", "3x5xf32 3x5xf32",
               f"""%z = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r:3 = stablehlo.while(%i = %0, %x = %1, %y = %2) : tensor<i32>, {t}, {t}
    cond {{
      %p = stablehlo.compare GT, %i, %z : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    }} do {{
      %j = stablehlo.subtract %i, %one : tensor<i32>
      stablehlo.return %j, %y, %x : tensor<i32>, {t}, {t}
    }}
  return %r#1, %r#2 : {t}, {t}""", fill=(Between(3, 3), plain, plain), meaning=lambda i, x, y: (y, x))  # fmt: skip
    yield case("while_until_small", "7xf32", "7xf32",
               """%half = stablehlo.constant dense<0.5> : tensor<7xf32>
  %z = stablehlo.constant dense<0.0> : tensor<f32>
  %limit = stablehlo.constant dense<0.125> : tensor<f32>
  %r = stablehlo.while(%x = %0) : tensor<7xf32>
    cond {
      %a = stablehlo.abs %x : tensor<7xf32>
      %m = stablehlo.reduce(%a init: %z) applies stablehlo.maximum across dimensions = [0] : (tensor<7xf32>, tensor<f32>) -> tensor<f32>
      %p = stablehlo.compare GT, %m, %limit : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    } do {
      %y = stablehlo.multiply %x, %half : tensor<7xf32>
      stablehlo.return %y : tensor<7xf32>
    }
  return %r : tensor<7xf32>""")  # fmt: skip
    yield case("nested_while", "i32 5xi32", "5xi32",
               """%z = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r:2 = stablehlo.while(%i = %z, %x = %1) : tensor<i32>, tensor<5xi32>
    cond {
      %p = stablehlo.compare LT, %i, %0 : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    } do {
      %s:2 = stablehlo.while(%j = %z, %y = %x) : tensor<i32>, tensor<5xi32>
        cond {
          %p = stablehlo.compare LE, %j, %i : (tensor<i32>, tensor<i32>) -> tensor<i1>
          stablehlo.return %p : tensor<i1>
        } do {
          %k = stablehlo.add %j, %one : tensor<i32>
          %kb = stablehlo.broadcast_in_dim %k, dims = [] : (tensor<i32>) -> tensor<5xi32>
          %w = stablehlo.add %y, %kb : tensor<5xi32>
          stablehlo.return %k, %w : tensor<i32>, tensor<5xi32>
        }
      %even = stablehlo.and %i, %one : tensor<i32>
      %q = stablehlo.compare EQ, %even, %z : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %u = "stablehlo.if"(%q) ({
        %n = stablehlo.negate %s#1 : tensor<5xi32>
        stablehlo.return %n : tensor<5xi32>
      }, {
        stablehlo.return %s#1 : tensor<5xi32>
      }) : (tensor<i1>) -> tensor<5xi32>
      %l = stablehlo.add %i, %one : tensor<i32>
      stablehlo.return %l, %u : tensor<i32>, tensor<5xi32>
    }
  return %r#1 : tensor<5xi32>""", fill=(Between(4, 4), plain), meaning=_nested)  # fmt: skip
    yield case("while_writes_rows", "4x3xf32", "4x3xf32",
               """%z = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %n = stablehlo.constant dense<3> : tensor<i32>
  %r:2 = stablehlo.while(%i = %z, %x = %0) : tensor<i32>, tensor<4x3xf32>
    cond {
      %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    } do {
      %j = stablehlo.add %i, %one : tensor<i32>
      %a = stablehlo.dynamic_slice %x, %i, %z, sizes = [1, 3] : (tensor<4x3xf32>, tensor<i32>, tensor<i32>) -> tensor<1x3xf32>
      %b = stablehlo.dynamic_slice %x, %j, %z, sizes = [1, 3] : (tensor<4x3xf32>, tensor<i32>, tensor<i32>) -> tensor<1x3xf32>
      %s = stablehlo.add %a, %b : tensor<1x3xf32>
      %y = stablehlo.dynamic_update_slice %x, %s, %j, %z : (tensor<4x3xf32>, tensor<1x3xf32>, tensor<i32>, tensor<i32>) -> tensor<4x3xf32>
      stablehlo.return %j, %y : tensor<i32>, tensor<4x3xf32>
    }
  return %r#1 : tensor<4x3xf32>""", meaning=lambda x: np.cumsum(x, 0, dtype=np.float32))  # fmt: skip


def _nested(n: np.ndarray, x: np.ndarray) -> np.ndarray:
    for i in range(int(n)):
        x = x + sum(range(1, i + 2))
        x = -x if i % 2 == 0 else x
    return x.astype(np.int32)


def results() -> Iterator[Case]:
    t = "tensor<3x5xf32>"
    yield case("identity", "3x5xf32", "3x5xf32", f"return %0 : {t}", meaning=lambda x: x)
    yield case("identity_scalar", "f32", "f32", "return %0 : tensor<f32>", meaning=lambda x: x)
    yield case("identity_empty", "0x5xf32", "0x5xf32", "return %0 : tensor<0x5xf32>", meaning=lambda x: x)
    yield case("swap", "3x5xf32 i32", "i32 3x5xf32", f"return %1, %0 : tensor<i32>, {t}", meaning=lambda x, y: (y, x))
    yield case("same_argument_twice", "3x5xf32", "3x5xf32 3x5xf32", f"return %0, %0 : {t}, {t}", meaning=lambda x: (x, x))
    yield case("same_result_twice", "3x5xf32", "3x5xf32 3x5xf32", f"%r = stablehlo.negate %0 : {t}\n  return %r, %r : {t}, {t}",
               meaning=lambda x: (-x, -x))  # fmt: skip
    yield case("result_and_its_source", "3x5xf32", "3x5xf32 3x5xf32 3x5xf32",
               f"%r = stablehlo.negate %0 : {t}\n  %s = stablehlo.abs %r : {t}\n  return %s, %r, %0 : {t}, {t}, {t}",
               meaning=lambda x: (np.abs(x), -x, x))  # fmt: skip
    yield case("reshaped_argument", "3x5xf32", "15xf32", "%r = stablehlo.reshape %0 : (tensor<3x5xf32>) -> tensor<15xf32>\n  return %r : tensor<15xf32>",
               meaning=lambda x: x.reshape(15))  # fmt: skip
    yield case("nothing", "3x5xf32", "", "return", meaning=lambda x: ())
    yield case("constants", "", "f32 2x2xi32 3xi1 0xf32 4x4xf32 2xbf16",
               """%a = stablehlo.constant dense<1.5> : tensor<f32>
  %b = stablehlo.constant dense<[[1, -2], [3, 4]]> : tensor<2x2xi32>
  %c = stablehlo.constant dense<[true, false, true]> : tensor<3xi1>
  %d = stablehlo.constant dense<> : tensor<0xf32>
  %e = stablehlo.constant dense<7.0> : tensor<4x4xf32>
  %f = stablehlo.constant dense<[1.0, -2.5]> : tensor<2xbf16>
  return %a, %b, %c, %d, %e, %f : tensor<f32>, tensor<2x2xi32>, tensor<3xi1>, tensor<0xf32>, tensor<4x4xf32>, tensor<2xbf16>""")  # fmt: skip
    yield case("constant_twice", "", "3xi32 3xi32",
               "%a = stablehlo.constant dense<[1, 2, 3]> : tensor<3xi32>\n  return %a, %a : tensor<3xi32>, tensor<3xi32>")  # fmt: skip
    yield case("constant_folded", "", "3xf32",
               "%a = stablehlo.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>\n  %b = stablehlo.exponential %a : tensor<3xf32>\n"
               "  %c = stablehlo.add %a, %b : tensor<3xf32>\n  return %c : tensor<3xf32>", tolerance=Ulps())  # fmt: skip
    yield case("constant_one_of_many", "3xi64", "3xi64",
               "%a = stablehlo.constant dense<[9223372036854775807, -9223372036854775808, -1]> : tensor<3xi64>\n"
               "  %r = stablehlo.add %0, %a : tensor<3xi64>\n  return %r : tensor<3xi64>")  # fmt: skip
    yield case("many_arguments", " ".join(["5xf32"] * 20), "5xf32",
               "\n  ".join(["%s1 = stablehlo.add %0, %1 : tensor<5xf32>", *(f"%s{i} = stablehlo.add %s{i - 1}, %{i} : tensor<5xf32>" for i in range(2, 20)),
                            "return %s19 : tensor<5xf32>"]), tolerance=Exact(), meaning=lambda *x: sum(x[1:], x[0]))  # fmt: skip
    yield case("many_results", "5xf32", " ".join(["5xf32"] * 17),
               "\n  ".join([*(f"%s{i} = stablehlo.{op} %{'0' if i == 0 else f's{i - 1}'} : tensor<5xf32>" for i, op in enumerate(["negate", "abs", "floor", "ceil"] * 4 + ["sign"])),
                            f"return {', '.join(f'%s{i}' for i in range(17))} : {', '.join(['tensor<5xf32>'] * 17)}"]))  # fmt: skip
    yield case("call", "3x5xf32", "3x5xf32 3x5xf32",
               f"%a = call @call_helper(%0, %0) : ({t}, {t}) -> {t}\n  %b = call @call_helper(%a, %0) : ({t}, {t}) -> {t}\n  return %a, %b : {t}, {t}",
               setup=f"func.func private @call_helper(%x: {t}, %y: {t}) -> {t} {{\n  %r = stablehlo.add %x, %y : {t}\n  return %r : {t}\n}}",
               meaning=lambda x: (x + x, x + x + x))  # fmt: skip
    yield case(
        "unused_argument", "3x5xf32 7xi8", "3x5xf32", f"%r = stablehlo.abs %0 : {t}\n  return %r : {t}", meaning=lambda x, y: np.abs(x)
    )


def dynamic() -> Iterator[Case]:
    t = "tensor<?x4xf32>"
    for n in (0, 1, 3, 65):
        yield case(f"dynamic_add_{n}", "?x4xf32 ?x4xf32", "?x4xf32", f"%r = stablehlo.add %0, %1 : {t}\n  return %r : {t}", sizes=(n, n),
                   meaning=np.add)  # fmt: skip
        yield case(f"dynamic_reduce_{n}", "?x4xf32", "?xf32 4xf32",
                   f"""%z = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %r = stablehlo.reduce(%0 init: %z) applies stablehlo.maximum across dimensions = [1] : ({t}, tensor<f32>) -> tensor<?xf32>
  %s = stablehlo.reduce(%0 init: %z) applies stablehlo.maximum across dimensions = [0] : ({t}, tensor<f32>) -> tensor<4xf32>
  return %r, %s : tensor<?xf32>, tensor<4xf32>""", sizes=(n,), meaning=lambda x: (x.max(1, initial=-np.inf), x.max(0, initial=-np.inf)))  # fmt: skip
        yield case(f"dynamic_dot_{n}", "?x17xf32 17x5xf32", "?x5xf32",
                   "%r = stablehlo.dot_general %0, %1, contracting_dims = [1] x [0] : (tensor<?x17xf32>, tensor<17x5xf32>) -> tensor<?x5xf32>\n"
                   "  return %r : tensor<?x5xf32>", sizes=(n,), tolerance=NEAR)  # fmt: skip
        yield case(f"dynamic_transpose_{n}", "?x4xi32", "4x?xi32",
                   "%r = stablehlo.transpose %0, dims = [1, 0] : (tensor<?x4xi32>) -> tensor<4x?xi32>\n  return %r : tensor<4x?xi32>", sizes=(n,),
                   meaning=lambda x: x.T)  # fmt: skip
        yield case(f"dynamic_identity_{n}", "?x4xf32", "?x4xf32 ?x4xf32", f"return %0, %0 : {t}, {t}", sizes=(n,), meaning=lambda x: (x, x))
        yield case(f"dynamic_concatenate_{n}", "?x4xf32 ?x4xf32", "?x4xf32",
                   f"%r = stablehlo.concatenate %0, %1, dim = 0 : ({t}, {t}) -> {t}\n  return %r : {t}", sizes=(n, 2),
                   meaning=lambda x, y: np.concatenate([x, y]))  # fmt: skip
        yield case(f"dynamic_bias_{n}", "?x4xf32 4xf32", "?x4xf32",
                   f"""%c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %n = tensor.dim %0, %c0 : {t}
  %s = tensor.from_elements %n, %c4 : tensor<2xindex>
  %b = stablehlo.dynamic_broadcast_in_dim %1, %s, dims = [1] : (tensor<4xf32>, tensor<2xindex>) -> {t}
  %r = stablehlo.multiply %0, %b : {t}
  return %r : {t}""", sizes=(n,), meaning=np.multiply)  # fmt: skip
    yield case("dynamic_both", "?x?xf32", "?x?xf32", "%r = stablehlo.negate %0 : tensor<?x?xf32>\n  return %r : tensor<?x?xf32>", sizes=(3, 17),
               meaning=np.negative)  # fmt: skip
    yield case("dynamic_while", "i32 ?x4xf32", "?x4xf32",
               f"""%z = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r:2 = stablehlo.while(%i = %0, %x = %1) : tensor<i32>, {t}
    cond {{
      %p = stablehlo.compare GT, %i, %z : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    }} do {{
      %j = stablehlo.subtract %i, %one : tensor<i32>
      %y = stablehlo.add %x, %1 : {t}
      stablehlo.return %j, %y : tensor<i32>, {t}
    }}
  return %r#1 : {t}""", sizes=(5,), fill=(Between(2, 4), plain))  # fmt: skip
    for n in (0, 3):
        yield case(f"dynamic_if_{n}", "i1 ?x4xf32 ?x4xf32", "?x4xf32",
                   f"""%r = "stablehlo.if"(%0) ({{
    %x = stablehlo.concatenate %1, %2, dim = 0 : ({t}, {t}) -> {t}
    stablehlo.return %x : {t}
  }}, {{
    %x = stablehlo.negate %2 : {t}
    stablehlo.return %x : {t}
  }}) : (tensor<i1>) -> {t}
  %s = stablehlo.abs %r : {t}
  return %s : {t}""", sizes=(n, n + 2), meaning=lambda p, x, y: np.abs(np.concatenate([x, y]) if p else y))  # fmt: skip
    yield case("dynamic_growing", "i32 ?x4xf32", "?x4xf32",
               f"""%z = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r:2 = stablehlo.while(%i = %0, %x = %1) : tensor<i32>, {t}
    cond {{
      %p = stablehlo.compare GT, %i, %z : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    }} do {{
      %j = stablehlo.subtract %i, %one : tensor<i32>
      %y = stablehlo.concatenate %x, %1, dim = 0 : ({t}, {t}) -> {t}
      stablehlo.return %j, %y : tensor<i32>, {t}
    }}
  return %r#1 : {t}""", sizes=(3,), fill=(Between(2, 4), plain))  # fmt: skip
    yield case("dynamic_call", "?x4xf32", "?x4xf32 ?x4xf32",
               f"%a = call @dynamic_helper(%0) : ({t}) -> {t}\n  %b = call @dynamic_helper(%a) : ({t}) -> {t}\n  return %a, %b : {t}, {t}", sizes=(3,),
               setup=f"func.func private @dynamic_helper(%x: {t}) -> {t} attributes {{noinline}} {{\n"
                     f"  %r = stablehlo.concatenate %x, %x, dim = 0 : ({t}, {t}) -> {t}\n  return %r : {t}\n}}",
               meaning=lambda x: (np.concatenate([x] * 2), np.concatenate([x] * 4)))  # fmt: skip
    yield case("dynamic_size", "?x3xf32", "i32", "%r = stablehlo.get_dimension_size %0, dim = 0 : (tensor<?x3xf32>) -> tensor<i32>\n  return %r : tensor<i32>",
               sizes=(7,), meaning=lambda x: np.array(x.shape[0], np.int32))  # fmt: skip


CASES = [*patterns(), *control(), *results(), *dynamic()]
