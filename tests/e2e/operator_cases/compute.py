# ruff: noqa: E501
"""Ops that combine many elements: reductions, windows, contractions, convolutions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from operator_cases.case import DTYPES, FLOATS, Case, Exact, Sums, Ulps, case, edges, returning
from operator_cases.movement import label, text

# combiner -> (numpy's, element type -> the neutral element)
COMBINERS: dict[str, tuple[np.ufunc, Callable[[str], str]]] = {
    "add": (np.add, lambda e: "0.0" if e in FLOATS else "0"),
    "multiply": (np.multiply, lambda e: "1.0" if e in FLOATS else "1"),
    "maximum": (
        np.maximum,
        lambda e: {"f16": "0xFC00", "bf16": "0xFF80", "f32": "0xFF800000", "f64": "0xFFF0000000000000"}.get(e) or _least(e),
    ),
    "minimum": (
        np.minimum,
        lambda e: {"f16": "0x7C00", "bf16": "0x7F80", "f32": "0x7F800000", "f64": "0x7FF0000000000000"}.get(e) or _most(e),
    ),
    "and": (np.bitwise_and, lambda e: "true" if e == "i1" else _most(e) if e.startswith("u") else "-1"),
    "or": (np.bitwise_or, lambda e: "false" if e == "i1" else "0"),
}


def _least(element: str) -> str:
    return "false" if element == "i1" else str(np.iinfo(DTYPES[element]).min)


def _most(element: str) -> str:
    return "true" if element == "i1" else str(np.iinfo(DTYPES[element]).max)


REDUCED = [((0,), (0,)), ((1,), (0,)), ((17,), (0,)), ((129,), (0,)), ((1000,), (0,)), ((3, 0), (1,)), ((0, 3), (1,)), ((5, 65), (1,)), ((65, 5), (0,)),
           ((63, 33), (0, 1)), ((3, 5, 7), (1,)), ((3, 5, 7), (0, 2)), ((2, 3, 4, 5), (1, 3)), ((4, 6), ()), ((16, 256), (1,)), ((256, 16), (0,))]  # fmt: skip


def reductions() -> Iterator[Case]:
    kinds = [("add", "f32"), ("maximum", "f32"), ("minimum", "f64"), ("multiply", "i32"), ("and", "i1"), ("or", "i32"), ("add", "i8"),
             ("maximum", "ui8"), ("add", "f16"), ("maximum", "bf16"), ("minimum", "i64"), ("add", "f64"), ("add", "bf16"), ("and", "ui32")]  # fmt: skip
    for i, (shape, axes) in enumerate(REDUCED):
        for op, element in [kinds[(3 * i + k) % len(kinds)] for k in range(4)]:
            function, neutral = COMBINERS[op]
            s, r = text(shape, element), text([n for d, n in enumerate(shape) if d not in axes], element)
            length = int(np.prod([shape[a] for a in axes]))
            body = (f"%i = stablehlo.constant dense<{neutral(element)}> : tensor<{element}>\n"
                    f"  %r = stablehlo.reduce(%0 init: %i) applies stablehlo.{op} across dimensions = {list(axes)}"
                    f" : (tensor<{s}>, tensor<{element}>) -> tensor<{r}>\n  return %r : tensor<{r}>")  # fmt: skip
            exact = op != "add" or element not in FLOATS
            yield case(f"reduce_{op}_{label(shape)}_over_{''.join(map(str, axes))}_{element}", s, r, body,
                       tolerance=Exact() if exact else Sums(length),
                       meaning=_reduced(function, axes, neutral(element)) if exact else None)  # fmt: skip
    for op in ("maximum", "minimum", "add", "multiply"):
        body = (f"%r = stablehlo.reduce(%0 init: %1) applies stablehlo.{op} across dimensions = [1]"
                " : (tensor<9x21xf32>, tensor<f32>) -> tensor<9xf32>\n  return %r : tensor<9xf32>")  # fmt: skip
        yield case(f"reduce_{op}_from_an_argument", "9x21xf32 f32", "9xf32", body, tolerance=Ulps(64) if op == "multiply" else Sums(22))
    body = ("%i = stablehlo.constant dense<0xFF800000> : tensor<f32>\n"
            "  %r = stablehlo.reduce(%0 init: %i) applies stablehlo.maximum across dimensions = [1]"
            " : (tensor<5x67xf32>, tensor<f32>) -> tensor<5xf32>\n  return %r : tensor<5xf32>")  # fmt: skip
    yield case("reduce_maximum_of_edges", "5x67xf32", "5xf32", body, fill=edges, meaning=lambda a: np.max(a, 1))


def _reduced(function: np.ufunc, axes: tuple[int, ...], neutral: str) -> Callable[[np.ndarray], np.ndarray] | None:
    if not axes:
        return lambda a: a

    def compute(a: np.ndarray) -> np.ndarray:
        spelled = {"true": 1, "false": 0}.get(neutral)
        start = a.dtype.type(
            spelled
            if spelled is not None
            else float({"0xF": "-inf", "0x7": "inf"}.get(neutral[:3], neutral))
            if a.dtype.kind not in "iu"
            else int(neutral)
        )
        with np.errstate(all="ignore"):
            for axis in sorted(axes, reverse=True):
                a = function.reduce(a, axis=axis, dtype=a.dtype, initial=start)
        return a

    return compute


def arg_reductions() -> Iterator[Case]:
    for direction, name, start in (("GT", "argmax", "0xFF800000"), ("LT", "argmin", "0x7F800000")):
        for shape, axis in (((17,), 0), ((4, 65), 1), ((33, 6), 0), ((2, 5, 3), 1), ((3, 1), 1)):
            kept = [n for d, n in enumerate(shape) if d != axis]
            s, i, r, j = text(shape), text(shape, "i32"), text(kept), text(kept, "i32")
            body = (f"%n = stablehlo.constant dense<{start}> : tensor<f32>\n  %z = stablehlo.constant dense<0> : tensor<i32>\n"
                    f"  %i = stablehlo.iota dim = {axis} : tensor<{i}>\n"
                    f"  %r:2 = stablehlo.reduce(%0 init: %n), (%i init: %z) across dimensions = [{axis}]"
                    f" : (tensor<{s}>, tensor<{i}>, tensor<f32>, tensor<i32>) -> (tensor<{r}>, tensor<{j}>)\n"
                    "   reducer(%x: tensor<f32>, %y: tensor<f32>) (%j: tensor<i32>, %k: tensor<i32>) {\n"
                    f"    %g = stablehlo.compare {direction}, %x, %y : (tensor<f32>, tensor<f32>) -> tensor<i1>\n"
                    "    %e = stablehlo.compare EQ, %x, %y : (tensor<f32>, tensor<f32>) -> tensor<i1>\n"
                    "    %l = stablehlo.compare LT, %j, %k : (tensor<i32>, tensor<i32>) -> tensor<i1>\n"
                    "    %b = stablehlo.and %e, %l : tensor<i1>\n    %c = stablehlo.or %g, %b : tensor<i1>\n"
                    "    %v = stablehlo.select %g, %x, %y : tensor<i1>, tensor<f32>\n    %w = stablehlo.select %c, %j, %k : tensor<i1>, tensor<i32>\n"
                    f"    stablehlo.return %v, %w : tensor<f32>, tensor<i32>\n  }}\n  return %r#0, %r#1 : tensor<{r}>, tensor<{j}>")  # fmt: skip
            best, where = (np.max, np.argmax) if name == "argmax" else (np.min, np.argmin)
            yield case(f"{name}_{label(shape)}_{axis}", s, f"{r} {j}", body,
                       meaning=lambda a, axis=axis, best=best, where=where: (best(a, axis), where(a, axis).astype(np.int32)))  # fmt: skip


def windows() -> Iterator[Case]:
    rows = [("max_nchw", "maximum", "1x3x9x9", "1x3x4x4", "1, 1, 2, 2", "1, 1, 2, 2", "", "f32"),
            ("max_nhwc", "maximum", "2x9x9x5", "2x5x5x5", "1, 3, 3, 1", "1, 2, 2, 1", "0, 0], [1, 1], [1, 1], [0, 0", "f32"),
            ("sum_nhwc", "add", "1x8x8x17", "1x3x3x17", "1, 3, 3, 1", "1, 2, 2, 1", "", "f32"),
            ("sum_padded", "add", "1x2x7x7", "1x2x7x7", "1, 1, 3, 3", "1, 1, 1, 1", "0, 0], [0, 0], [1, 1], [1, 1", "f64"),
            ("max_int", "maximum", "7x9", "5x4", "3, 3", "1, 2", "", "i32"),
            ("min_1d", "minimum", "2x3x33", "2x3x11", "1, 1, 3", "1, 1, 3", "", "f32"),
            ("sum_ui8", "add", "9x5", "7x5", "3, 1", "1, 1", "", "ui8"),
            ("cumulative_sum", "add", "3x17", "3x17", "1, 17", "1, 1", "0, 0], [16, 0", "f32"),
            ("max_f16", "maximum", "1x8x8x4", "1x4x4x4", "1, 2, 2, 1", "1, 2, 2, 1", "", "f16"),
            ("sum_3d", "add", "1x4x4x4x2", "1x2x2x2x2", "1, 2, 2, 2, 1", "1, 2, 2, 2, 1", "", "f32")]  # fmt: skip
    for name, op, shape, result, window, strides, padding, element in rows:
        pad = f", padding = dense<[[{padding}]]> : tensor<{len(shape.split('x'))}x2xi64>" if padding else ""
        s, r = f"{shape}x{element}", f"{result}x{element}"
        body = (f"%i = stablehlo.constant dense<{COMBINERS[op][1](element)}> : tensor<{element}>\n"
                f'  %r = "stablehlo.reduce_window"(%0, %i) <{{window_dimensions = array<i64: {window}>, window_strides = array<i64: {strides}>{pad}}}> ({{\n'
                f"  ^bb0(%x: tensor<{element}>, %y: tensor<{element}>):\n    %z = stablehlo.{op} %x, %y : tensor<{element}>\n"
                f"    stablehlo.return %z : tensor<{element}>\n  }}) : (tensor<{s}>, tensor<{element}>) -> tensor<{r}>\n  return %r : tensor<{r}>")  # fmt: skip
        length = int(np.prod([int(n) for n in window.split(",")]))
        yield case(f"window_{name}", s, r, body, tolerance=Sums(length) if op == "add" and element in FLOATS else Exact())


def dot(
    name: str, a: Sequence[int], b: Sequence[int], contracting: str, batching: str, einsum: str, element: str = "f32", out: str = ""
) -> Case:
    sizes = dict(zip(einsum.split("->", maxsplit=1)[0].replace(",", ""), (*a, *b), strict=True))
    result = [sizes[c] for c in einsum.split("->")[1]]
    length = int(np.prod([n for c, n in sizes.items() if c not in einsum.split("->")[1]]))
    out = out or element
    s, t, r = text(a, element), text(b, element), text(result, out)
    batch = f"batching_dims = {batching}, " if batching else ""
    body = returning(
        f"stablehlo.dot_general %0, %1, {batch}contracting_dims = {contracting} : (tensor<{s}>, tensor<{t}>) -> tensor<{r}>", r
    )
    exact = element not in FLOATS

    def meaning(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        wide = np.int64 if exact else np.float64
        return np.einsum(einsum, x.astype(wide), y.astype(wide)).astype(DTYPES[out])

    return case(f"dot_{name}_{element}", f"{s} {t}", r, body, tolerance=Exact() if exact else Sums(length, 2), meaning=meaning)


def contractions() -> Iterator[Case]:
    plain, turned, left, both = "[1] x [0]", "[1] x [1]", "[0] x [0]", "[0] x [1]"
    for m, k, n in (
        (1, 1, 1),
        (3, 17, 5),
        (65, 63, 33),
        (1, 129, 64),
        (64, 129, 1),
        (128, 64, 96),
        (17, 1, 17),
        (0, 5, 3),
        (3, 0, 4),
        (3, 5, 0),
    ):
        yield dot(f"{m}x{k}x{n}", (m, k), (k, n), plain, "", "mk,kn->mn")
    for element in ("f16", "bf16", "f64", "i8", "i32", "i64", "ui8"):
        yield dot("9x33x17", (9, 33), (33, 17), plain, "", "mk,kn->mn", element)
    yield dot("widening", (9, 33), (33, 17), plain, "", "mk,kn->mn", "i8", "i32")
    yield dot("widening_float", (9, 33), (33, 17), plain, "", "mk,kn->mn", "f16", "f32")
    yield dot("widening_bfloat", (9, 33), (33, 17), plain, "", "mk,kn->mn", "bf16", "f32")
    yield dot("turned", (19, 33), (17, 33), turned, "", "mk,nk->mn")
    yield dot("left_turned", (33, 19), (33, 17), left, "", "km,kn->mn")
    yield dot("both_turned", (33, 19), (17, 33), both, "", "km,nk->mn")
    yield dot("inner", (129,), (129,), "[0] x [0]", "", "k,k->")
    yield dot("matrix_vector", (33, 129), (129,), plain, "", "mk,k->m")
    yield dot("vector_matrix", (129,), (129, 33), left, "", "k,kn->n")
    yield dot("outer", (5,), (7,), "[] x []", "", "m,n->mn")
    yield dot("batch", (3, 9, 17), (3, 17, 5), "[2] x [1]", "[0] x [0]", "bmk,bkn->bmn")
    yield dot("batch_turned", (3, 9, 17), (3, 5, 17), "[2] x [2]", "[0] x [0]", "bmk,bnk->bmn")
    yield dot("batch_inside", (9, 3, 17), (5, 3, 17), "[2] x [2]", "[1] x [1]", "mbk,nbk->bmn")
    yield dot("two_batches", (2, 3, 9, 8), (2, 3, 8, 5), "[3] x [2]", "[0, 1] x [0, 1]", "abmk,abkn->abmn")
    yield dot("two_contracted", (4, 5, 6), (5, 6, 7), "[1, 2] x [0, 1]", "", "mkl,kln->mn")
    yield dot("two_free", (4, 5, 6), (6, 7), "[2] x [0]", "", "amk,kn->amn")
    yield dot("batch_of_vectors", (6, 9), (6, 9), "[1] x [1]", "[0] x [0]", "bk,bk->b")
    yield dot("only_batch", (6, 9), (6, 9), "[] x []", "[0, 1] x [0, 1]", "ab,ab->ab")


NHWC, NCHW, MIXED = (
    "[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]",
    "[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]",
    "[b, f, 0, 1]x[0, 1, i, o]->[b, 0, 1, f]",
)


def convolution(
    name: str, image: str, kernel: str, result: str, numbers: str, window: str, groups: int = 1, batch: int = 1, element: str = "f32"
) -> Case:
    a, b, r = (f"{shape}x{element}" for shape in (image, kernel, result))
    op = (f"stablehlo.convolution(%0, %1) dim_numbers = {numbers}, window = {{{window}}} {{batch_group_count = {batch} : i64,"
          f" feature_group_count = {groups} : i64}} : (tensor<{a}>, tensor<{b}>) -> tensor<{r}>")  # fmt: skip
    length = int(np.prod([int(n) for n in kernel.split("x")]))
    meaning = _by_batch_groups(batch) if batch > 1 else None
    return case(
        f"convolution_{name}", f"{a} {b}", r, returning(op, r), tolerance=Sums(length, 2) if element in FLOATS else Exact(), meaning=meaning
    )


def _by_batch_groups(groups: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Each group of the batch convolved with the kernels of its own outputs; channels first or last by the shape of the kernel."""

    def compute(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        last = kernel.shape[2] == image.shape[3]
        x = np.moveaxis(image, 3, 1) if last else image
        k = kernel.transpose(3, 2, 0, 1) if last else kernel
        parts = []
        for part, own in zip(np.split(x, groups), np.split(k, groups), strict=True):
            windows = np.lib.stride_tricks.sliding_window_view(part, k.shape[2:], (2, 3))
            parts.append(np.einsum("bfhwij,ofij->bohw", windows.astype(np.float64), own))
        result = np.concatenate(parts, 1).astype(image.dtype)
        return np.moveaxis(result, 1, 3) if last else result

    return compute


def convolutions() -> Iterator[Case]:
    yield convolution("nhwc", "2x8x9x3", "3x3x3x4", "2x6x7x4", NHWC, "")
    yield convolution("nhwc_same", "1x9x9x17", "3x3x17x33", "1x9x9x33", NHWC, "pad = [[1, 1], [1, 1]]")
    yield convolution("nhwc_stride", "1x17x17x4", "3x3x4x8", "1x8x8x8", NHWC, "stride = [2, 2]")
    yield convolution("nchw", "2x3x8x9", "4x3x3x3", "2x4x8x9", NCHW, "pad = [[1, 1], [1, 1]]")
    yield convolution("nchw_stride", "1x3x9x9", "4x3x3x3", "1x4x5x4", NCHW, "stride = [2, 2], pad = [[1, 1], [0, 0]]")
    yield convolution("one_by_one", "1x16x7x7", "33x16x1x1", "1x33x7x7", NCHW, "")
    yield convolution("dilated", "1x3x9x9", "4x3x3x3", "1x4x5x5", NCHW, "rhs_dilate = [2, 2]")
    yield convolution("spread", "1x3x4x4", "2x3x3x3", "1x2x7x7", NCHW, "pad = [[1, 1], [1, 1]], lhs_dilate = [2, 2]")
    yield convolution("cut", "1x3x9x9", "2x3x3x3", "1x2x5x6", NCHW, "pad = [[-1, -1], [-1, 0]]")
    yield convolution("reversed", "1x3x6x6", "2x3x3x3", "1x2x4x4", NCHW, "reverse = [true, true]")
    yield convolution("depthwise", "1x4x6x6", "4x1x3x3", "1x4x4x4", NCHW, "", 4)
    yield convolution("depthwise_nhwc", "1x9x9x17", "3x3x1x17", "1x9x9x17", NHWC, "pad = [[1, 1], [1, 1]]", 17)
    yield convolution("depthwise_stride_nhwc", "1x9x9x16", "3x3x1x16", "1x5x5x16", NHWC, "stride = [2, 2], pad = [[1, 1], [1, 1]]", 16)
    yield convolution("depthwise_times_two", "1x4x6x6", "8x1x3x3", "1x8x4x4", NCHW, "", 4)
    yield convolution("grouped", "1x4x6x6", "6x2x3x3", "1x6x4x4", NCHW, "", 2)
    yield convolution("batch_grouped", "4x3x6x6", "6x3x3x3", "2x6x4x4", NCHW, "", 1, 2)
    yield convolution("batch_grouped_nhwc", "6x6x5x2", "3x2x2x6", "3x4x4x6", NHWC, "", 1, 2)
    yield convolution("1d", "2x3x9", "4x3x3", "2x4x7", "[b, f, 0]x[o, i, 0]->[b, f, 0]", "")
    yield convolution("3d", "1x2x5x5x5", "3x2x2x3x2", "1x3x4x3x4", "[b, f, 0, 1, 2]x[o, i, 0, 1, 2]->[b, f, 0, 1, 2]", "")
    yield convolution("mixed", "2x3x8x9", "3x3x3x4", "2x6x7x4", MIXED, "")
    yield convolution("stem", "1x3x17x17", "8x3x7x7", "1x8x9x9", NCHW, "stride = [2, 2], pad = [[3, 3], [3, 3]]")
    yield convolution("empty_batch", "0x3x8x8", "4x3x3x3", "0x4x6x6", NCHW, "")
    for element in ("f16", "bf16", "f64", "i32", "i8"):
        yield convolution(f"nhwc_{element}", "1x5x6x3", "3x3x3x4", "1x3x4x4", NHWC, "", element=element)


CASES = [*reductions(), *arg_reductions(), *windows(), *contractions(), *convolutions()]
