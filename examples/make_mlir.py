"""Writes the StableHLO examples that carry weights (`mlp.mlir`, `transformer_block.mlir`), with fixed seeds.

python examples/make_mlir.py            # rewrites both files beside this script
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
BLOB_ALIGNMENT = 64


def tensor(*shape: int, of: str = "f32") -> str:
    return "tensor<" + "".join(f"{d}x" for d in shape) + f"{of}>"


@dataclass
class Writer:
    """Collects the lines of one function; `constant` puts small arrays inline and large ones in the resource section."""

    seed: int
    lines: list[str] = field(default_factory=list)
    blobs: dict[str, np.ndarray] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def emit(self, text: str) -> str:
        name = f"%{self.count}"
        self.count += 1
        self.lines.append(f"  {name} = {text}")
        return name

    def weight(self, name: str, *shape: int) -> str:
        scale = 1.0 / np.sqrt(shape[0])
        self.blobs[name] = (self.random.standard_normal(shape) * scale).astype(np.float32)
        return self.emit(f"stablehlo.constant dense_resource<{name}> : {tensor(*shape)}")

    def scalar(self, value: float) -> str:
        return self.emit(f"stablehlo.constant dense<{value:.9e}> : tensor<f32>")

    def broadcast(self, value: str, dims: list[int], source: tuple[int, ...], target: tuple[int, ...]) -> str:
        return self.emit(f"stablehlo.broadcast_in_dim {value}, dims = {dims} : ({tensor(*source)}) -> {tensor(*target)}")

    def binary(self, op: str, a: str, b: str, shape: tuple[int, ...]) -> str:
        return self.emit(f"stablehlo.{op} {a}, {b} : {tensor(*shape)}")

    def unary(self, op: str, a: str, shape: tuple[int, ...]) -> str:
        return self.emit(f"stablehlo.{op} {a} : {tensor(*shape)}")

    def dot(self, a: str, b: str, sa: tuple[int, ...], sb: tuple[int, ...], batch: int, ca: int, cb: int) -> tuple[str, tuple[int, ...]]:
        batching = list(range(batch))
        out = tuple(sa[i] for i in batching) + tuple(d for i, d in enumerate(sa) if i not in (*batching, ca))
        out += tuple(d for i, d in enumerate(sb) if i not in (*batching, cb))
        dims = f"batching_dims = {batching} x {batching}, " if batch else ""
        text = f"stablehlo.dot_general {a}, {b}, {dims}contracting_dims = [{ca}] x [{cb}]"
        return self.emit(f"{text} : ({tensor(*sa)}, {tensor(*sb)}) -> {tensor(*out)}"), out

    def reduce(self, op: str, a: str, init: str, dim: int, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
        out = tuple(d for i, d in enumerate(shape) if i != dim)
        text = f"stablehlo.reduce({a} init: {init}) applies stablehlo.{op} across dimensions = [{dim}]"
        return self.emit(f"{text} : ({tensor(*shape)}, tensor<f32>) -> {tensor(*out)}"), out

    def linear(self, name: str, x: str, shape: tuple[int, ...], units: int) -> tuple[str, tuple[int, ...]]:
        w, b = self.weight(f"{name}_weight", shape[-1], units), self.weight(f"{name}_bias", units)
        y, out = self.dot(x, w, shape, (shape[-1], units), 0, len(shape) - 1, 0)
        return self.binary("add", y, self.broadcast(b, [len(out) - 1], (units,), out), out), out

    def module(self, comment: str, signature: str, results: str) -> str:
        resources = ",\n".join(
            f'      {name}: "0x{BLOB_ALIGNMENT.to_bytes(4, "little").hex().upper()}{a.tobytes().hex().upper()}"'
            for name, a in self.blobs.items()
        )
        body = "\n".join(self.lines)
        return (
            f"// {comment}\nfunc.func {signature} {{\n{body}\n  {results}\n}}\n\n"
            f"{{-#\n  dialect_resources: {{\n    builtin: {{\n{resources}\n    }}\n  }}\n#-}}\n"
        )


def mlp() -> str:
    """64-64-10 perceptron over a batch of 4: two matmuls, bias, relu."""
    w = Writer(seed=1)
    x, shape = w.linear("hidden", "%x", (4, 64), 64)
    zero = w.scalar(0.0)
    x = w.binary("maximum", x, w.broadcast(zero, [], (), shape), shape)
    x, shape = w.linear("output", x, shape, 10)
    return w.module(mlp.__doc__ or "", f"@main(%x: {tensor(4, 64)}) -> {tensor(*shape)}", f"return {x} : {tensor(*shape)}")


def layer_norm(w: Writer, name: str, x: str, shape: tuple[int, int]) -> str:
    columns = shape[1]
    zero, count, epsilon = w.scalar(0.0), w.scalar(float(columns)), w.scalar(1e-5)
    total, reduced = w.reduce("add", x, zero, 1, shape)
    mean = w.binary("divide", total, w.broadcast(count, [], (), reduced), reduced)
    centred = w.binary("subtract", x, w.broadcast(mean, [0], reduced, shape), shape)
    squares, _ = w.reduce("add", w.binary("multiply", centred, centred, shape), zero, 1, shape)
    variance = w.binary("divide", squares, w.broadcast(count, [], (), reduced), reduced)
    scale = w.unary("rsqrt", w.binary("add", variance, w.broadcast(epsilon, [], (), reduced), reduced), reduced)
    normal = w.binary("multiply", centred, w.broadcast(scale, [0], reduced, shape), shape)
    gamma, beta = (w.broadcast(w.weight(f"{name}_{part}", columns), [1], (columns,), shape) for part in ("gamma", "beta"))
    return w.binary("add", w.binary("multiply", normal, gamma, shape), beta, shape)


def attention(w: Writer, x: str, shape: tuple[int, int], heads: int) -> str:
    rows, columns = shape
    size = columns // heads

    def project(name: str) -> str:
        y, out = w.linear(name, x, shape, columns)
        split = w.emit(f"stablehlo.reshape {y} : ({tensor(*out)}) -> {tensor(rows, heads, size)}")
        return w.emit(f"stablehlo.transpose {split}, dims = [1, 0, 2] : ({tensor(rows, heads, size)}) -> {tensor(heads, rows, size)}")

    q, k, v = (project(name) for name in ("query", "key", "value"))
    headed = (heads, rows, size)
    scores, square = w.dot(q, k, headed, headed, 1, 2, 2)
    scores = w.binary("multiply", scores, w.broadcast(w.scalar(size**-0.5), [], (), square), square)
    top, reduced = w.reduce("maximum", scores, w.emit("stablehlo.constant dense<0xFF800000> : tensor<f32>"), 2, square)
    weights = w.unary("exponential", w.binary("subtract", scores, w.broadcast(top, [0, 1], reduced, square), square), square)
    total, _ = w.reduce("add", weights, w.scalar(0.0), 2, square)
    weights = w.binary("divide", weights, w.broadcast(total, [0, 1], reduced, square), square)
    mixed, _ = w.dot(weights, v, square, headed, 1, 2, 1)
    merged = w.emit(f"stablehlo.transpose {mixed}, dims = [1, 0, 2] : ({tensor(*headed)}) -> {tensor(rows, heads, size)}")
    merged = w.emit(f"stablehlo.reshape {merged} : ({tensor(rows, heads, size)}) -> {tensor(*shape)}")
    return w.linear("projection", merged, shape, columns)[0]


def gelu(w: Writer, x: str, shape: tuple[int, ...]) -> str:
    scaled = w.binary("multiply", x, w.broadcast(w.scalar(2**-0.5), [], (), shape), shape)
    error = w.emit(f"chlo.erf {scaled} : {tensor(*shape)} -> {tensor(*shape)}")
    shifted = w.binary("add", error, w.broadcast(w.scalar(1.0), [], (), shape), shape)
    half = w.binary("multiply", x, w.broadcast(w.scalar(0.5), [], (), shape), shape)
    return w.binary("multiply", half, shifted, shape)


def transformer_block() -> str:
    """Pre-norm transformer block: 32 tokens of 64 features, 4 heads, gelu MLP of 256."""
    w, shape = Writer(seed=2), (32, 64)
    x = w.binary("add", "%x", attention(w, layer_norm(w, "norm1", "%x", shape), shape, heads=4), shape)
    y, wide = w.linear("expand", layer_norm(w, "norm2", x, shape), shape, 256)
    y, _ = w.linear("contract", gelu(w, y, wide), wide, 64)
    out = w.binary("add", x, y, shape)
    return w.module(transformer_block.__doc__ or "", f"@main(%x: {tensor(*shape)}) -> {tensor(*shape)}", f"return {out} : {tensor(*shape)}")


if __name__ == "__main__":
    for model in (mlp, transformer_block):
        (HERE / f"{model.__name__}.mlir").write_text(model())
