"""Random programs of value semantics in flow text, with what they compute in numpy.

Each program reads two arguments and two globals, and mixes dispatches (some in place), updates, slices, element stores and loads, copies,
branches, loops and calls. Everything is i32, so results are exact.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np

N = 8
WHOLE, PART = f"tensor<{N}xi32>", "tensor<2xi32>"
ACCESS = "!iree_tensor_ext.dispatch.tensor"


def _kernel(name: str, inputs: int, body: str, *, in_place: bool = False) -> str:
    accesses = ["readonly"] * inputs + ["writeonly"]
    if in_place:
        accesses = ["readwrite", *["readonly"] * (inputs - 1)]
    arguments = ", ".join(f"%a{i}: {ACCESS}<{access}:{WHOLE}>" for i, access in enumerate(accesses))
    loads = "\n".join(
        f"        %v{i} = iree_tensor_ext.dispatch.tensor.load %a{i}, offsets = [0], sizes = [{N}], strides = [1]"
        f" : {ACCESS}<{access}:{WHOLE}> -> {WHOLE}"
        for i, access in enumerate(accesses)
        if access != "writeonly"
    )
    maps = ", ".join(["affine_map<(i) -> (i)>"] * (inputs + 1))
    values = ", ".join(f"%v{i}" for i in range(inputs))
    scalars = ", ".join([*(f"%x{i}: i32" for i in range(inputs)), "%o: i32"])
    last = 0 if in_place else len(accesses) - 1
    return f"""
  flow.executable private @{name}_ex {{
    flow.executable.export public @{name} workgroups() -> (index, index, index) {{
      %x, %y, %z = iree_tensor_ext.dispatch.workgroup_count_from_slice()
      flow.return %x, %y, %z : index, index, index
    }}
    builtin.module {{
      func.func @{name}({arguments}) {{
{loads}
        %e = tensor.empty() : {WHOLE}
        %r = linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel"]}}
            ins({values} : {", ".join([WHOLE] * inputs)}) outs(%e : {WHOLE}) {{
        ^bb0({scalars}):
          {body}
          linalg.yield %s : i32
        }} -> {WHOLE}
        iree_tensor_ext.dispatch.tensor.store %r, %a{last}, offsets = [0], sizes = [{N}], strides = [1]
            : {WHOLE} -> {ACCESS}<{accesses[last]}:{WHOLE}>
        return
      }}
    }}
  }}"""


HEADER = "".join(
    [
        "module attributes {stream.affinity.default = #hal.device.affinity<@__device_0>} {\n  util.global private @__device_0 = DEVICE",
        _kernel("add", 2, "%s = arith.addi %x0, %x1 : i32"),
        _kernel("twice", 1, "%s = arith.addi %x0, %x0 : i32"),
        _kernel("increment", 1, "%one = arith.constant 1 : i32\n          %s = arith.addi %x0, %one : i32", in_place=True),
        _kernel("accumulate", 2, "%s = arith.addi %x0, %x1 : i32", in_place=True),
        f"\n  util.global private mutable @list = dense<[{', '.join(map(str, range(N)))}]> : {WHOLE}",
        f"\n  util.global private mutable @zero = dense<0> : {WHOLE}\n",
    ]
)
GLOBALS = {"list": np.arange(N, dtype=np.int32), "zero": np.zeros(N, np.int32)}


@dataclass
class Program:
    """One function, written while it is computed."""

    rng: random.Random
    lines: list[str] = field(default_factory=list)
    globals: dict[str, np.ndarray] = field(default_factory=lambda: dict(GLOBALS))
    count: int = 0
    helpers: list[str] = field(default_factory=list)

    def name(self) -> str:
        self.count += 1
        return f"%t{self.count}"

    def emit(self, depth: int, text: str) -> None:
        self.lines.append("  " * depth + text)

    def constant(self, depth: int, value: int, type: str) -> str:
        name = self.name()
        self.emit(depth, f"{name} = arith.constant {value} : {type}")
        return name

    def step(self, values: list[tuple[str, np.ndarray]], depth: int, nesting: int) -> None:
        """Adds one op, and its result to `values`."""
        rng = self.rng
        kinds = ["add", "twice", "increment", "accumulate", "update", "update", "store", "clone", "splat", "load", "get", "put"]
        if nesting < 2:
            kinds += ["if", "for", "call"]
        kind = rng.choice(kinds)
        (a, x), (b, y) = rng.choice(values), rng.choice(values)
        r, position = self.name(), rng.randrange(N - 1)
        if kind == "add":
            self.emit(depth, f"{r} = flow.dispatch @add_ex::@add({a}, {b}) : ({WHOLE}, {WHOLE}) -> {WHOLE}")
            values.append((r, x + y))
        elif kind == "twice":
            self.emit(depth, f"{r} = flow.dispatch @twice_ex::@twice({a}) : ({WHOLE}) -> {WHOLE}")
            values.append((r, x + x))
        elif kind == "increment":
            self.emit(depth, f"{r} = flow.dispatch @increment_ex::@increment({a}) : ({WHOLE}) -> {a}")
            values.append((r, x + 1))
        elif kind == "accumulate":
            self.emit(depth, f"{r} = flow.dispatch @accumulate_ex::@accumulate({a}, {b}) : ({WHOLE}, {WHOLE}) -> {a}")
            values.append((r, x + y))
        elif kind == "clone":
            self.emit(depth, f"{r} = flow.tensor.clone {a} : {WHOLE}")
            values.append((r, x))
        elif kind == "splat":
            number = rng.randrange(100)
            self.emit(depth, f"{r} = flow.tensor.splat {self.constant(depth, number, 'i32')} : {WHOLE}")
            values.append((r, np.full(N, number, np.int32)))
        elif kind == "update":
            part, source = self.name(), rng.randrange(N - 1)
            i, j, two = (self.constant(depth, v, "index") for v in (source, position, 2))
            self.emit(depth, f"{part} = flow.tensor.slice {b}[{i} for {two}] : {WHOLE} -> {PART}")
            self.emit(depth, f"{r} = flow.tensor.update {part}, {a}[{j}] : {PART} -> {a} as {WHOLE}")
            new = x.copy()
            new[position : position + 2] = y[source : source + 2]
            values.append((r, new))
        elif kind == "store":
            i, v = self.constant(depth, position, "index"), self.constant(depth, 77, "i32")
            self.emit(depth, f"{r} = flow.tensor.store {v}, {a}[{i}] : {WHOLE}")
            new = x.copy()
            new[position] = 77
            values.append((r, new))
        elif kind == "load":
            element, i = self.name(), self.constant(depth, position, "index")
            self.emit(depth, f"{element} = flow.tensor.load {a}[{i}] : {WHOLE}")
            self.emit(depth, f"{r} = flow.tensor.splat {element} : {WHOLE}")
            values.append((r, np.full(N, x[position], np.int32)))
        elif kind == "get":
            key = rng.choice(sorted(self.globals))
            self.emit(depth, f"{r} = util.global.load @{key} : {WHOLE}")
            values.append((r, self.globals[key]))
        elif kind == "put":
            key = rng.choice(sorted(self.globals))
            self.emit(depth, f"util.global.store {a}, @{key} : {WHOLE}")
            self.globals[key] = x
        elif kind == "if":
            self._if(values, depth, nesting, r)
        elif kind == "for":
            self._for(values, depth, nesting, r)
        else:
            self._call(values, depth, r, (a, x), (b, y))

    def _if(self, values: list[tuple[str, np.ndarray]], depth: int, nesting: int, r: str) -> None:
        taken = self.rng.random() < 0.5
        self.emit(depth, f"{r} = scf.if {'%true' if taken else '%false'} -> ({WHOLE}) {{")
        before, results = dict(self.globals), {}
        for branch in (True, False):
            self.globals = dict(before)
            inner = list(values)
            for _ in range(self.rng.randrange(1, 4)):
                self.step(inner, depth + 1, nesting + 1)
            name, value = self.rng.choice(inner)
            self.emit(depth + 1, f"scf.yield {name} : {WHOLE}")
            results[branch] = value, self.globals
            self.emit(depth, "} else {" if branch else "}")
        value, self.globals = results[taken]
        values.append((r, value))

    def _for(self, values: list[tuple[str, np.ndarray]], depth: int, nesting: int, r: str) -> None:
        """The body is generated once and computed for each iteration by generating it again with the same random numbers."""
        trips = self.rng.randrange(3)
        (a, x), (b, y) = self.rng.choice(values), self.rng.choice(values)
        zero, one, end = (self.constant(depth, v, "index") for v in (0, 1, trips))
        u, v = self.name(), self.name()
        self.emit(depth, f"{r}:2 = scf.for %i{u[1:]} = {zero} to {end} step {one} iter_args({u} = {a}, {v} = {b}) -> ({WHOLE}, {WHOLE}) {{")
        start, count, seed = len(self.lines), self.count, self.rng.random()
        outer, text, carried, once = self.rng, None, (x, y), dict(self.globals)
        for trip in range(max(trips, 1)):
            self.rng, self.count = random.Random(seed), count
            inner = [*values, (u, carried[0]), (v, carried[1])]
            for _ in range(self.rng.randrange(1, 4)):
                self.step(inner, depth + 1, 2)
            (p, first), (q, second) = self.rng.choice(inner), self.rng.choice(inner)
            self.emit(depth + 1, f"scf.yield {p}, {q} : {WHOLE}, {WHOLE}")
            text = text or self.lines[start:]
            del self.lines[start:]
            if trip < trips:
                carried = first, second
        if not trips:
            self.globals = once
        self.rng = outer
        self.lines += text or []
        self.emit(depth, "}")
        values += [(f"{r}#0", carried[0]), (f"{r}#1", carried[1])]

    def _call(self, values: list[tuple[str, np.ndarray]], depth: int, r: str, a: tuple[str, np.ndarray], b: tuple[str, np.ndarray]) -> None:
        kind = self.rng.choice(["swap", "bump"])
        self.emit(depth, f"{r}:2 = util.call @{kind}({a[0]}, {b[0]}) : ({WHOLE}, {WHOLE}) -> ({WHOLE}, {WHOLE})")
        values += [(f"{r}#0", b[1] if kind == "swap" else a[1] + 1), (f"{r}#1", a[1] if kind == "swap" else a[1] + b[1])]


HELPERS = f"""
  util.func private @swap(%a: {WHOLE}, %b: {WHOLE}) -> ({WHOLE}, {WHOLE}) attributes {{inlining_policy = #util.inline.never}} {{
    util.return %b, %a : {WHOLE}, {WHOLE}
  }}
  util.func private @bump(%a: {WHOLE}, %b: {WHOLE}) -> ({WHOLE}, {WHOLE}) attributes {{inlining_policy = #util.inline.never}} {{
    %0 = flow.dispatch @increment_ex::@increment(%a) : ({WHOLE}) -> %a
    %1 = flow.dispatch @add_ex::@add(%a, %b) : ({WHOLE}, {WHOLE}) -> {WHOLE}
    util.return %0, %1 : {WHOLE}, {WHOLE}
  }}
