# ruff: noqa: E501, PLW0108
"""Every strategy against numpy: dispatches of many kinds and odd shapes, as vectors for several machines and one element at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from kernels import Dispatch, Tensor, compile_dispatch

SEED = 20261
CPUS = ("host", "x86-64-v3", "generic")

Reference = Callable[..., "np.ndarray | list[np.ndarray]"]


@dataclass
class Case:
    name: str
    dispatch: Dispatch
    reference: Reference
    strategy: str | None = None
    tolerance: float = 0.0
    integers: int = 5  # inputs of integer types lie in -integers..integers


CASES: list[Case] = []


def case(name: str, inputs: list[Tensor], outputs: list[Tensor], body: str, stores: list[str], reference: Reference, **options) -> None:
    aliases = options.pop("aliases", "")
    CASES.append(Case(name, Dispatch(inputs, outputs, body, stores, aliases), reference, **options))


def t(text: str, *sizes: int) -> Tensor:
    return Tensor(text, sizes)


def values(tensor: Tensor, rng: np.random.Generator, limit: int) -> np.ndarray:
    if tensor.element == "i1":
        return rng.integers(0, 2, tensor.shape).astype(np.bool_)
    if tensor.element.startswith("i"):
        return rng.integers(-limit, limit + 1, tensor.shape).astype(tensor.dtype)
    return rng.standard_normal(tensor.shape).astype(tensor.dtype)


ID1 = "affine_map<(d0) -> (d0)>"
ID2 = "affine_map<(d0, d1) -> (d0, d1)>"
ID3 = "affine_map<(d0, d1, d2) -> (d0, d1, d2)>"
ROW = "affine_map<(d0, d1) -> (d0)>"
COLUMN = "affine_map<(d0, d1) -> (d1)>"


def generic(maps: list[str], kinds: str, ins: list[tuple[str, str]], out: tuple[str, str], body: str, result: str = "%r") -> str:
    """A linalg.generic on (value, type) operands; `kinds` is p or r for each loop; the body uses %a0, %a1, ..., %o and yields %y."""
    elements = [type.split("x")[-1] for _, type in ins]
    arguments = ", ".join([*(f"%a{i}: {e}" for i, e in enumerate(elements)), f"%o: {out[1].split('x')[-1]}"])
    iterators = ", ".join({"p": '"parallel"', "r": '"reduction"'}[k] for k in kinds)
    inputs = ", ".join(v for v, _ in ins)
    types = ", ".join(f"tensor<{type}>" for _, type in ins)
    clause = f"ins({inputs} : {types}) " if ins else ""
    return f"""
    {result} = linalg.generic {{indexing_maps = [{", ".join(maps)}], iterator_types = [{iterators}]}}
        {clause}outs({out[0]} : tensor<{out[1]}>) {{
    ^bb0({arguments}):
      {body}
      linalg.yield %y : {out[1].split("x")[-1]}
    }} -> tensor<{out[1]}>"""


def empty(type: str, result: str = "%e", dims: str = "") -> str:
    return f"\n    {result} = tensor.empty({dims}) : tensor<{type}>"


def fill(type: str, number: str, result: str = "%f", source: str = "%e") -> str:
    element = type.rsplit("x", maxsplit=1)[-1]
    return f"""
    {result}_c = arith.constant {number} : {element}
    {result} = linalg.fill ins({result}_c : {element}) outs({source} : tensor<{type}>) -> tensor<{type}>"""


# ---- pointwise ---------------------------------------------------------------------------------------------------------

for n in (1, 3, 16, 37, 64, 100, 1000):
    case(f"add_{n}", [t(f"{n}xf32")] * 2, [t(f"{n}xf32")],
         empty(f"{n}xf32") + generic([ID1] * 3, "p", [("%in0", f"{n}xf32"), ("%in1", f"{n}xf32")], ("%e", f"{n}xf32"), "%y = arith.addf %a0, %a1 : f32"),
         ["%r"], lambda a, b: a + b, strategy="pointwise")  # fmt: skip
case("scalar_rank_0", [t("f32")], [t("f32")],
     empty("f32") + generic(["affine_map<() -> ()>"] * 2, "", [("%in0", "f32")], ("%e", "f32"), "%y = arith.mulf %a0, %a0 : f32"),
     ["%r"], lambda a: a * a)  # fmt: skip
case("broadcasts", [t("7x50xf32"), t("7xf32"), t("50xf32")], [t("7x50xf32")],
     empty("7x50xf32") + generic([ID2, ROW, COLUMN, ID2], "pp", [("%in0", "7x50xf32"), ("%in1", "7xf32"), ("%in2", "50xf32")], ("%e", "7x50xf32"),
                                 "%x = arith.mulf %a0, %a1 : f32\n%y = arith.addf %x, %a2 : f32"),
     ["%r"], lambda a, b, c: a * b[:, None] + c, strategy="pointwise")  # fmt: skip
for m, n in ((16, 16), (33, 70), (5, 3), (64, 48)):
    case(f"transpose_{m}x{n}", [t(f"{m}x{n}xf32")], [t(f"{n}x{m}xf32")],
         empty(f"{n}x{m}xf32")
         + f"\n%r = linalg.transpose ins(%in0 : tensor<{m}x{n}xf32>) outs(%e : tensor<{n}x{m}xf32>) permutation = [1, 0]",
         ["%r"], lambda a: a.T, strategy="pointwise")  # fmt: skip
case("transpose_heads", [t("12x4x20xf32")], [t("4x12x20xf32")],
     empty("4x12x20xf32") + generic([ID3, "affine_map<(d0, d1, d2) -> (d1, d0, d2)>"], "ppp", [("%in0", "12x4x20xf32")], ("%e", "4x12x20xf32"),
                                    "%y = arith.negf %a0 : f32"),
     ["%r"], lambda a: -a.transpose(1, 0, 2))  # fmt: skip
for source, target, op in (
    ("f32", "f16", "truncf"),
    ("f32", "bf16", "truncf"),
    ("f16", "f32", "extf"),
    ("bf16", "f32", "extf"),
    ("f64", "f32", "truncf"),
    ("f64", "f16", "truncf"),
    ("f64", "bf16", "truncf"),
    ("i8", "i32", "extsi"),
    ("i1", "i32", "extui"),
    ("i32", "i8", "trunci"),
    ("i32", "f32", "sitofp"),
    ("f32", "i32", "fptosi"),
    ("i8", "f16", "sitofp"),
    ("i64", "f64", "sitofp"),
    ("i64", "i16", "trunci"),
):
    case(f"convert_{source}_{target}", [t(f"53x{source}")], [t(f"53x{target}")],
         empty(f"53x{target}") + generic([ID1] * 2, "p", [("%in0", f"53x{source}")], ("%e", f"53x{target}"), f"%y = arith.{op} %a0 : {source} to {target}"),
         ["%r"], lambda a, target=target: a.astype(t(f"1x{target}").dtype), strategy="pointwise")  # fmt: skip
for type in ("f16", "bf16", "f64"):
    case(f"arithmetic_{type}", [t(f"37x{type}")] * 2, [t(f"37x{type}")],
         empty(f"37x{type}") + generic([ID1] * 3, "p", [("%in0", f"37x{type}"), ("%in1", f"37x{type}")], ("%e", f"37x{type}"),
                                       f"%x = arith.mulf %a0, %a1 : {type}\n%y = arith.addf %x, %a1 : {type}"),
         ["%r"], lambda a, b: a * b + b)  # fmt: skip
case("compare_to_bool", [t("45xf32")] * 2, [t("45xi1")],
     empty("45xi1") + generic([ID1] * 3, "p", [("%in0", "45xf32"), ("%in1", "45xf32")], ("%e", "45xi1"), "%y = arith.cmpf olt, %a0, %a1 : f32"),
     ["%r"], lambda a, b: a < b)  # fmt: skip
case("select", [t("45xi1"), t("45xf32"), t("45xf32")], [t("45xf32")],
     empty("45xf32") + generic([ID1] * 4, "p", [("%in0", "45xi1"), ("%in1", "45xf32"), ("%in2", "45xf32")], ("%e", "45xf32"),
                               "%y = arith.select %a0, %a1, %a2 : f32"),
     ["%r"], lambda c, a, b: np.where(c, a, b))  # fmt: skip


def _divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    safe = np.where(b == 0, 1, b)
    quotient = np.trunc(a.astype(np.float64) / safe).astype(a.dtype)
    return np.where(b == 0, -1, quotient)


case("divide_by_zero_is_all_ones", [t("61xi32")] * 2, [t("61xi32")],
     empty("61xi32") + generic([ID1] * 3, "p", [("%in0", "61xi32"), ("%in1", "61xi32")], ("%e", "61xi32"), "%y = arith.divsi %a0, %a1 : i32"),
     ["%r"], _divide)  # fmt: skip
case("iota", [], [t("5x33xi32")],
     empty("5x33xi32") + generic([ID2], "pp", [], ("%e", "5x33xi32"),
                                 "%i = linalg.index 0 : index\n%j = linalg.index 1 : index\n%k = arith.addi %i, %j : index\n"
                                 "%y = arith.index_cast %k : index to i32"),
     ["%r"], lambda: (np.arange(5)[:, None] + np.arange(33)).astype(np.int32))  # fmt: skip
case("dynamic_add", [t("?x?xf32", 9, 41)] * 2, [t("?x?xf32", 9, 41)],
     empty("?x?xf32", dims="%d0, %d1") + generic([ID2] * 3, "pp", [("%in0", "?x?xf32"), ("%in1", "?x?xf32")], ("%e", "?x?xf32"), "%y = arith.addf %a0, %a1 : f32"),
     ["%r"], lambda a, b: a + b)  # fmt: skip
case("dynamic_zero_size", [t("?xf32", 0)], [t("?xf32", 0)],
     empty("?xf32", dims="%d0") + generic([ID1] * 2, "p", [("%in0", "?xf32")], ("%e", "?xf32"), "%y = arith.negf %a0 : f32"),
     ["%r"], lambda a: -a)  # fmt: skip
case("constant_operand", [t("4xf32")], [t("4xf32")],
     "%k = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>\n%s = arith.constant dense<2.0> : tensor<4xf32>"
     + empty("4xf32") + generic([ID1] * 4, "p", [("%in0", "4xf32"), ("%k", "4xf32"), ("%s", "4xf32")], ("%e", "4xf32"),
                                "%x = arith.addf %a0, %a1 : f32\n%y = arith.mulf %x, %a2 : f32"),
     ["%r"], lambda a: (a + np.arange(1, 5, dtype=np.float32)) * 2)  # fmt: skip

# ---- movement ----------------------------------------------------------------------------------------------------------

case("slice_strided", [t("9x40xf32")], [t("4x13xf32")],
     "%r = tensor.extract_slice %in0[1, 0] [4, 13] [2, 3] : tensor<9x40xf32> to tensor<4x13xf32>", ["%r"], lambda a: a[1:9:2, 0:39:3])  # fmt: skip
case("slice_rank_reduced", [t("9x40xf32")], [t("40xf32")],
     "%r = tensor.extract_slice %in0[3, 0] [1, 40] [1, 1] : tensor<9x40xf32> to tensor<40xf32>", ["%r"], lambda a: a[3])  # fmt: skip
case("pad", [t("3x17xf32")], [t("6x20xf32")],
     "%c = arith.constant 7.0 : f32\n%r = tensor.pad %in0 low[1, 2] high[2, 1] {\n^bb0(%i: index, %j: index):\n tensor.yield %c : f32\n}"
     " : tensor<3x17xf32> to tensor<6x20xf32>",
     ["%r"], lambda a: np.pad(a, ((1, 2), (2, 1)), constant_values=7))  # fmt: skip
case("pad_outer", [t("3x5x32xf32")], [t("5x7x32xf32")],
     "%c = arith.constant 0.0 : f32\n%r = tensor.pad %in0 low[1, 1, 0] high[1, 1, 0] {\n^bb0(%i: index, %j: index, %k: index):\n tensor.yield %c : f32\n}"
     " : tensor<3x5x32xf32> to tensor<5x7x32xf32>",
     ["%r"], lambda a: np.pad(a, ((1, 1), (1, 1), (0, 0))), strategy="pointwise")  # fmt: skip
case("insert_slice", [t("3x4xf32"), t("8x9xf32")], [t("8x9xf32")],
     "%r = tensor.insert_slice %in0 into %in1[2, 3] [3, 4] [1, 1] : tensor<3x4xf32> into tensor<8x9xf32>",
     ["%r"], lambda a, b: np.block([[b[:2]], [np.hstack([b[2:5, :3], a, b[2:5, 7:]])], [b[5:]]]))  # fmt: skip
case("concat", [t("3x4xf32"), t("3x9xf32")], [t("3x13xf32")],
     "%r = tensor.concat dim(1) %in0, %in1 : (tensor<3x4xf32>, tensor<3x9xf32>) -> tensor<3x13xf32>",
     ["%r"], lambda a, b: np.concatenate([a, b], 1))  # fmt: skip
case("collapse", [t("3x4x20xf32")], [t("3x80xf32")],
     "%r = tensor.collapse_shape %in0 [[0], [1, 2]] : tensor<3x4x20xf32> into tensor<3x80xf32>", ["%r"], lambda a: a.reshape(3, 80))  # fmt: skip
case("expand_computed", [t("3x80xf32")], [t("3x4x20xf32")],
     empty("3x80xf32") + generic([ID2] * 2, "pp", [("%in0", "3x80xf32")], ("%e", "3x80xf32"), "%y = arith.negf %a0 : f32", "%n")
     + "\n%r = tensor.expand_shape %n [[0], [1, 2]] output_shape [3, 4, 20] : tensor<3x80xf32> into tensor<3x4x20xf32>",
     ["%r"], lambda a: -a.reshape(3, 4, 20))  # fmt: skip
case("gather_rows", [t("11x40xf32"), t("6xi32")], [t("6x40xf32")],
     empty("6x40xf32") + generic([ROW, ID2], "pp", [("%in1", "6xi32")], ("%e", "6x40xf32"),
                                 "%k = arith.index_cast %a0 : i32 to index\n%z = arith.constant 0 : index\n%i = arith.maxsi %k, %z : index\n"
                                 "%j = linalg.index 1 : index\n%y = tensor.extract %in0[%i, %j] : tensor<11x40xf32>"),
     ["%r"], lambda a, i: a[np.maximum(i, 0)], strategy="pointwise")  # fmt: skip
case("gather_elements", [t("40xf32"), t("37xi64")], [t("37xf32")],
     empty("37xf32") + generic([ID1] * 2, "p", [("%in1", "37xi64")], ("%e", "37xf32"),
                               "%k = arith.index_cast %a0 : i64 to index\n%z = arith.constant 0 : index\n%i = arith.maxsi %k, %z : index\n"
                               "%y = tensor.extract %in0[%i] : tensor<40xf32>"),
     ["%r"], lambda a, i: a[np.maximum(i, 0)])  # fmt: skip

# ---- reductions --------------------------------------------------------------------------------------------------------

for m, n in ((5, 7), (3, 100), (40, 64), (1, 1000), (9, 1)):
    case(f"row_sum_{m}x{n}", [t(f"{m}x{n}xf32")], [t(f"{m}xf32")],
         empty(f"{m}xf32") + fill(f"{m}xf32", "0.0")
         + generic([ID2, ROW], "pr", [("%in0", f"{m}x{n}xf32")], ("%f", f"{m}xf32"), "%y = arith.addf %o, %a0 : f32"),
         ["%r"], lambda a: a.astype(np.float64).sum(1), tolerance=1e-4, strategy="reduction")  # fmt: skip
    case(f"column_max_{m}x{n}", [t(f"{m}x{n}xf32")], [t(f"{n}xf32")],
         empty(f"{n}xf32") + fill(f"{n}xf32", "0xFF800000")
         + generic([ID2, COLUMN], "rp", [("%in0", f"{m}x{n}xf32")], ("%f", f"{n}xf32"), "%y = arith.maximumf %o, %a0 : f32"),
         ["%r"], lambda a: a.max(0), strategy="reduction")  # fmt: skip
case("sum_all", [t("13x27xf32")], [t("f32")],
     empty("f32") + fill("f32", "0.0") + generic([ID2, "affine_map<(d0, d1) -> ()>"], "rr", [("%in0", "13x27xf32")], ("%f", "f32"), "%y = arith.addf %o, %a0 : f32"),
     ["%r"], lambda a: a.astype(np.float64).sum(), tolerance=1e-4)  # fmt: skip
case("sum_dynamic", [t("?x?xf32", 6, 75)], [t("?xf32", 6)],
     empty("?xf32", dims="%d0") + fill("?xf32", "0.0") + generic([ID2, ROW], "pr", [("%in0", "?x?xf32")], ("%f", "?xf32"), "%y = arith.addf %o, %a0 : f32"),
     ["%r"], lambda a: a.astype(np.float64).sum(1), tolerance=1e-4)  # fmt: skip
case("sum_nothing", [t("4x0xf32")], [t("4xf32")],
     empty("4xf32") + fill("4xf32", "3.0") + generic([ID2, ROW], "pr", [("%in0", "4x0xf32")], ("%f", "4xf32"), "%y = arith.addf %o, %a0 : f32"),
     ["%r"], lambda a: np.full(4, 3, np.float32))  # fmt: skip
for kind, reference in (
    ("maxsi", lambda a: a.max(1)),
    ("minsi", lambda a: a.min(1)),
    ("addi", lambda a: a.sum(1, dtype=np.int32)),
    ("muli", lambda a: a.prod(1, dtype=np.int32)),
):
    start = {"maxsi": "-2147483648", "minsi": "2147483647", "addi": "0", "muli": "1"}[kind]
    case(f"row_{kind}", [t("6x51xi32")], [t("6xi32")],
         empty("6xi32") + fill("6xi32", start) + generic([ID2, ROW], "pr", [("%in0", "6x51xi32")], ("%f", "6xi32"), f"%y = arith.{kind} %o, %a0 : i32"),
         ["%r"], reference)  # fmt: skip
case("argmax", [t("6x51xf32")], [t("6xf32"), t("6xi32")],
     empty("6xf32") + fill("6xf32", "0xFF800000") + empty("6xi32", "%ei") + fill("6xi32", "0", "%fi", "%ei") + f"""
    %r:2 = linalg.generic {{indexing_maps = [{ID2}, {ROW}, {ROW}], iterator_types = ["parallel", "reduction"]}}
        ins(%in0 : tensor<6x51xf32>) outs(%f, %fi : tensor<6xf32>, tensor<6xi32>) {{
    ^bb0(%a: f32, %best: f32, %at: i32):
      %j = linalg.index 1 : index
      %k = arith.index_cast %j : index to i32
      %more = arith.cmpf ogt, %a, %best : f32
      %x = arith.select %more, %a, %best : f32
      %y = arith.select %more, %k, %at : i32
      linalg.yield %x, %y : f32, i32
    }} -> (tensor<6xf32>, tensor<6xi32>)""",
     ["%r#0", "%r#1"], lambda a: [a.max(1), a.argmax(1).astype(np.int32)])  # fmt: skip


def softmax(a: np.ndarray) -> np.ndarray:
    e = np.exp(a.astype(np.float64) - a.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


for m, n in ((4, 32), (3, 100), (7, 5)):
    case(f"softmax_{m}x{n}", [t(f"{m}x{n}xf32")], [t(f"{m}x{n}xf32")],
         empty(f"{m}x{n}xf32") + f"\n%r = linalg.softmax dimension(1) ins(%in0 : tensor<{m}x{n}xf32>) outs(%e : tensor<{m}x{n}xf32>) -> tensor<{m}x{n}xf32>",
         ["%r"], softmax, tolerance=2e-6, strategy="reduction")  # fmt: skip
case("softmax_dynamic", [t("?x?xf32", 5, 77)], [t("?x?xf32", 5, 77)],
     empty("?x?xf32", dims="%d0, %d1") + "\n%r = linalg.softmax dimension(1) ins(%in0 : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>",
     ["%r"], softmax, tolerance=2e-6)  # fmt: skip


def layer_norm(a: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    a = a.astype(np.float64)
    centred = a - a.mean(1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5) * gamma + beta


def layer_norm_body(m: int, n: int) -> str:
    full, row = f"{m}x{n}xf32", f"{m}xf32"
    return (
        f"%n = arith.constant {float(n)} : f32\n%eps = arith.constant 1.0e-5 : f32"
        + empty(full) + empty(row, "%er") + fill(row, "0.0", "%f", "%er")
        + generic([ID2, ROW], "pr", [("%in0", full)], ("%f", row), "%y = arith.addf %o, %a0 : f32", "%sum")
        + generic([ID2, ROW, ID2], "pp", [("%in0", full), ("%sum", row)], ("%e", full), "%x = arith.divf %a1, %n : f32\n%y = arith.subf %a0, %x : f32", "%c")
        + generic([ID2, ROW], "pr", [("%c", full)], ("%f", row), "%x = arith.mulf %a0, %a0 : f32\n%y = arith.addf %o, %x : f32", "%var")
        + generic([ID2, ROW, COLUMN, COLUMN, ID2], "pp", [("%c", full), ("%var", row), ("%in1", f"{n}xf32"), ("%in2", f"{n}xf32")], ("%e", full),
                  "%v = arith.divf %a1, %n : f32\n%w = arith.addf %v, %eps : f32\n%s = math.rsqrt %w : f32\n"
                  "%x = arith.mulf %a0, %s : f32\n%z = arith.mulf %x, %a2 : f32\n%y = arith.addf %z, %a3 : f32")
    )  # fmt: skip


for m, n in ((4, 64), (3, 77)):
    case(f"layer_norm_{m}x{n}", [t(f"{m}x{n}xf32"), t(f"{n}xf32"), t(f"{n}xf32")], [t(f"{m}x{n}xf32")], layer_norm_body(m, n),
         ["%r"], layer_norm, tolerance=2e-5, strategy="reduction")  # fmt: skip

case("column_mean_subtracted", [t("50x37xf32")], [t("50x37xf32")],
     "%n = arith.constant 50.0 : f32" + empty("50x37xf32") + empty("37xf32", "%ec") + fill("37xf32", "0.0", "%f", "%ec")
     + generic([ID2, COLUMN], "rp", [("%in0", "50x37xf32")], ("%f", "37xf32"), "%y = arith.addf %o, %a0 : f32", "%s")
     + generic([ID2, COLUMN, ID2], "pp", [("%in0", "50x37xf32"), ("%s", "37xf32")], ("%e", "50x37xf32"),
               "%m = arith.divf %a1, %n : f32\n%y = arith.subf %a0, %m : f32"),
     ["%r"], lambda a: a - a.astype(np.float64).mean(0), tolerance=1e-5, strategy="reduction")  # fmt: skip

# ---- contractions ------------------------------------------------------------------------------------------------------


def matmul_body(
    m: object, k: object, n: object, types: tuple[str, str, str] = ("f32", "f32", "f32"), dims: str = "", bias: bool = False
) -> str:
    a, b, c = (f"{x}x{y}x{type}" for (x, y), type in zip(((m, k), (k, n), (m, n)), types, strict=True))
    zero = "0" if types[2].startswith("i") else "0.0"
    text = empty(c, dims=dims) + fill(c, zero)
    text += f"\n%{'m' if bias else 'r'} = linalg.matmul ins(%in0, %in1 : tensor<{a}>, tensor<{b}>) outs(%f : tensor<{c}>) -> tensor<{c}>"
    if bias:
        text += generic([ID2, COLUMN, ID2], "pp", [("%m", c), ("%in2", f"{n}x{types[2]}")], ("%e", c),
                        "%z = arith.constant 0.0 : f32\n%x = arith.addf %a0, %a1 : f32\n%y = arith.maximumf %x, %z : f32")  # fmt: skip
    return text


for m, k, n in ((1, 1, 1), (4, 64, 64), (17, 33, 70), (49, 20, 48), (5, 7, 3), (1, 64, 192), (1, 30, 7), (13, 100, 16), (100, 5, 130)):
    case(f"matmul_{m}x{k}x{n}", [t(f"{m}x{k}xf32"), t(f"{k}x{n}xf32")], [t(f"{m}x{n}xf32")], matmul_body(m, k, n), ["%r"],
         lambda a, b: a.astype(np.float64) @ b, tolerance=2e-5, strategy="contraction")  # fmt: skip
case("matmul_bias_relu", [t("19x40xf32"), t("40x50xf32"), t("50xf32")], [t("19x50xf32")], matmul_body(19, 40, 50, bias=True), ["%r"],
     lambda a, b, c: np.maximum(a.astype(np.float64) @ b + c, 0), tolerance=2e-5, strategy="contraction")  # fmt: skip
case("matmul_many_workgroups", [t("300x64xf32"), t("64x320xf32")], [t("300x320xf32")], matmul_body(300, 64, 320), ["%r"],
     lambda a, b: a.astype(np.float64) @ b, tolerance=2e-5, strategy="contraction")  # fmt: skip
case("matmul_dynamic", [t("?x?xf32", 21, 18), t("?x?xf32", 18, 53)], [t("?x?xf32", 21, 53)], matmul_body("?", "?", "?", dims="%d0, %d2"), ["%r"],
     lambda a, b: a.astype(np.float64) @ b, tolerance=2e-5, strategy="contraction")  # fmt: skip
case("matmul_i8", [t("9x33xi8"), t("33x20xi8")], [t("9x20xi32")], matmul_body(9, 33, 20, ("i8", "i8", "i32")), ["%r"],
     lambda a, b: a.astype(np.int32) @ b.astype(np.int32), strategy="contraction", integers=100)  # fmt: skip
case("matmul_f16_f32", [t("9x33xf16"), t("33x20xf16")], [t("9x20xf32")], matmul_body(9, 33, 20, ("f16", "f16", "f32")), ["%r"],
     lambda a, b: a.astype(np.float64) @ b.astype(np.float64), tolerance=2e-5, strategy="contraction")  # fmt: skip
case("matmul_f64", [t("9x33xf64"), t("33x20xf64")], [t("9x20xf64")], matmul_body(9, 33, 20, ("f64", "f64", "f64")), ["%r"],
     lambda a, b: a @ b, tolerance=1e-12, strategy="contraction")  # fmt: skip
for m, k, n in ((8, 64, 9), (5, 37, 6), (33, 16, 32)):
    case(f"matmul_transpose_b_{m}x{k}x{n}", [t(f"3x{m}x{k}xf32"), t(f"3x{n}x{k}xf32")], [t(f"3x{m}x{n}xf32")],
         empty(f"3x{m}x{n}xf32") + fill(f"3x{m}x{n}xf32", "0.0")
         + generic(["affine_map<(b, m, n, k) -> (b, m, k)>", "affine_map<(b, m, n, k) -> (b, n, k)>", "affine_map<(b, m, n, k) -> (b, m, n)>"], "pppr",
                   [("%in0", f"3x{m}x{k}xf32"), ("%in1", f"3x{n}x{k}xf32")], ("%f", f"3x{m}x{n}xf32"), "%x = arith.mulf %a0, %a1 : f32\n%y = arith.addf %o, %x : f32"),
         ["%r"], lambda a, b: np.einsum("bmk,bnk->bmn", a.astype(np.float64), b), tolerance=2e-5, strategy="contraction")  # fmt: skip
case("matvec", [t("23x70xf32"), t("70xf32")], [t("23xf32")],
     empty("23xf32") + fill("23xf32", "0.0") + "\n%r = linalg.matvec ins(%in0, %in1 : tensor<23x70xf32>, tensor<70xf32>) outs(%f : tensor<23xf32>) -> tensor<23xf32>",
     ["%r"], lambda a, b: a.astype(np.float64) @ b, tolerance=2e-5, strategy="contraction")  # fmt: skip
case("batch_matmul", [t("3x10x24xf32"), t("3x24x40xf32")], [t("3x10x40xf32")],
     empty("3x10x40xf32") + fill("3x10x40xf32", "0.0")
     + "\n%r = linalg.batch_matmul ins(%in0, %in1 : tensor<3x10x24xf32>, tensor<3x24x40xf32>) outs(%f : tensor<3x10x40xf32>) -> tensor<3x10x40xf32>",
     ["%r"], lambda a, b: a.astype(np.float64) @ b, tolerance=2e-5, strategy="contraction")  # fmt: skip
case("attention_row", [t("6x16xf32"), t("16x32xf32"), t("32x20xf32")], [t("6x20xf32")],
     empty("6x32xf32") + fill("6x32xf32", "0.0")
     + "\n%s = linalg.matmul ins(%in0, %in1 : tensor<6x16xf32>, tensor<16x32xf32>) outs(%f : tensor<6x32xf32>) -> tensor<6x32xf32>"
     + "\n%p = linalg.softmax dimension(1) ins(%s : tensor<6x32xf32>) outs(%e : tensor<6x32xf32>) -> tensor<6x32xf32>"
     + empty("6x20xf32", "%e2") + fill("6x20xf32", "0.0", "%f2", "%e2")
     + "\n%r = linalg.matmul ins(%p, %in2 : tensor<6x32xf32>, tensor<32x20xf32>) outs(%f2 : tensor<6x20xf32>) -> tensor<6x20xf32>",
     ["%r"], lambda q, k, v: softmax(q.astype(np.float64) @ k) @ v, tolerance=2e-5)  # fmt: skip


# ---- convolutions and windows ------------------------------------------------------------------------------------------


def windows(a: np.ndarray, axes: tuple[int, int], size: tuple[int, int], stride: int, dilation: int = 1) -> np.ndarray:
    """The windows of two axes, appended as two axes, which themselves become the window positions."""
    reach = tuple((s - 1) * dilation + 1 for s in size)
    w = np.lib.stride_tricks.sliding_window_view(a, reach, axes)
    index = [slice(None)] * w.ndim
    index[axes[0]] = index[axes[1]] = slice(None, None, stride)
    index[-1] = index[-2] = slice(None, None, dilation)
    return w[tuple(index)].astype(np.float64 if a.dtype.kind == "f" else np.int64)


def attributes(stride: int, dilation: int = 1) -> str:
    return f"{{dilations = dense<{dilation}> : tensor<2xi64>, strides = dense<{stride}> : tensor<2xi64>}}"


for h, c, f, k, s, d in ((9, 5, 16, 3, 1, 1), (11, 3, 40, 3, 2, 1), (12, 8, 7, 1, 1, 1), (11, 4, 8, 3, 1, 2)):
    o = (h - (k - 1) * d - 1) // s + 1
    case(f"conv_nhwc_{h}_{c}_{f}_{k}_{s}_{d}", [t(f"2x{h}x{h}x{c}xf32"), t(f"{k}x{k}x{c}x{f}xf32")], [t(f"2x{o}x{o}x{f}xf32")],
         empty(f"2x{o}x{o}x{f}xf32") + fill(f"2x{o}x{o}x{f}xf32", "0.0")
         + f"\n%r = linalg.conv_2d_nhwc_hwcf {attributes(s, d)} ins(%in0, %in1 : tensor<2x{h}x{h}x{c}xf32>, tensor<{k}x{k}x{c}x{f}xf32>)"
         f" outs(%f : tensor<2x{o}x{o}x{f}xf32>) -> tensor<2x{o}x{o}x{f}xf32>",
         ["%r"], lambda a, b, k=k, s=s, d=d: np.einsum("nhwcij,ijcf->nhwf", windows(a, (1, 2), (k, k), s, d), b), tolerance=5e-5, strategy="contraction")  # fmt: skip
    case(f"conv_nchw_{h}_{c}_{f}_{k}_{s}_{d}", [t(f"2x{c}x{h}x{h}xf32"), t(f"{f}x{c}x{k}x{k}xf32")], [t(f"2x{f}x{o}x{o}xf32")],
         empty(f"2x{f}x{o}x{o}xf32") + fill(f"2x{f}x{o}x{o}xf32", "0.0")
         + f"\n%r = linalg.conv_2d_nchw_fchw {attributes(s, d)} ins(%in0, %in1 : tensor<2x{c}x{h}x{h}xf32>, tensor<{f}x{c}x{k}x{k}xf32>)"
         f" outs(%f : tensor<2x{f}x{o}x{o}xf32>) -> tensor<2x{f}x{o}x{o}xf32>",
         ["%r"], lambda a, b, k=k, s=s, d=d: np.einsum("nchwij,fcij->nfhw", windows(a, (2, 3), (k, k), s, d), b), tolerance=5e-5)  # fmt: skip
case("depthwise", [t("1x8x8x20xf32"), t("3x3x20xf32")], [t("1x6x6x20xf32")],
     empty("1x6x6x20xf32") + fill("1x6x6x20xf32", "0.0")
     + f"\n%r = linalg.depthwise_conv_2d_nhwc_hwc {attributes(1)} ins(%in0, %in1 : tensor<1x8x8x20xf32>, tensor<3x3x20xf32>)"
     " outs(%f : tensor<1x6x6x20xf32>) -> tensor<1x6x6x20xf32>",
     ["%r"], lambda a, b: np.einsum("nhwcij,ijc->nhwc", windows(a, (1, 2), (3, 3), 1), b), tolerance=2e-5, strategy="reduction")  # fmt: skip
case("max_pool_nhwc", [t("1x9x9x20xf32")], [t("1x4x4x20xf32")],
     empty("1x4x4x20xf32") + fill("1x4x4x20xf32", "0xFF800000") + empty("2x2xf32", "%w")
     + f"\n%r = linalg.pooling_nhwc_max {attributes(2)} ins(%in0, %w : tensor<1x9x9x20xf32>, tensor<2x2xf32>)"
     " outs(%f : tensor<1x4x4x20xf32>) -> tensor<1x4x4x20xf32>",
     ["%r"], lambda a: windows(a, (1, 2), (2, 2), 2).max((-1, -2)).astype(np.float32), strategy="reduction")  # fmt: skip
case("sum_pool_nchw", [t("1x5x9x9xf32")], [t("1x5x4x4xf32")],
     empty("1x5x4x4xf32") + fill("1x5x4x4xf32", "0.0") + empty("3x3xf32", "%w")
     + f"\n%r = linalg.pooling_nchw_sum {attributes(2)} ins(%in0, %w : tensor<1x5x9x9xf32>, tensor<3x3xf32>)"
     " outs(%f : tensor<1x5x4x4xf32>) -> tensor<1x5x4x4xf32>",
     ["%r"], lambda a: windows(a, (2, 3), (3, 3), 2).sum((-1, -2)), tolerance=2e-5)  # fmt: skip


case("attention", [t("2x10x16xf32"), t("2x24x16xf32"), t("2x24x20xf32"), t("f32"), t("2x10x24xf32")], [t("2x10x20xf32")],
     "%scale = tensor.extract %in3[] : tensor<f32>" + empty("2x10x20xf32") + """
     %r = iree_linalg_ext.attention {indexing_maps = [
         affine_map<(b, m, n, k, s) -> (b, m, k)>, affine_map<(b, m, n, k, s) -> (b, s, k)>, affine_map<(b, m, n, k, s) -> (b, s, n)>,
         affine_map<(b, m, n, k, s) -> ()>, affine_map<(b, m, n, k, s) -> (b, m, s)>, affine_map<(b, m, n, k, s) -> (b, m, n)>]}
         ins(%in0, %in1, %in2, %scale, %in4 : tensor<2x10x16xf32>, tensor<2x24x16xf32>, tensor<2x24x20xf32>, f32, tensor<2x10x24xf32>)
         outs(%e : tensor<2x10x20xf32>) {
     ^bb0(%x: f32):
       iree_linalg_ext.yield %x : f32
     } -> tensor<2x10x20xf32>""", ["%r"],
     lambda q, k, v, s, mask: softmax(np.einsum("bmk,bsk->bms", q.astype(np.float64), k) * s + mask) @ v, tolerance=2e-5, strategy="contraction")  # fmt: skip
case("gather_slices", [t("9x20xf32"), t("4x3x1xi32")], [t("4x3x20xf32")],
     empty("4x3x20xf32") + "\n%r = iree_linalg_ext.gather dimension_map = [0] ins(%in0, %in1 : tensor<9x20xf32>, tensor<4x3x1xi32>)"
     " outs(%e : tensor<4x3x20xf32>) -> tensor<4x3x20xf32>", ["%r"], lambda a, i: a[np.clip(i[..., 0], 0, 8)])  # fmt: skip
case("pack_pads", [t("7x10xf32")], [t("2x3x4x4xf32")],
     "%c = arith.constant 5.0 : f32" + empty("2x3x4x4xf32")
     + "\n%r = linalg.pack %in0 padding_value(%c : f32) inner_dims_pos = [0, 1] inner_tiles = [4, 4] into %e : tensor<7x10xf32> -> tensor<2x3x4x4xf32>",
     ["%r"], lambda a: np.pad(a, ((0, 1), (0, 2)), constant_values=5).reshape(2, 4, 3, 4).transpose(0, 2, 1, 3))  # fmt: skip
case("unpack", [t("2x3x4x4xf32")], [t("7x10xf32")],
     empty("7x10xf32") + "\n%r = linalg.unpack %in0 inner_dims_pos = [0, 1] inner_tiles = [4, 4] into %e : tensor<2x3x4x4xf32> -> tensor<7x10xf32>",
     ["%r"], lambda a: a.transpose(0, 2, 1, 3).reshape(8, 12)[:7, :10])  # fmt: skip

# ---- sorts, scans, scatters ---------------------------------------------------------------------------------------------

for n in (1, 2, 7, 64, 100):
    case(f"sort_{n}", [t(f"3x{n}xf32")], [t(f"3x{n}xf32")],
         f"""%r = iree_linalg_ext.sort dimension(1) outs(%in0 : tensor<3x{n}xf32>) {{
         ^bb0(%a: f32, %b: f32):
           %c = arith.cmpf olt, %a, %b : f32
           iree_linalg_ext.yield %c : i1
         }} -> tensor<3x{n}xf32>""", ["%r"], lambda a: np.sort(a, 1), strategy="sequential")  # fmt: skip
case("sort_pairs_is_stable", [t("50x2xi32"), t("50x2xi32")], [t("50x2xi32"), t("50x2xi32")],
     """%r:2 = iree_linalg_ext.sort dimension(0) outs(%in0, %in1 : tensor<50x2xi32>, tensor<50x2xi32>) {
     ^bb0(%a: i32, %b: i32, %x: i32, %y: i32):
       %c = arith.cmpi sgt, %a, %b : i32
       iree_linalg_ext.yield %c : i1
     } -> tensor<50x2xi32>, tensor<50x2xi32>""", ["%r#0", "%r#1"],
     lambda a, b: [np.take_along_axis(v, np.argsort(-a, 0, kind="stable"), 0) for v in (a, b)])  # fmt: skip
case("scatter_add", [t("9x4xf32"), t("6x4xf32"), t("6x1xi32")], [t("9x4xf32")],
     """%r = iree_linalg_ext.scatter dimension_map = [0] unique_indices(false) ins(%in1, %in2 : tensor<6x4xf32>, tensor<6x1xi32>)
        outs(%in0 : tensor<9x4xf32>) {
     ^bb0(%u: f32, %o: f32):
       %s = arith.addf %o, %u : f32
       iree_linalg_ext.yield %s : f32
     } -> tensor<9x4xf32>""", ["%r"], lambda a, u, i: scatter_add(a, u, i[:, 0]), strategy="sequential")  # fmt: skip
for inclusive in (True, False):
    case(f"scan_{inclusive}", [t("3x20xf32"), t("3xf32")], [t("3x20xf32"), t("3xf32")],
         empty("3x20xf32") + f"""
         %r:2 = iree_linalg_ext.scan dimension(1) inclusive({str(inclusive).lower()}) ins(%in0 : tensor<3x20xf32>)
            outs(%e, %in1 : tensor<3x20xf32>, tensor<3xf32>) {{
         ^bb0(%a: f32, %b: f32):
           %s = arith.addf %a, %b : f32
           iree_linalg_ext.yield %s : f32
         }} -> tensor<3x20xf32>, tensor<3xf32>""", ["%r#0", "%r#1"], lambda a, s, inclusive=inclusive: scan(a, s, inclusive), tolerance=1e-5)  # fmt: skip


def scatter_add(a: np.ndarray, u: np.ndarray, i: np.ndarray) -> np.ndarray:
    a = a.copy()
    for row, k in zip(u, i, strict=True):
        if 0 <= k < len(a):
            a[k] += row
    return a


def scan(a: np.ndarray, start: np.ndarray, inclusive: bool) -> list[np.ndarray]:
    if inclusive:
        sums = np.cumsum(a, 1)
        return [sums, sums[:, -1]]
    sums = np.cumsum(np.concatenate([start[:, None], a[:, :-1]], 1), 1)
    return [sums, sums[:, -1]]


# ---- the tests ---------------------------------------------------------------------------------------------------------


def check(case: Case, cpu: str, *, scalar: bool = False) -> None:
    rng = np.random.default_rng(SEED)
    compiled = compile_dispatch(case.dispatch, cpu, scalar=scalar)
    if case.strategy and not scalar:
        assert compiled.strategy == case.strategy
    arrays = [values(tensor, rng, case.integers) for tensor in case.dispatch.inputs]
    with np.errstate(all="ignore"):
        expected = case.reference(*arrays)
    expected = expected if isinstance(expected, list) else [expected]
    for got, want in zip(compiled(*arrays), expected, strict=True):
        want = np.asarray(want)
        assert got.shape == want.shape
        if case.tolerance:
            np.testing.assert_allclose(got.astype(np.float64), want, rtol=case.tolerance, atol=case.tolerance, err_msg=f"seed {SEED}")
        else:
            np.testing.assert_array_equal(got, want.astype(got.dtype), err_msg=f"seed {SEED}")


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_vectors_agree_with_numpy(case: Case, cpu: str):
    check(case, cpu)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_one_element_at_a_time_agrees_with_numpy(case: Case):
    check(case, "host", scalar=True)
