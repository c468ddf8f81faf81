"""Random programs of linalg ops over a few shapes, static and dynamic: what fusion has to get right."""

from __future__ import annotations

import numpy as np

SIZES = {"m": 3, "n": 4, "k": 5}
BINARY = ("arith.addf", "arith.subf", "arith.mulf", "arith.maximumf", "arith.minimumf")
UNARY = ("math.absf", "arith.negf", "math.tanh", "math.sin")


class RandomProgram:
    """Builds the text of one function @f; tensors are named by the dimensions of their axes."""

    def __init__(self, seed: int, *, dynamic: bool):
        self.random = np.random.default_rng(seed)
        self.dynamic = dynamic
        self.lines: list[str] = []
        self.values: list[tuple[str, str]] = []
        self.count = 0
        shapes = ["mn", "mk", "kn", "n", "m"]
        self.inputs = [shapes[i] for i in self.random.integers(0, len(shapes), 3)] + ["mn"]
        self.values += [(f"%a{i}", dims) for i, dims in enumerate(self.inputs)]
        if dynamic:
            self.lines += [f"%c{axis} = arith.constant {axis} : index" for axis in range(2)]
            for dim, extent in SIZES.items():
                source = next(((i, d) for i, d in enumerate(self.inputs) if dim in d), None)
                if source is None:
                    self.lines.append(f"%size_{dim} = arith.constant {extent} : index")
                else:
                    i, d = source
                    self.lines.append(f"%size_{dim} = tensor.dim %a{i}, %c{d.index(dim)} : {self.type(d)}")
        self.lines.append("%zero = arith.constant 0.0 : f32")

    def type(self, dims: str) -> str:
        sizes = ["?" if self.dynamic else str(SIZES[dim]) for dim in dims]
        return f"tensor<{'x'.join([*sizes, 'f32'])}>"

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def pick(self, wanted: str | None = None) -> tuple[str, str] | None:
        found = [value for value in self.values if wanted is None or value[1] == wanted]
        return found[int(self.random.integers(len(found)))] if found else None

    def choose(self, options: tuple[str, ...]) -> str:
        return options[int(self.random.integers(len(options)))]

    def empty(self, dims: str) -> str:
        name = self.name()
        sizes = ", ".join(f"%size_{dim}" for dim in dims) if self.dynamic else ""
        self.lines.append(f"{name} = tensor.empty({sizes}) : {self.type(dims)}")
        return name

    def filled(self, dims: str) -> str:
        empty, name = self.empty(dims), self.name()
        self.lines.append(f"{name} = linalg.fill ins(%zero : f32) outs({empty} : {self.type(dims)}) -> {self.type(dims)}")
        return name

    @staticmethod
    def map(loops: str, dims: str) -> str:
        letters = ", ".join(f"d{i}" for i in range(len(loops)))
        return f"affine_map<({letters}) -> ({', '.join(f'd{loops.index(dim)}' for dim in dims)})>"

    def generic(self, loops: str, inputs: list[tuple[str, str]], output: tuple[str, str], body: str, reductions: str = "") -> None:
        maps = ", ".join(self.map(loops, dims) for dims in (*(d for _, d in inputs), output[1]))
        kinds = ", ".join('"reduction"' if dim in reductions else '"parallel"' for dim in loops)
        names, types = ", ".join(v for v, _ in inputs), ", ".join(self.type(d) for _, d in inputs)
        arguments = ", ".join(f"%x{i}: f32" for i in range(len(inputs))) + ", %o: f32"
        result = self.name()
        self.lines.append(
            f"{result} = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}} ins({names} : {types})"
            f" outs({output[0]} : {self.type(output[1])}) {{\n^bb0({arguments}):\n{body}\n}} -> {self.type(output[1])}"
        )
        self.values.append((result, output[1]))

    # ---- one step

    def elementwise(self) -> None:
        first = self.pick()
        assert first is not None
        dims = first[1] if len(first[1]) == 2 else self.choose(tuple(d for d in ("mn", "nm", "mk", "kn") if first[1] in d))
        others = [v for v in self.values if set(v[1]) <= set(dims)]
        second = others[int(self.random.integers(len(others)))]
        if self.random.random() < 0.2:
            dims = dims[::-1]
        body = f"%0 = {self.choose(UNARY)} %x0 : f32\n%1 = {self.choose(BINARY)} %0, %x1 : f32\nlinalg.yield %1 : f32"
        self.generic(dims, [first, second], (self.empty(dims), dims), body)

    def reduce(self) -> None:
        matrices = [value for value in self.values if len(value[1]) == 2]
        value = matrices[int(self.random.integers(len(matrices)))]
        axis = int(self.random.integers(2))
        kept = value[1][1 - axis]
        self.generic(value[1], [value], (self.filled(kept), kept), "%0 = arith.addf %o, %x0 : f32\nlinalg.yield %0 : f32", value[1][axis])

    def matmul(self) -> None:
        matrices = [value for value in self.values if len(value[1]) == 2]
        for left in self.random.permutation(len(matrices)):
            for right in self.random.permutation(len(matrices)):
                a, b = matrices[left], matrices[right]
                if a[1][1] == b[1][0] and a[1][0] != b[1][1]:
                    dims = a[1][0] + b[1][1]
                    init, result = self.filled(dims), self.name()
                    self.lines.append(
                        f"{result} = linalg.matmul ins({a[0]}, {b[0]} : {self.type(a[1])}, {self.type(b[1])})"
                        f" outs({init} : {self.type(dims)}) -> {self.type(dims)}"
                    )
                    self.values.append((result, dims))
                    return

    def transpose(self) -> None:
        matrices = [value for value in self.values if len(value[1]) == 2]
        value, dims = matrices[int(self.random.integers(len(matrices)))]
        empty, result = self.empty(dims[::-1]), self.name()
        operands = f"ins({value} : {self.type(dims)}) outs({empty} : {self.type(dims[::-1])})"
        self.lines.append(f"{result} = linalg.transpose {operands} permutation = [1, 0]")
        self.values.append((result, dims[::-1]))

    def accumulate(self) -> None:
        """An op whose output is read: its destination is not a fill."""
        value = self.pick()
        assert value is not None
        other = self.pick(value[1])
        assert other is not None
        self.generic(value[1], [value], (other[0], value[1]), "%0 = arith.addf %o, %x0 : f32\nlinalg.yield %0 : f32")

    def build(self, steps: int) -> str:
        for _ in range(steps):
            self.random.choice([self.elementwise, self.elementwise, self.reduce, self.matmul, self.transpose, self.accumulate])()  # pyright: ignore
        results = [self.values[-1], *(self.values[int(i)] for i in self.random.integers(len(self.inputs), len(self.values), 2))]
        signature = ", ".join(f"%a{i}: {self.type(dims)}" for i, dims in enumerate(self.inputs))
        types = ", ".join(self.type(dims) for _, dims in results)
        returned = f"util.return {', '.join(v for v, _ in results)} : {types}"
        return "\n".join([f"util.func public @f({signature}) -> ({types}) {{", *self.lines, returned, "}"])

    def arguments(self) -> list[np.ndarray]:
        return [self.random.standard_normal([SIZES[dim] for dim in dims]).astype(np.float32) for dims in self.inputs]