"""


def random_program(seed: int) -> tuple[str, list[np.ndarray]]:
    """The text of function `@f<seed>` and its results for arguments 0..7 and 10..17."""
    program = Program(random.Random(seed))
    arguments = [np.arange(N, dtype=np.int32), np.arange(10, 10 + N, dtype=np.int32)]
    values = [("%a", arguments[0]), ("%b", arguments[1])]
    program.emit(2, f'%a = hal.tensor.import %arg0 "a" : !hal.buffer_view -> {WHOLE}')
    program.emit(2, f'%b = hal.tensor.import %arg1 "b" : !hal.buffer_view -> {WHOLE}')
    program.emit(2, "%one = arith.constant 1 : index")
    program.emit(2, "%number = arith.constant 1 : i32")
    program.emit(2, f"%known = flow.tensor.load %a[%one] : {WHOLE}")  # conditions that no pass can fold
    program.emit(2, "%true = arith.cmpi eq, %known, %number : i32")
    program.emit(2, "%false = arith.cmpi ne, %known, %number : i32")
    for _ in range(program.rng.randrange(4, 14)):
        program.step(values, 2, 0)
    chosen = [program.rng.choice(values) for _ in range(3)]
    for i, (name, _) in enumerate(chosen):
        program.emit(2, f'%r{i} = hal.tensor.export {name} "r{i}" : {WHOLE} -> !hal.buffer_view')
        for _ in range(program.rng.randrange(2)):
            program.step(values, 2, 2)
    types = ", ".join(["!hal.buffer_view"] * 3)
    body = "\n".join(program.lines)
    text = f"  util.func public @f{seed}(%arg0: !hal.buffer_view, %arg1: !hal.buffer_view) -> ({types}) {{\n{body}\n"
    return text + f"    util.return %r0, %r1, %r2 : {types}\n  }}\n", [value for _, value in chosen]
