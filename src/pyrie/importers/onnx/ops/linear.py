"""Products of matrices."""

from __future__ import annotations

from pyrie.dialects import stablehlo as hlo
from pyrie.importers.onnx.builder import Builder, require_rank
from pyrie.importers.onnx.registry import onnx_op
from pyrie.importers.onnx.values import Value


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
