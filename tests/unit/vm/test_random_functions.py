"""Random functions with branches, loops, references and swaps of block arguments, interpreted as SSA, against their bytecode in two VMs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import iree.runtime as iree
import pytest
from xdsl.ir import Operation, SSAValue

from pyrie.dialects import vm
from pyrie.dialects.registry import make_context
from pyrie.format.reader import read_module
from pyrie.format.verifier import verify_module
from pyrie.ir.parser import parse_module
from pyrie.passes.vm.bytecode import emit_module
from pyrie.runtime.context import load
from references import references_left_behind

SEED = 20261123
FUNCTIONS = 60
ARGUMENTS = ("i32", "i64", "i32", "i64")
LIST = "!vm.list<i32>"
INPUTS = ((3, -5, 7, 11), (-1, 1 << 40, 0, -9), (123456789, -2, -77, 3))
FUEL = 6  # backward branches a call may take


class Writer:
    """Writes one random function: a chain of blocks, each ending in a branch forward, or backward while there is fuel.

    Values of the entry block are used everywhere, so that some live across all blocks; arguments are handed on in random order.
    """

    def __init__(self, generator: random.Random, name: str):
        self.random, self.name, self.count = generator, name, 0
        self.blocks = [[*self.random.choices(("i32", "i64", LIST), k=self.random.randint(0, 6))] for _ in range(self.random.randint(1, 6))]

    def fresh(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def pick(self, values: Sequence[tuple[str, str]], type: str) -> str:
        return self.random.choice([v for v, t in values if t == type])

    def body(self, values: list[tuple[str, str]]) -> list[str]:
        lines = []
        for _ in range(self.random.randint(1, 8)):
            type, name = self.random.choice(("i32", "i64", LIST)), self.fresh()
            if type == LIST:
                lines += self.list_op(name, values)
                continue
            kind = self.random.randrange(5)
            a, b = self.pick(values, type), self.pick(values, type)
            if kind == 0:
                lines.append(f"{name} = vm.const.{type} {self.random.randint(-9, 9)}")
            elif kind == 1:
                lines.append(f"{name} = vm.select.{type} {self.pick(values, 'i32')}, {a}, {b} : {type}")
            elif kind == 2 and type == "i64":
                lines.append(f"{name} = vm.ext.i32.i64.s {self.pick(values, 'i32')} : i32 -> i64")
            elif kind == 2:
                lines.append(f"{name} = vm.trunc.i64.i32 {self.pick(values, 'i64')} : i64 -> i32")
            elif kind == 3:
                lines.append(f"{name} = vm.cmp.lt.{type}.s {a}, {b} : {type}")
                type = "i32"
            else:
                lines.append(f"{name} = vm.{self.random.choice(('add', 'sub', 'mul', 'xor', 'and'))}.{type} {a}, {b} : {type}")
            values.append((name, type))
        return lines

    def list_op(self, name: str, values: list[tuple[str, str]]) -> list[str]:
        """Lists are told apart by their sizes, which `resize` changes for all who hold the list."""
        kind = self.random.randrange(4)
        if kind == 0:
            values.append((name, LIST))
            size = f"{name}s = vm.const.i32 {self.random.randint(0, 9)}"
            return [size, f"{name} = vm.list.alloc {name}s : (i32) -> {LIST}", f"vm.list.resize {name}, {name}s : ({LIST}, i32)"]
        a, b = self.pick(values, LIST), self.pick(values, LIST)
        if kind == 1:
            condition = self.pick(values, "i32")
            values.append((name, LIST))
            return [f"{name} = vm.select.ref {condition}, {a}, {b} : {LIST}"]
        if kind == 2:
            return [f"{name} = vm.const.i32 {self.random.randint(0, 9)}", f"vm.list.resize {a}, {name} : ({LIST}, i32)"]
        values.append((name, "i32"))
        return [f"{name} = vm.list.size {a} : ({LIST}) -> i32"]

    def target(self, block: int, fuel: str, values: Sequence[tuple[str, str]]) -> str:
        operands = [fuel, *(self.pick(values, t) for t in self.blocks[block])]
        return f"^b{block}({', '.join(operands)} : {', '.join(['i32', *self.blocks[block]])})"

    def text(self) -> str:
        entry = [(f"%a{i}", t) for i, t in enumerate(ARGUMENTS)]
        lines = ["%n = vm.const.i32 4", f"%l = vm.list.alloc %n : (i32) -> {LIST}"]
        entry.append(("%l", LIST))
        lines += [*self.body(entry), f"%fuel = vm.const.i32 {FUEL}", "%one = vm.const.i32 1"]
        lines.append(f"vm.br {self.target(0, '%fuel', entry)}")
        for i, types in enumerate(self.blocks):
            arguments = [(self.fresh(), t) for t in types]
            lines.append(f"^b{i}({', '.join([f'%f{i}: i32', *(f'{v}: {t}' for v, t in arguments)])}):")
            values = [*entry, *arguments, *arguments]  # its own arguments more often
            lines += self.body(values)
            if i + 1 == len(self.blocks):
                results = [self.pick(values, t) for t in ("i32", "i64", "i64")]
                forward = f"vm.return {', '.join(results)} : i32, i64, i64"
                lines.append(f"vm.cond_br %f{i}, ^more, ^done")
                lines += ["^more:", f"%left = vm.sub.i32 %f{i}, %one : i32"]
                lines += [f"vm.br {self.target(self.random.randrange(i + 1), '%left', values)}", "^done:", forward]
            elif self.random.random() < 0.5:
                lines.append(f"vm.br {self.target(i + 1, f'%f{i}', values)}")
            else:
                condition = self.pick(values, "i32")
                other = self.random.randrange(i + 1, len(self.blocks))
                targets = [self.target(b, f"%f{i}", values) for b in (i + 1, other)]
                lines.append(f"vm.cond_br {condition}, {', '.join(targets)}")
        types = ", ".join(f"%a{i}: {t}" for i, t in enumerate(ARGUMENTS))
        inner = "\n      ".join(lines)
        return f"    vm.func private @{self.name}({types}) -> (i32, i64, i64) {{\n      {inner}\n    }}\n    vm.export @{self.name}\n"


def wrapped(value: int, type: object) -> int:
    bits = 64 if str(type) == "i64" else 32
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def interpret(func: vm.FuncOp, inputs: Sequence[int]) -> list[int]:
    """Runs the SSA form directly."""
    block = func.body.blocks[0]
    state: dict[SSAValue, Any] = dict(zip(block.args, inputs, strict=True))
    while True:
        for op in block.ops:
            if isinstance(op, vm.ReturnOp):
                return [state[v] for v in op.operands]
            if isinstance(op, vm.BranchOp | vm.CondBranchOp):
                if isinstance(op, vm.BranchOp):
                    block, operands = op.dest, op.dest_operands
                elif state[op.condition]:
                    block, operands = op.true_dest, op.true_operands
                else:
                    block, operands = op.false_dest, op.false_operands
                state |= dict(zip(block.args, [state[v] for v in operands], strict=True))
                break
            if op.name == "vm.list.resize":
                state[op.operands[0]][:] = [0] * state[op.operands[1]]
                continue
            value = compute(op, state)
            state[op.results[0]] = value if isinstance(value, list) else wrapped(value, op.results[0].type)


def compute(op: Operation, state: dict[SSAValue, Any]) -> Any:
    x = [state[v] for v in op.operands]
    match op.name.split(".")[1]:
        case "list":
            return len(x[0]) if op.name == "vm.list.size" else []
        case "const":
            return op.properties["value"].value.data  # pyright: ignore
        case "select":
            return x[1] if x[0] else x[2]
        case "ext" | "trunc":
            return x[0]
        case "cmp":
            return int(x[0] < x[1])
        case name:
            return {"add": x[0] + x[1], "sub": x[0] - x[1], "mul": x[0] * x[1], "xor": x[0] ^ x[1], "and": x[0] & x[1]}[name]


@pytest.fixture(scope="module")
def text() -> str:
    generator = random.Random(SEED)
    functions = "".join(Writer(generator, f"f{i}").text() for i in range(FUNCTIONS))
    return f"vm.module public @random {{\n{functions}}}\n"


@pytest.fixture(scope="module")
def module(text: str):
    return parse_module(text, make_context())


@pytest.fixture(scope="module")
def expected(module) -> dict[str, list[list[int]]]:
    functions = [op for op in module.walk() if isinstance(op, vm.FuncOp)]
    return {f.sym_name.data: [interpret(f, inputs) for inputs in INPUTS] for f in functions}


@pytest.mark.interop
def test_the_real_vm_computes_what_the_ssa_form_says(module, expected):
    instance = iree.VmInstance()
    loaded = iree.VmModule.copy_buffer(instance, emit_module(module))
    context = iree.VmContext(instance, modules=[loaded])
    for name, results in expected.items():
        function = loaded.lookup_function(name)
        assert function is not None
        for inputs, result in zip(INPUTS, results, strict=True):
            arguments, outputs = iree.VmVariantList(len(inputs)), iree.VmVariantList(3)
            for value in inputs:
                arguments.push_int(value)
            context.invoke(function, arguments, outputs)
            got = [wrapped(outputs.get_variant(i), t) for i, t in enumerate(("i32", "i64", "i64"))]
            assert got == result, f"seed {SEED}, @{name}{inputs}"


def test_the_functions_swap_registers_and_pass_the_verifier(module):
    """The test above means little unless copies had to go through scratch registers."""
    verified = verify_module(read_module(emit_module(module)))
    remaps = [
        value
        for f in verified.functions
        for block in f.blocks.values()
        for instruction in block
        for value in instruction.values
        if isinstance(value, tuple) and value and isinstance(value[0], tuple)
    ]
    through_scratch = [r for r in remaps if {t for _, t in r} & {s for s, _ in r}]
    assert len(remaps) > FUNCTIONS
    assert len(through_scratch) > 5


def test_every_reference_is_released_before_a_return(module):
    """The real VM does not clean up after functions that succeed."""
    for function in verify_module(read_module(emit_module(module))).functions:
        assert not references_left_behind(function), f"seed {SEED}, @{function.function.name}"


def test_our_vm_computes_what_the_ssa_form_says(module, expected):
    context = load(emit_module(module))
    for name, results in expected.items():
        for inputs, result in zip(INPUTS, results, strict=True):
            got = context.call(name, *inputs)
            assert [wrapped(v, t) for v, t in zip(got, ("i32", "i64", "i64"), strict=True)] == result, f"seed {SEED}, @{name}{inputs}"


def test_equal_text_gives_equal_bytes(text: str, module):
    assert emit_module(parse_module(text, make_context())) == emit_module(module)
