"""Verified bytecode to Python source: one Python function a bytecode function.

Registers become local variables: scalars `i0, i1, ...` (a 64-bit value is the variable of its even register), references
`r0, r1, ...`. The source holds verified opcodes, integers, floats and these generated names, never a string from the file.

A block with one predecessor is written in place, inside the `if` that leads to it; the others become states of a loop:

    def f3(r0):
        s = 0
        while True:
            if s == 0:
                i0 = m4(r0)
                s = 1
                continue
            if s == 1:
                if i0: ...
                return r0
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pyrie.format.decoder import Instruction
from pyrie.format.module import Span
from pyrie.format.opcodes import IMPORT_BIT, MOVE_BIT, REF_BIT, REF_MASK, Kind
from pyrie.format.verifier import VerifiedFunction, VerifiedModule
from pyrie.runtime.vm.operations import EXPRESSIONS, STATEMENTS

DEEPEST_NESTING = 20  # of blocks written in place; deeper ones become states
Remap = tuple[tuple[int, int], ...]

_GLOBAL_ACCESS = {"i32": ("globals_i32", 4), "i64": ("globals_i64", 8), "f32": ("globals_f32", 4), "f64": ("globals_f64", 8)}


@dataclass(frozen=True)
class Translation:
    """The source of a module's functions `f0, f1, ...`, and the strings it refers to as `strings[n]`."""

    source: str
    strings: tuple[str, ...]


def translate(verified: VerifiedModule) -> Translation:
    """Writes every function of a verified module as Python."""
    strings: list[str] = []
    lines = [line for function in verified.functions for line in _Function(verified, function, strings).lines()]
    return Translation("\n".join(lines) + "\n", tuple(strings))


def register_name(register: int) -> str:
    return f"r{register & REF_MASK}" if register & REF_BIT else f"i{register}"


