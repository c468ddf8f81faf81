"""SSA and block names as MLIR's printer gives them.

Values are numbered in the order of the text, region by region; an op class may suggest names by a method
`asm_result_names(self) -> tuple[str | None, ...]` (`%device`, `%cst`) and, for the arguments of its regions,
`asm_block_argument_names(self, region) -> Sequence[str | None]` (`%in`, `%out`). A name in use gets a suffix `_0`, `_1`, ...
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, Region, SSAValue

from pyrie.ir.literals import format_integer


def constant_name(value: Attribute) -> str:
    """What MLIR calls a constant: `c4`, `c4_i32`, `true`, `false`, `cst`."""
    if not isinstance(value, IntegerAttr):
        return "cst"
    type_ = value.type
    if isinstance(type_, IndexType):
        return f"c{value.value.data}"
    assert isinstance(type_, IntegerType)
    if type_.width.data == 1:
        return format_integer(value.value.data, type_)
    return f"c{value.value.data}_{type_}"


def _constant(op: Operation) -> Sequence[str | None]:
    return (constant_name(op.properties["value"]),)


def _fixed(*names: str | None) -> Callable[[Operation], Sequence[str | None]]:
    return lambda op: names


# Upstream ops whose class is xDSL's own and so has no `asm_result_names`.
_RESULT_NAMES: dict[str, Callable[[Operation], Sequence[str | None]]] = {
    "arith.constant": _constant,
    "complex.constant": _fixed("cst"),
    "func.constant": _fixed("f"),
    "memref.alloc": _fixed("alloc"),
    "memref.alloca": _fixed("alloca"),
    "memref.assume_alignment": _fixed("assume_align"),
    "memref.cast": _fixed("cast"),
    "memref.collapse_shape": _fixed("collapse_shape"),
    "memref.dim": _fixed("dim"),
    "memref.expand_shape": _fixed("expand_shape"),
    "memref.extract_aligned_pointer_as_index": _fixed("intptr"),
    "memref.memory_space_cast": _fixed("memspacecast"),
    "memref.rank": _fixed("rank"),
    "memref.reinterpret_cast": _fixed("reinterpret_cast"),
    "memref.subview": _fixed("subview"),
    "memref.transpose": _fixed("transpose"),
    "memref.view": _fixed("view"),
    "tensor.cast": _fixed("cast"),
    "tensor.collapse_shape": _fixed("collapsed"),
    "tensor.concat": _fixed("concat"),
    "tensor.dim": _fixed("dim"),
    "tensor.expand_shape": _fixed("expanded"),
    "tensor.extract": _fixed("extracted"),
    "tensor.extract_slice": _fixed("extracted_slice"),
    "tensor.from_elements": _fixed("from_elements"),
    "tensor.gather": _fixed("gather"),
    "tensor.generate": _fixed("generated"),
    "tensor.insert": _fixed("inserted"),
    "tensor.insert_slice": _fixed("inserted_slice"),
    "tensor.pad": _fixed("padded"),
    "tensor.rank": _fixed("rank"),
    "tensor.reshape": _fixed("reshape"),
    "tensor.scatter": _fixed("scatter"),
    "tensor.splat": _fixed("splat"),
    "vector.vscale": _fixed("vscale"),
}


def _structured_arguments(op: Operation) -> Sequence[str | None]:
    segments = op.properties.get("operandSegmentSizes") or op.attributes.get("operandSegmentSizes")
    inputs = segments.get_values()[0] if segments is not None else len(op.operands) - 1  # pyright: ignore[reportAttributeAccessIssue]
    return ["in"] * inputs + ["out"] * (len(op.regions[0].blocks[0].args) - inputs)


_ARGUMENT_NAMES: dict[str, Callable[[Operation], Sequence[str | None]]] = {"linalg.generic": _structured_arguments}

_BAD = re.compile(r"[^\w$.-]", re.ASCII)


def sanitize(name: str, *, allowed: re.Pattern[str] = _BAD) -> str:
    """`name` as an MLIR identifier: blanks become `_`, other characters their code in hexadecimal; no digit in front."""
    if not allowed.search(name) and not name[:1].isdigit():
        return name
    text = "".join("_" if c == " " else f"{ord(c):X}" if allowed.match(c) else c for c in name)
    return f"_{text}" if text[:1].isdigit() else text


class Names:
    """The names of all values and blocks below `root`."""

    def __init__(self, root: Operation, *, generic: bool = False):
        self.values: dict[SSAValue, str] = {}
        self.blocks: dict[Block, str] = {}
        self.groups: dict[Operation, list[int]] = {}  # first results of the separately named groups of a multi-result op
        self._generic = generic
        self._next_value = self._next_argument = self._next_conflict = 0
        self._scopes: list[set[str]] = [set()]
        self._result_namers: dict[type, Callable[[Operation], Sequence[str | None]] | None] = {}
        self._number_op(root)
        self._number_regions(root)

    def _number_regions(self, root: Operation) -> None:
        counters = (self._next_value, self._next_argument, self._next_conflict)
        stack = [(region, counters, 1) for region in root.regions]
        while stack:
            region, counters, depth = stack.pop()
            if not self._generic:  # the generic form counts on, so that numbers are unique in the whole text
                self._next_value, self._next_argument, self._next_conflict = counters
            del self._scopes[depth:]
            self._scopes.append(set())
            nested = self._number_region(region)
            counters = (self._next_value, self._next_argument, self._next_conflict)
            stack += [(inner, counters, depth + 1) for inner in nested]

    def _number_region(self, region: Region) -> list[Region]:
        nested: list[Region] = []
        op = region.parent
        if op is not None and not self._generic:
            self._name_arguments(op, region)
        is_entry = True
        for index, block in enumerate(region.blocks):
            self.blocks[block] = f"^bb{index}"
            for argument in block.args:
                if argument in self.values:
                    continue
                if is_entry:
                    self._set(argument, f"arg{self._next_argument}", counter=True)
                else:
                    self._set(argument, None)
            is_entry = False
            for inner in block.ops:
                self._number_op(inner)
                if inner.regions:
                    nested += inner.regions
        return nested

    def _name_arguments(self, op: Operation, region: Region) -> None:
        hook = getattr(op, "asm_block_argument_names", None)
        if hook is not None:
            names = hook(region)
        elif (namer := _ARGUMENT_NAMES.get(op.name)) is not None:
            names = namer(op)
        else:
            return
        entry = region.blocks.first
        if entry is None or not names:
            return
        for argument, name in zip(entry.args, names, strict=False):
            if name is not None:
                self._set(argument, name)

    def _number_op(self, op: Operation) -> None:
        results = op.results
        if not results:
            return
        if not self._generic:
            namer = self._namer(op)
            if namer is not None:
                self._name_results(op, results, namer(op))
        if results[0] not in self.values:
            self._set(results[0], None)

    def _namer(self, op: Operation) -> Callable[[Operation], Sequence[str | None]] | None:
        cls = type(op)
        if cls not in self._result_namers:
            self._result_namers[cls] = getattr(cls, "asm_result_names", None) or _RESULT_NAMES.get(cls.name)
        return self._result_namers[cls]

    def _name_results(self, op: Operation, results: Sequence[OpResult], names: Sequence[str | None] | None) -> None:
        groups = [0]
        for index, (result, name) in enumerate(zip(results, names or (), strict=False)):
            if name is not None:
                self._set(result, name)
                if index:
                    groups.append(index)
        if len(groups) > 1:
            self.groups[op] = groups

    def _set(self, value: SSAValue, name: str | None, *, counter: bool = False) -> None:
        if not name:
            self.values[value] = f"%{self._next_value}"
            self._next_value += 1
            return
        if counter:
            self._next_argument += 1
        self.values[value] = "%" + self._unique(sanitize(name))

    def _unique(self, name: str) -> str:
        scopes = self._scopes
        base = name
        while any(name in scope for scope in scopes):
            name = f"{base}_{self._next_conflict}"
            self._next_conflict += 1
        scopes[-1].add(name)
        return name

    # ---- uses

    def use(self, value: SSAValue) -> str:
        """How an operand is written: `%0`, `%r#1`."""
        name = self.values.get(value)
        if isinstance(value, OpResult) and len(value.op.results) > 1:
            first, count = self._group_of(value)
            name = self.values.get(value.op.results[first])
            if name is not None and count > 1:
                return f"{name}#{value.index - first}"
        if name is None:
            return "%<<unknown argument>>" if isinstance(value, BlockArgument) else "%<<unknown>>"
        return name

    def definition(self, op: Operation) -> str:
        """The left side of an op with results: `%0 = `, `%r:2 = `, `%ok, %value = `."""
        results = op.results
        if len(results) == 1:
            return f"{self.values.get(results[0], '%<<unknown>>')} = "
        groups = self.groups.get(op, [0])
        ends = [*groups[1:], len(results)]
        parts = []
        for first, end in zip(groups, ends, strict=True):
            name = self.values.get(results[first], "%<<unknown>>")
            parts.append(f"{name}:{end - first}" if end - first > 1 else name)
        return ", ".join(parts) + " = "

    def _group_of(self, value: OpResult) -> tuple[int, int]:
        groups = self.groups.get(value.op)
        if groups is None:
            return 0, len(value.op.results)
        first = max(start for start in groups if start <= value.index)
        following = [start for start in groups if start > value.index]
        return first, (following[0] if following else len(value.op.results)) - first
