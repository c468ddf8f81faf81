# ruff: noqa: E501
"""Ops that only move elements: bit-equal to numpy for every shape, also the empty ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from operator_cases.case import DTYPES, Between, Case, case, edges, plain, returning

ELEMENTS = ("f32", "i1", "i8", "i16", "i64", "f16", "bf16", "f64", "ui8")


def text(shape: Sequence[int], element: str = "f32") -> str:
    return "x".join([*map(str, shape), element])


def label(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def broadcasts() -> Iterator[Case]:
    rows = [((), (), ()), ((), (0,), ()), ((), (3, 17), ()), ((1,), (5,), (0,)), ((5,), (5, 3), (0,)), ((5,), (3, 5), (1,)),
            ((1, 5), (3, 5), (0, 1)), ((5, 1), (5, 65), (0, 1)), ((3, 1, 17), (2, 3, 63, 17), (1, 2, 3)), ((4, 5), (5, 4), (1, 0)),
            ((0, 3), (2, 0, 3), (1, 2)), ((1, 1), (0, 7), (0, 1)), ((2, 3), (2, 4, 3, 5), (0, 2)), ((129,), (3, 129, 2), (1,))]  # fmt: skip
    for i, (shape, result, dims) in enumerate(rows):
        element = ELEMENTS[i % len(ELEMENTS)]
        s, r = text(shape, element), text(result, element)
        body = returning(f"stablehlo.broadcast_in_dim %0, dims = {list(dims)} : (tensor<{s}>) -> tensor<{r}>", r)

        def meaning(a: np.ndarray, shape=shape, result=result, dims=dims) -> np.ndarray:
            order = np.argsort(dims, kind="stable")
            full = [1] * len(result)
            for d, n in zip(dims, shape, strict=True):
                full[d] = n
            return np.broadcast_to(a.transpose(order).reshape(full), result)

        yield case(f"broadcast_{i}_{label(shape)}_to_{label(result)}_{element}", s, r, body, fill=edges, meaning=meaning)


def transposes() -> Iterator[Case]:
    rows = [((), ()), ((7,), (0,)), ((3, 5), (1, 0)), ((64, 64), (1, 0)), ((63, 65), (1, 0)), ((1, 17), (1, 0)), ((0, 4), (1, 0)),
            ((2, 3, 4), (2, 0, 1)), ((2, 3, 4), (0, 2, 1)), ((17, 3, 33), (1, 2, 0)), ((2, 3, 4, 5), (0, 2, 1, 3)),
            ((2, 3, 4, 5), (3, 2, 1, 0)), ((3, 8, 8, 5), (0, 3, 1, 2)), ((2, 1, 3, 1, 4), (4, 3, 2, 1, 0)), ((129, 2), (1, 0))]  # fmt: skip
    for i, (shape, order) in enumerate(rows):
        for element in (ELEMENTS[i % len(ELEMENTS)], ELEMENTS[(i + 4) % len(ELEMENTS)]):
            s, r = text(shape, element), text([shape[d] for d in order], element)
            body = returning(f"stablehlo.transpose %0, dims = {list(order)} : (tensor<{s}>) -> tensor<{r}>", r)
            yield case(f"transpose_{i}_{label(shape)}_{element}", s, r, body, meaning=lambda a, order=order: a.transpose(order))


def reshapes() -> Iterator[Case]:
    rows = [((), (1, 1)), ((1,), ()), ((12,), (3, 4)), ((3, 4), (12,)), ((2, 3, 4), (4, 3, 2)), ((0, 5), (5, 0)), ((0,), (3, 0, 2)),
            ((6, 35), (10, 21)), ((1, 17, 1), (17,)), ((2, 1, 3), (2, 3))]  # fmt: skip
    for i, (shape, result) in enumerate(rows):
        element = ELEMENTS[i % len(ELEMENTS)]
        s, r = text(shape, element), text(result, element)
        body = returning(f"stablehlo.reshape %0 : (tensor<{s}>) -> tensor<{r}>", r)
        yield case(f"reshape_{i}_{label(shape)}_{label(result)}_{element}", s, r, body, meaning=lambda a, result=result: a.reshape(result))


def slices() -> Iterator[Case]:
    rows: list[tuple[tuple[int, ...], tuple[tuple[int, int, int], ...]]] = [
        ((9,), ((0, 9, 1),)), ((9,), ((3, 3, 1),)), ((9,), ((2, 9, 3),)), ((9,), ((8, 9, 1),)), ((5, 7), ((1, 4, 1), (0, 7, 1))),
        ((5, 7), ((0, 5, 2), (1, 7, 3))), ((5, 7), ((2, 2, 1), (0, 7, 1))), ((17, 33), ((3, 17, 1), (1, 33, 2))),
        ((0, 4), ((0, 0, 1), (1, 3, 1))), ((2, 3, 65), ((1, 2, 1), (0, 3, 2), (1, 64, 1))), ((3, 4, 5), ((0, 3, 1), (0, 4, 1), (4, 5, 1))),
    ]  # fmt: skip
    for i, (shape, ranges) in enumerate(rows):
        element = ELEMENTS[i % len(ELEMENTS)]
        result = [-(-(stop - start) // step) for start, stop, step in ranges]
        s, r = text(shape, element), text(result, element)
        spelled = ", ".join(f"{a}:{b}:{c}" for a, b, c in ranges)
        body = returning(f"stablehlo.slice %0 [{spelled}] : (tensor<{s}>) -> tensor<{r}>", r)
        yield case(f"slice_{i}_{label(shape)}_{element}", s, r, body, meaning=lambda a, ranges=ranges: a[tuple(slice(*x) for x in ranges)])


def pad_meaning(a: np.ndarray, value: np.ndarray, low: Sequence[int], high: Sequence[int], interior: Sequence[int]) -> np.ndarray:
    if not a.ndim:
        return a
    spaced = np.full([n + max(n - 1, 0) * i for n, i in zip(a.shape, interior, strict=True)], value, a.dtype)
    spaced[tuple(slice(None, None, i + 1) for i in interior)] = a
    grown = np.pad(spaced, [(max(x, 0), max(y, 0)) for x, y in zip(low, high, strict=True)], constant_values=value)
    return grown[tuple(slice(max(-x, 0), n - max(-y, 0)) for x, y, n in zip(low, high, grown.shape, strict=True))]


def pads() -> Iterator[Case]:
    rows = [((5,), (0,), (0,), (0,)), ((5,), (2,), (3,), (0,)), ((5,), (-2,), (1,), (0,)), ((5,), (0,), (0,), (3,)), ((5,), (-1,), (-1,), (2,)),
            ((5,), (-3,), (-2,), (0,)), ((0,), (2,), (1,), (0,)), ((0,), (2,), (1,), (4,)), ((1,), (0,), (0,), (5,)), ((), (), (), ()),
            ((3, 5), (1, 0), (0, 2), (0, 0)), ((3, 5), (0, -1), (2, 1), (1, 0)), ((3, 5), (-1, -2), (-1, -1), (2, 3)),
            ((2, 0), (1, 1), (1, 1), (0, 1)), ((17, 33), (3, 1), (1, 4), (0, 0)), ((2, 3, 4), (0, 1, 0), (1, 1, 0), (0, 0, 1)),
            ((1, 3, 8, 8), (0, 0, 1, 1), (0, 0, 1, 1), (0, 0, 0, 0))]  # fmt: skip
    for i, (shape, low, high, interior) in enumerate(rows):
        element = ELEMENTS[i % len(ELEMENTS)]
        result = [n + x + y + max(n - 1, 0) * m for n, x, y, m in zip(shape, low, high, interior, strict=True)]
        s, r = text(shape, element), text(result, element)
        op = f"stablehlo.pad %0, %1, low = {list(low)}, high = {list(high)}, interior = {list(interior)}"
        yield case(f"pad_{i}_{label(shape)}_{element}", f"{s} {element}", r, returning(f"{op} : (tensor<{s}>, tensor<{element}>) -> tensor<{r}>", r),
                   meaning=lambda a, v, x=low, y=high, m=interior: pad_meaning(a, v, x, y, m))  # fmt: skip


def concatenations() -> Iterator[Case]:
    rows = [([(3,), (4,)], 0), ([(3,)], 0), ([(0,), (4,), (0,)], 0), ([(2, 3), (2, 5), (2, 1)], 1), ([(2, 3), (4, 3)], 0),
            ([(17, 1), (17, 64)], 1), ([(0, 3), (0, 3)], 1), ([(1, 2, 3), (1, 2, 3), (1, 2, 3)], 1), ([(2, 3, 4), (2, 3, 1)], 2)]  # fmt: skip
    for i, (shapes, axis) in enumerate(rows):
        element = ELEMENTS[i % len(ELEMENTS)]
        types = [text(shape, element) for shape in shapes]
        result = list(shapes[0])
        result[axis] = sum(shape[axis] for shape in shapes)
        r = text(result, element)
        operands = ", ".join(f"%{n}" for n in range(len(shapes)))
        op = f"stablehlo.concatenate {operands}, dim = {axis} : ({', '.join(f'tensor<{t}>' for t in types)}) -> tensor<{r}>"
        yield case(
            f"concatenate_{i}_{element}", " ".join(types), r, returning(op, r), meaning=lambda *a, axis=axis: np.concatenate(a, axis)
        )


def reverses_and_iotas() -> Iterator[Case]:
    for i, (shape, dims) in enumerate([((5,), (0,)), ((3, 4), (1,)), ((3, 4), (0, 1)), ((0, 3), (1,)), ((2, 3, 17), (0, 2)), ((3,), ())]):
        element = ELEMENTS[i % len(ELEMENTS)]
        t = text(shape, element)
        yield case(f"reverse_{i}_{element}", t, t, returning(f"stablehlo.reverse %0, dims = {list(dims)} : tensor<{t}>", t),
                   meaning=lambda a, dims=dims: np.flip(a, dims))  # fmt: skip
    for element in ("i8", "i16", "i32", "i64", "ui8", "ui32", "f16", "bf16", "f32", "f64"):
        t = text((3, 17), element)
        yield case(f"iota_{element}", "", f"{t} {t}", f"%r = stablehlo.iota dim = 1 : tensor<{t}>\n  %s = stablehlo.iota dim = 0 : tensor<{t}>\n"
                   f"  return %r, %s : tensor<{t}>, tensor<{t}>",
                   meaning=lambda element=element: tuple(np.indices((3, 17)).astype(DTYPES[element])[::-1]))  # fmt: skip
    yield case(
        "iota_empty", "", "0xi32", returning("stablehlo.iota dim = 0 : tensor<0xi32>", "0xi32"), meaning=lambda: np.zeros(0, np.int32)
    )


def dynamic_slices() -> Iterator[Case]:
    rows = [((9,), (4,)), ((9,), (9,)), ((5, 7), (2, 3)), ((5, 7), (5, 1)), ((17, 33), (3, 17)), ((2, 3, 4), (1, 3, 2)), ((5, 7), (0, 3))]
    for i, (shape, sizes) in enumerate(rows):
        for index in ("i32", "i64"):
            element = ELEMENTS[i % len(ELEMENTS)]
            s, r = text(shape, element), text(sizes, element)
            starts = [f"%{n + 1}" for n in range(len(shape))]
            types = ", ".join([f"tensor<{s}>", *[f"tensor<{index}>"] * len(shape)])
            op = f"stablehlo.dynamic_slice %0, {', '.join(starts)}, sizes = {list(sizes)} : ({types}) -> tensor<{r}>"

            def meaning(a: np.ndarray, *starts: np.ndarray, sizes=sizes) -> np.ndarray:
                return a[clamped(a.shape, sizes, starts)]

            yield case(f"dynamic_slice_{i}_{index}", " ".join([s, *[index] * len(shape)]), r, returning(op, r), fill=starting(shape),
                       meaning=meaning)  # fmt: skip
            types = ", ".join([f"tensor<{s}>", f"tensor<{r}>", *[f"tensor<{index}>"] * len(shape)])
            starts = [f"%{n + 2}" for n in range(len(shape))]
            op = f"stablehlo.dynamic_update_slice %0, %1, {', '.join(starts)} : ({types}) -> tensor<{s}>"

            def update(a: np.ndarray, b: np.ndarray, *starts: np.ndarray, sizes=sizes) -> np.ndarray:
                result = a.copy()
                result[clamped(a.shape, sizes, starts)] = b
                return result

            yield case(f"dynamic_update_slice_{i}_{index}", " ".join([s, r, *[index] * len(shape)]), s, returning(op, s),
                       fill=(plain, *starting(shape)), meaning=update)  # fmt: skip


def starting(shape: Sequence[int]) -> tuple:
    """Starts from before the first element to beyond the last one."""
    return (plain, *(Between(-3, n + 3) for n in shape))


def clamped(shape: Sequence[int], sizes: Sequence[int], starts: Sequence[np.ndarray]) -> tuple[slice, ...]:
    first = [int(np.clip(int(s), 0, n - m)) for s, n, m in zip(starts, shape, sizes, strict=True)]
    return tuple(slice(f, f + m) for f, m in zip(first, sizes, strict=True))


def gathers() -> Iterator[Case]:
    rows: list[tuple[str, str, str, str, str, str, Callable[..., np.ndarray]]] = [
        ("rows", "10x4xf32", "5xi32", "5x4xf32", "offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1", "1, 4",
         lambda a, i: a[np.clip(i, 0, 9)]),
        ("rows_i64_of_bf16", "10x17xbf16", "3x2xi64", "3x2x17xbf16",
         "offset_dims = [2], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 2", "1, 17", lambda a, i: a[np.clip(i, 0, 9)]),
        ("columns", "3x10xi8", "4xi32", "3x4xi8", "offset_dims = [0], collapsed_slice_dims = [1], start_index_map = [1], index_vector_dim = 1", "3, 1",
         lambda a, i: a[:, np.clip(i, 0, 9)]),
        ("points", "6x7xf32", "5x2xi32", "5xf32", "collapsed_slice_dims = [0, 1], start_index_map = [0, 1], index_vector_dim = 1", "1, 1",
         lambda a, i: a[np.clip(i[:, 0], 0, 5), np.clip(i[:, 1], 0, 6)]),
        ("slices", "6x7xf64", "3x2xi64", "3x2x4xf64", "offset_dims = [1, 2], start_index_map = [1, 0], index_vector_dim = 1", "2, 4",
         lambda a, i: np.stack([a[r : r + 2, c : c + 4] for c, r in zip(np.clip(i[:, 0], 0, 3), np.clip(i[:, 1], 0, 4), strict=True)])),
        ("none", "6x7xf32", "0xi32", "0x7xf32", "offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1", "1, 7",
         lambda a, i: a[:0]),
        ("one", "6x7xf32", "i32", "7xf32", "offset_dims = [0], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 0", "1, 7",
         lambda a, i: a[np.clip(i, 0, 5)]),
        ("batched", "3x6x7xf32", "3x4xi32", "3x4x7xf32",
         "offset_dims = [2], collapsed_slice_dims = [1], operand_batching_dims = [0], start_indices_batching_dims = [0], start_index_map = [1],"
         " index_vector_dim = 2", "1, 1, 7", lambda a, i: np.stack([x[np.clip(j, 0, 5)] for x, j in zip(a, i, strict=True)])),
    ]  # fmt: skip
    for name, operand, indices, result, numbers, sizes, meaning in rows:
        op = (f'"stablehlo.gather"(%0, %1) <{{dimension_numbers = #stablehlo.gather<{numbers}>, slice_sizes = array<i64: {sizes}>}}>'
              f" : (tensor<{operand}>, tensor<{indices}>) -> tensor<{result}>")  # fmt: skip
        yield case(f"gather_{name}", f"{operand} {indices}", result, returning(op, result), fill=(plain, Between(-3, 12)), meaning=meaning)


# where update `u` of a scatter goes: (indices, place of the update) -> place in the operand
SCATTERED: dict[str, Callable[[np.ndarray, tuple[int, ...]], tuple[int, ...]]] = {
    "rows": lambda i, u: (int(i[u[0], 0]), u[1]),
    "rows_ui8": lambda i, u: (int(i[u[0], 0]), u[1]),
    "rows_flat": lambda i, u: (int(i[u[0]]), u[1]),
    "points": lambda i, u: (int(i[u[0], 0]), int(i[u[0], 1])),
    "windows": lambda i, u: (int(i[u[0], 0]) + u[1], int(i[u[0], 1]) + u[2]),
    "columns": lambda i, u: (u[0], int(i[u[1], 0])),
    "batched": lambda i, u: (u[0], int(i[u[0], u[1], 0]), u[2]),
}
COMBINED: dict[str | None, Callable[[np.generic, np.generic], np.generic]] = {
    "add": lambda old, new: old + new,
    "maximum": max,
    None: lambda old, new: new,
}  # pyright: ignore[reportAssignmentType]


def _scattered(place: Callable[..., tuple[int, ...]], combine: str | None) -> Callable[..., np.ndarray]:
    def compute(a: np.ndarray, indices: np.ndarray, updates: np.ndarray) -> np.ndarray:
        result = a.copy()
        for u in np.ndindex(updates.shape):
            at = place(indices, u)
            if all(0 <= x < n for x, n in zip(at, a.shape, strict=True)):
                result[at] = COMBINED[combine](result[at], updates[u])
        return result

    return compute


def scatters() -> Iterator[Case]:
    rows = [("rows", "8x4", "3x1xi32", "3x4", "update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1"),
            ("rows_flat", "8x4", "3xi64", "3x4", "update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1"),
            ("points", "5x6", "7x2xi32", "7", "inserted_window_dims = [0, 1], scatter_dims_to_operand_dims = [0, 1], index_vector_dim = 1"),
            ("windows", "6x7", "2x2xi32", "2x2x3", "update_window_dims = [1, 2], scatter_dims_to_operand_dims = [0, 1], index_vector_dim = 1"),
            ("columns", "3x9", "4x1xi32", "3x4", "update_window_dims = [0], inserted_window_dims = [1], scatter_dims_to_operand_dims = [1], index_vector_dim = 1"),
            ("rows_ui8", "8x4", "3x1xui8", "3x4", "update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1"),
            ("batched", "3x6x2", "3x4x1xi64", "3x4x2", "update_window_dims = [2], inserted_window_dims = [1], input_batching_dims = [0], scatter_indices_batching_dims = [0], scatter_dims_to_operand_dims = [1], index_vector_dim = 2"),
            ("window_first", "4x7", "3xi32", "2x3", "update_window_dims = [0], inserted_window_dims = [1], scatter_dims_to_operand_dims = [1], index_vector_dim = 1"),
            ("none", "5x6", "0x1xi32", "0x6", "update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1")]  # fmt: skip
    for name, operand, indices, updates, numbers in rows:
        for element, combine in (("f32", "add"), ("i32", "add"), ("i32", "maximum"), ("f32", None)):
            a, u = f"{operand}x{element}", f"{updates}x{element}"
            if combine:
                region = f"%z = stablehlo.{combine} %x, %y : tensor<{element}>\n    stablehlo.return %z : tensor<{element}>"
            else:
                region = f"stablehlo.return %y : tensor<{element}>"
            op = (f'"stablehlo.scatter"(%0, %1, %2) <{{scatter_dimension_numbers = #stablehlo.scatter<{numbers}>, unique_indices = false}}> ({{\n'
                  f"  ^bb0(%x: tensor<{element}>, %y: tensor<{element}>):\n    {region}\n  }})"
                  f" : (tensor<{a}>, tensor<{indices}>, tensor<{u}>) -> tensor<{a}>")  # fmt: skip
            yield case(f"scatter_{name}_{element}_{combine or 'assign'}", f"{a} {indices} {u}", a, returning(op, a),
                       fill=(plain, edges if "u" in indices else Between(-2, 8), plain),
                       meaning=SCATTERED.get(name) and _scattered(SCATTERED[name], combine))  # fmt: skip


def sorts() -> Iterator[Case]:
    for shape, axis in (((17,), 0), ((5, 9), 1), ((5, 9), 0), ((3, 1), 1), ((0, 4), 1), ((2, 33, 2), 1)):
        for element, direction in (("i32", "LT"), ("f32", "GT"), ("i8", "GT"), ("ui8", "LT"), ("f64", "LT")):
            t = text(shape, element)
            op = (f'"stablehlo.sort"(%0) <{{dimension = {axis} : i64, is_stable = true}}> ({{\n  ^bb0(%x: tensor<{element}>, %y: tensor<{element}>):\n'
                  f"    %c = stablehlo.compare {direction}, %x, %y : (tensor<{element}>, tensor<{element}>) -> tensor<i1>\n"
                  f"    stablehlo.return %c : tensor<i1>\n  }}) : (tensor<{t}>) -> tensor<{t}>")  # fmt: skip
            yield case(f"sort_{label(shape)}_{axis}_{element}_{direction}", t, t, returning(op, t),
                       meaning=lambda a, axis=axis, up=direction == "LT": np.sort(a, axis) if up else np.flip(np.sort(a, axis), axis))  # fmt: skip
    t, i = "3x17xf32", "3x17xi32"
    yield case("argsort", t, f"{t} {i}",
               f"%i = stablehlo.iota dim = 1 : tensor<{i}>\n"
               f'  %r:2 = "stablehlo.sort"(%0, %i) <{{dimension = 1 : i64, is_stable = true}}> ({{\n'
               "  ^bb0(%x: tensor<f32>, %y: tensor<f32>, %p: tensor<i32>, %q: tensor<i32>):\n"
               "    %c = stablehlo.compare LT, %x, %y : (tensor<f32>, tensor<f32>) -> tensor<i1>\n    stablehlo.return %c : tensor<i1>\n"
               f"  }}) : (tensor<{t}>, tensor<{i}>) -> (tensor<{t}>, tensor<{i}>)\n  return %r#0, %r#1 : tensor<{t}>, tensor<{i}>",
               meaning=lambda a: (np.sort(a, 1), np.argsort(a, 1, kind="stable").astype(np.int32)))  # fmt: skip


CASES = [*broadcasts(), *transposes(), *reshapes(), *slices(), *pads(), *concatenations(), *reverses_and_iotas(), *dynamic_slices(),
         *gathers(), *scatters(), *sorts()]  # fmt: skip