def literal(value: float) -> str:
    """A number as Python source."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return repr(value)


@dataclass
class _Function:
    verified: VerifiedModule
    function: VerifiedFunction
    strings: list[str]
    output: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        blocks = self.function.blocks
        entry = next(iter(blocks))
        self.states = self._choose_states(entry)
        arguments = [register_name(r) for r in self.function.convention.argument_registers()]
        self.output = [f"def f{self.function.ordinal}({', '.join(arguments)}):"]
        unset = sorted(self._read_before_written() - set(arguments))
        scalars, refs = [n for n in unset if n[0] == "i"], [n for n in unset if n[0] == "r"]
        if scalars:
            self._write(1, f"{' = '.join(scalars)} = 0")
        if refs:
            self._write(1, f"{' = '.join(refs)} = None")
        if not self.states:
            self._block(entry, 1)
            return self.output
        order = [entry, *(offset for offset in self.states if offset != entry)]
        self.states = {offset: number for number, offset in enumerate(order)}
        self._write(1, "s = 0")
        self._write(1, "while True:")
        for offset, number in self.states.items():
            self._write(2, f"if s == {number}:")
            self._block(offset, 3)
        return self.output

    # Which blocks are states.

    def _choose_states(self, entry: int) -> dict[int, int]:
        """Blocks that several branches reach, or that lie too deep; empty if the function is a tree of blocks."""
        blocks = self.function.blocks
        predecessors = Counter(t for block in blocks.values() for t in _successors(block[-1]))
        states = {offset for offset, count in predecessors.items() if count > 1 or offset == entry}
        pending = [(offset, 0) for offset in [entry, *states]]
        seen: set[int] = set()
        while pending:
            offset, depth = pending.pop()
            if offset in seen:
                continue
            seen.add(offset)
            *nested, last = [*_successors(blocks[offset][-1])] or [None]
            for target, deeper in [*((t, depth + 1) for t in nested), (last, depth)]:
                if target is not None and target not in states:
                    if deeper > DEEPEST_NESTING:
                        states.add(target)
                        deeper = 0
                    pending.append((target, deeper))
        return dict.fromkeys(sorted(states & seen), 0) if states & seen - {entry} or predecessors[entry] else {}

    def _read_before_written(self) -> set[str]:
        """Variables that some block reads before it writes them; they must exist on entry."""
        unset: set[str] = set()
        for block in self.function.blocks.values():
            written: set[str] = set()
            for instruction in block:
                reads, writes = _effects(instruction)
                unset |= reads - written
                written |= writes
        return unset

    # Code.

    def _write(self, indent: int, text: str) -> None:
        self.output.append(" " * indent + text)

    def _block(self, offset: int | None, indent: int) -> None:
        """Writes a block and those that follow it in place."""
        while offset is not None:
            *body, last = self.function.blocks[offset]
            for instruction in body:
                self._instruction(instruction, indent)
            offset = self._terminator(last, indent)

    def _instruction(self, instruction: Instruction, indent: int) -> None:
        mnemonic = instruction.opcode.mnemonic
        moved = _moved(instruction)
        if mnemonic.startswith("call"):
            text = self._call(instruction)
        elif mnemonic in EXPRESSIONS:
            text = f"{register_name(instruction['result'])} = {EXPRESSIONS[mnemonic].format(**_operands(instruction))}"
        elif mnemonic in STATEMENTS:
            text = STATEMENTS[mnemonic].format(**_operands(instruction))
        elif mnemonic.startswith("global."):
            text = self._global(instruction)
        elif mnemonic.startswith("switch."):
            text = self._switch(instruction)
        else:
            text = f"{register_name(instruction['result'])} = resolved[{instruction['callee'] & ~IMPORT_BIT}]"  # import.resolved
        if text:
            self._write(indent, text)
        moved -= _effects(instruction)[1]
        if moved:
            self._write(indent, f"{' = '.join(sorted(moved))} = None")

    def _global(self, instruction: Instruction) -> str:
        """A scalar global at a fixed offset."""
        _, access, bank = instruction.opcode.mnemonic.split(".")
        view, size = _GLOBAL_ACCESS[bank]
        offset = instruction["global"]
        if access == "load":
            value = f"{view}[{offset // size}]" if offset % size == 0 else f"globals_.load_{bank}({offset})"
            return f"{register_name(instruction['result'])} = {value}"
        value = register_name(instruction["value"])
        return f"{view}[{offset // size}] = {value}" if offset % size == 0 else f"globals_.store_{bank}({offset}, {value})"

    def _switch(self, instruction: Instruction) -> str:
        index, values = register_name(instruction["index"]), [register_name(v) for v in instruction["values"]]
        default = register_name(instruction["default_value"])
        chosen = f"({', '.join(values)},)[{index}] if 0 <= {index} < {len(values)} else {default}" if values else default
        return f"{register_name(instruction['result'])} = {chosen}"

    def _call(self, instruction: Instruction) -> str:
        callee = instruction["callee"]
        operands = [register_name(r) for r in instruction["operands"]]
        results = [register_name(r) for r in instruction["results"]]
        if callee & IMPORT_BIT:
            number = callee & ~IMPORT_BIT
            name = f"m{number}"
            if "variadic" in instruction.opcode.mnemonic:
                operands = list(self._spans(number, instruction["segment_sizes"], iter(operands)))
        else:
            name = f"f{callee}"
        call = f"{name}({', '.join(operands)})"
        return f"{', '.join(results)} = {call}" if results else call

    def _spans(self, number: int, sizes: tuple[int, ...], operands: Iterator[str]) -> Iterator[str]:
        """The arguments of a variadic call: each span becomes one tuple, of values or of tuples."""
        for argument, size in zip(self.verified.imports[number].arguments, sizes, strict=True):
            if not isinstance(argument, Span):
                yield next(operands)
            elif len(argument.banks) == 1:
                yield _tuple(next(operands) for _ in range(size))
            else:
                yield _tuple(_tuple(next(operands) for _ in argument.banks) for _ in range(size))

    # Terminators: each returns the block to go on with in place, if any.

    def _terminator(self, instruction: Instruction, indent: int) -> int | None:
        mnemonic = instruction.opcode.mnemonic
        if mnemonic in ("br", "break", "cond_break", "yield"):  # this machine runs to completion, so a yield just goes on
            return self._jump(instruction["dest"], instruction["operands"], indent)
        if mnemonic == "cond_br":
            self._write(indent, f"if {register_name(instruction['condition'])}:")
            self._block(self._jump(instruction["true_dest"], instruction["true_operands"], indent + 1), indent + 1)
            return self._jump(instruction["false_dest"], instruction["false_operands"], indent)
        if mnemonic == "br_table":
            for number, (target, remap) in enumerate(instruction["cases"]):
                self._write(indent, f"if {register_name(instruction['index'])} == {number}:")
                self._block(self._jump(target, remap, indent + 1), indent + 1)
            return self._jump(instruction["default_dest"], instruction["default_operands"], indent)
        if mnemonic == "return":
            self._write(indent, f"return {', '.join(register_name(r) for r in instruction['operands'])}".rstrip())
            return None
        if mnemonic == "fail":
            self.strings.append(instruction["message"])
            self._write(indent, f"raise failure({register_name(instruction['status'])}, strings[{len(self.strings) - 1}])")
            return None
        self._instruction(instruction, indent)  # a yieldable call
        return self._jump(instruction["dest"], (), indent)

    def _jump(self, target: int, remap: Remap, indent: int) -> int | None:
        """Copies branch operands, one after the other as IREE does, and enters a state; or returns the block to write in place.

        Order matters: a compiler swaps registers through a scratch register, `a -> s, b -> a, s -> b`.
        """
        for source, target_register in remap:
            source_name, target_name = register_name(source), register_name(target_register)
            if source_name != target_name:
                self._write(indent, f"{target_name} = {source_name}")
                if source & REF_BIT and source & MOVE_BIT:
                    self._write(indent, f"{source_name} = None")
        if target not in self.states:
            return target
        self._write(indent, f"s = {self.states[target]}")
        self._write(indent, "continue")
        return None


def _successors(instruction: Instruction) -> list[int]:
    """Targets of a terminator, in the order in which they are written: the last one in place of the block, the others nested."""
    values = dict(zip((f.name for f in instruction.opcode.fields), instruction.values, strict=True))
    targets = [values["true_dest"]] if "true_dest" in values else []
    targets += [target for target, _ in values.get("cases", ())]
    return targets + [values[name] for name in ("dest", "false_dest", "default_dest") if name in values]


def _operands(instruction: Instruction) -> dict[str, Any]:
    """Fields as the templates want them: registers by name, the rest as literals."""
    operands: dict[str, Any] = {}
    for spec, value in zip(instruction.opcode.fields, instruction.values, strict=True):
        if spec.kind is Kind.REGISTER:
            operands[spec.name] = register_name(value)
        elif spec.kind is not Kind.STRING and spec.kind is not Kind.REGISTERS:
            operands[spec.name] = literal(value)
    return operands


def _effects(instruction: Instruction) -> tuple[set[str], set[str]]:
    """Variables that an instruction reads and writes. The copies of a branch are reads."""
    reads: set[str] = set()
    writes: set[str] = set()
    for spec, value in zip(instruction.opcode.fields, instruction.values, strict=True):
        if spec.kind is Kind.REGISTER:
            (writes if spec.result else reads).add(register_name(value))
        elif spec.kind is Kind.REGISTERS:
            (writes if spec.result else reads).update(map(register_name, value))
        elif spec.kind is Kind.REMAP:
            reads.update(register_name(s) for s, _ in value)
        elif spec.kind is Kind.CASES:
            reads.update(register_name(s) for _, remap in value for s, _ in remap)
    return reads, writes


def _moved(instruction: Instruction) -> set[str]:
    """References that an instruction gives away."""
    moved: set[str] = set()
    for spec, value in zip(instruction.opcode.fields, instruction.values, strict=True):
        registers: Iterable[int] = (value,) if spec.kind is Kind.REGISTER else value if spec.kind is Kind.REGISTERS else ()
        if not spec.result:
            moved.update(register_name(r) for r in registers if r & REF_BIT and r & MOVE_BIT)
    return moved


def _tuple(items: Iterable[str]) -> str:
    return "(" + "".join(f"{item}, " for item in items).rstrip() + ")"
