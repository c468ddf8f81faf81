"""Lines of one LLVM function, with names, blocks and the folding of integer literals."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from pyrie.codegen.cpu.emit.values import integer, llvm_type


class Text:
    """Builds the body of one function. A pure instruction written twice where the first still holds is written once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.block = "entry"
        self.allocas: list[str] = []
        self.used: set[str] = set()  # declarations and runtime functions that the text calls
        self._names = 0
        self._blocks = 0
        self._written: list[dict[str, str]] = [{}]

    # ---- lines ---------------------------------------------------------------------------------------------------------

    def name(self) -> str:
        self._names += 1
        return f"%v{self._names}"

    def line(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def value(self, instruction: str) -> str:
        """The result of an instruction without effects."""
        for known in reversed(self._written):
            if instruction in known:
                return known[instruction]
        result = self.fresh(instruction)
        self._written[-1][instruction] = result
        return result

    def fresh(self, instruction: str) -> str:
        """The result of an instruction that must be written each time: a load, a call with effects."""
        result = self.name()
        self.lines.append(f"  {result} = {instruction}")
        return result

    def call(self, type: str, function: str, arguments: Sequence[tuple[str, str]]) -> str:
        """The result of a call of a pure function; `function` is declared, or is in the runtime library."""
        self.used.add(f"declare {type} @{function}({', '.join(t for t, _ in arguments)})")
        return self.value(f"call {type} @{function}({', '.join(f'{t} {v}' for t, v in arguments)})")

    # ---- blocks --------------------------------------------------------------------------------------------------------

    def label(self) -> str:
        self._blocks += 1
        return f"b{self._blocks}"

    def begin(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self.block = label

    def branch(self, label: str) -> None:
        self.line(f"br label %{label}")

    def branch_if(self, condition: str, then: str, orelse: str) -> None:
        self.line(f"br i1 {condition}, label %{then}, label %{orelse}")

    @contextmanager
    def dominated(self) -> Iterator[None]:
        """What is written inside is not known outside."""
        self._written.append({})
        try:
            yield
        finally:
            self._written.pop()

    # ---- integers of 64 bits -------------------------------------------------------------------------------------------

    def add(self, a: str, b: str) -> str:
        x, y = integer(a), integer(b)
        if x is not None and y is not None:
            return str(x + y)
        if x == 0 or y == 0:
            return b if x == 0 else a
        return self.value(f"add i64 {a}, {b}")

    def sub(self, a: str, b: str) -> str:
        x, y = integer(a), integer(b)
        if x is not None and y is not None:
            return str(x - y)
        return a if y == 0 else self.value(f"sub i64 {a}, {b}")

    def mul(self, a: str, b: str) -> str:
        x, y = integer(a), integer(b)
        if x is not None and y is not None:
            return str(x * y)
        if x in (0, 1):
            a, b, y = b, a, x
        if y in (0, 1):
            return a if y else "0"
        return self.value(f"mul i64 {a}, {b}")

    def pointer(self, base: str, index: str, type: str) -> str:
        """`base` advanced by `index` elements of `type`."""
        return base if index == "0" else self.value(f"getelementptr {type}, ptr {base}, i64 {index}")

    # ---- vectors -------------------------------------------------------------------------------------------------------

    def splat(self, scalar: str, type: str, width: int) -> str:
        """`scalar` in `width` lanes."""
        if not width:
            return scalar
        if not scalar.startswith("%"):
            return f"splat ({type} {scalar})"
        vector = llvm_type(type, width)
        first = self.value(f"insertelement {vector} poison, {type} {scalar}, i64 0")
        return self.value(f"shufflevector {vector} {first}, {vector} poison, <{width} x i32> zeroinitializer") if width > 1 else first

    def lane(self, chunk: str, type: str, width: int, lane: int) -> str:
        """One lane of a chunk."""
        if chunk.startswith("splat ("):
            return chunk[len(f"splat ({type} ") : -1]
        return self.value(f"extractelement {llvm_type(type, width)} {chunk}, i64 {lane}")

    def join(self, scalars: Sequence[str], type: str) -> str:
        """A vector of `scalars`."""
        if len(set(scalars)) == 1:
            return self.splat(scalars[0], type, len(scalars))
        vector, result = llvm_type(type, len(scalars)), "poison"
        for i, scalar in enumerate(scalars):
            result = self.value(f"insertelement {vector} {result}, {type} {scalar}, i64 {i}")
        return result

    def shuffle(self, a: str, b: str, type: str, width: int, lanes: Sequence[int]) -> str:
        vector = llvm_type(type, width)
        mask = ", ".join(f"i32 {i}" for i in lanes)
        return self.value(f"shufflevector {vector} {a}, {vector} {b}, <{len(lanes)} x i32> <{mask}>")


def float_literal(value: float, type: str) -> str:
    """A float or double constant: LLVM writes both as the bits of a double."""
    if type == "float":
        value = float(np.float32(value))
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
