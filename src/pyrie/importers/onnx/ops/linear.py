"""Products of matrices."""

from __future__ import annotations

from pyrie.dialects import stablehlo as hlo
from pyrie.importers.onnx.builder import Builder, require_rank
from pyrie.importers.onnx.registry import onnx_op
from pyrie.importers.onnx.values import Value
from pyrie.support.errors import UnsupportedError


@onnx_op("MatMul", since=1)
def matmul(b: Builder, x: Value, y: Value) -> Value:
    """As numpy: leading dimensions broadcast, vectors are rows or columns that vanish again."""
    require_rank(x, 1, "the left operand")
    require_rank(y, 1, "the right operand")
    if x.rank == 1:
        squeezed = matmul(b, b.reshape(x, [1, *x.sizes]), y)
        return b.reshape(squeezed, [*squeezed.sizes[:-2], *squeezed.sizes[-1:]] if y.rank > 1 else squeezed.sizes[1:])
    if y.rank == 1:
        numbers = {"lhs_contracting_dimensions": [x.rank - 1], "rhs_contracting_dimensions": [0]}
        return b.dot(x, y, numbers, x.sizes[:-1])
    if y.rank == 2:  # one matrix for all: no batch
        numbers = {"lhs_contracting_dimensions": [x.rank - 1], "rhs_contracting_dimensions": [0]}
        if x.rank == 2:
            return b.dot(x, y, numbers, [*x.sizes[:-1], y.sizes[1]])
        rows = b.reshape(x, [b.product(x.sizes[:-1]), x.sizes[-1]])
        flat = b.dot(rows, y, {"lhs_contracting_dimensions": [1], "rhs_contracting_dimensions": [0]}, [rows.sizes[0], y.sizes[1]])
        return b.reshape(flat, [*x.sizes[:-1], y.sizes[1]])
    batch = b.broadcast_sizes(x.sizes[:-2], y.sizes[:-2])
    x, y = b.broadcast(x, (*batch, *x.sizes[-2:])), b.broadcast(y, (*batch, *y.sizes[-2:]))
    count = b.product(batch)
    left, right = b.reshape(x, [count, *x.sizes[-2:]]), b.reshape(y, [count, *y.sizes[-2:]])
    numbers = {
        "lhs_batching_dimensions": [0],
        "rhs_batching_dimensions": [0],
        "lhs_contracting_dimensions": [2],
        "rhs_contracting_dimensions": [1],
    }
    product = b.dot(left, right, numbers, [count, x.sizes[-2], y.sizes[-1]])
    return b.reshape(product, [*batch, x.sizes[-2], y.sizes[-1]])


@onnx_op("Einsum", since=12)
def einsum(b: Builder, *operands: Value, equation: str) -> Value:
    """Operands one after the other: what only one has is summed, what both have is batched or contracted."""
    text = equation.replace(" ", "")
    left, arrow, output = text.partition("->")
    terms = left.split(",")
    if "." in text or len(terms) != len(operands) or any(len(set(term)) != len(term) for term in terms):
        raise UnsupportedError(f"the equation '{equation}' is not supported", hint="supported: letters, each once in an operand")
    if not arrow:
        letters = "".join(terms)
        output = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    result, names = operands[0], terms[0]
    for i in range(1, len(operands)):
        needed = set(output).union(*terms[i + 1 :])
        result, names = contracted(b, result, names, operands[i], terms[i], needed)
    result, names = summed(b, result, names, set(output))
    return b.transpose(result, [names.index(c) for c in output])


def summed(b: Builder, x: Value, names: str, needed: set[str]) -> tuple[Value, str]:
    """Sums over the dimensions that nobody needs."""
    axes = [i for i, c in enumerate(names) if c not in needed]
    return (b.reduce(hlo.AddOp, x, 0, axes), "".join(c for c in names if c in needed)) if axes else (x, names)


def contracted(b: Builder, x: Value, xs: str, y: Value, ys: str, needed: set[str]) -> tuple[Value, str]:
    x, xs = summed(b, x, xs, needed | set(ys))
    y, ys = summed(b, y, ys, needed | set(xs))
    batch = [c for c in xs if c in ys and c in needed]
    inner = [c for c in xs if c in ys and c not in needed]
    names = "".join([*batch, *(c for c in xs if c not in ys), *(c for c in ys if c not in xs)])
    sizes = {**dict(zip(ys, y.sizes, strict=True)), **dict(zip(xs, x.sizes, strict=True))}
    numbers = {
        "lhs_batching_dimensions": [xs.index(c) for c in batch],
        "rhs_batching_dimensions": [ys.index(c) for c in batch],
        "lhs_contracting_dimensions": [xs.index(c) for c in inner],
        "rhs_contracting_dimensions": [ys.index(c) for c in inner],
    }
    return b.dot(x, y, numbers, [sizes[c] for c in names]), names


@onnx_op("Gemm", since=7)
def gemm(
    b: Builder, x: Value, w: Value, c: Value | None = None, *, alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0
) -> Value:
    """alpha * x @ w + beta * c."""
    sizes = [x.sizes[1 if transA else 0], w.sizes[0 if transB else 1]]
    numbers = {"lhs_contracting_dimensions": [0 if transA else 1], "rhs_contracting_dimensions": [1 if transB else 0]}
    product = b.dot(x, w, numbers, sizes)
    if alpha != 1.0:
        product = b.binary(hlo.MultiplyOp, product, alpha)
    if c is None or beta == 0.0:
        return product
    return b.binary(hlo.AddOp, product, c if beta == 1.0 else b.binary(hlo.MultiplyOp, c, beta))
