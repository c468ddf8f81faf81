"""Runs rows of the tables: one compile, many functions, every oracle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from examples import as_tuple

import pyrie
from operator_cases.case import Case, difference
from pyrie.ir.interpreter import Interpreter
from pyrie.passes.options import CompileOptions
from pyrie.session import Session, compile

SEED = 31
BATCH = 40  # functions a module
CALLS = 3  # the general way first; the last one through a call plan, where the function can have one


def assert_agreement(cases: Sequence[Case], *, memoization: bool = True) -> None:
    """Each function computes what the interpreter and numpy say, on every device, each time, and leaves its arguments alone."""
    print("seed", SEED)
    wrong = disagreements(cases, memoization=memoization)
    assert not wrong, "\n".join(wrong)


def disagreements(cases: Sequence[Case], *, memoization: bool = True) -> list[str]:
    """A line for each function that is wrong."""
    text = "".join(case.text for case in cases)
    interpreter = Interpreter(Session().compile(text, until="input"), precise=True)
    module = compile(text, cache=False)
    programs = {"local-sync": pyrie.load(module), "local-task": pyrie.load(module, device="local-task")}
    programs["the general path"] = without_plans(module)
    if memoization:
        inlined = compile(text, CompileOptions(memoization=False), cache=False)
        programs["without memoization"] = pyrie.load(inlined)
    found: list[str | None] = []
    for case in cases:
        inputs = case.inputs(SEED)
        kept = [a.copy() for a in inputs]
        results = as_tuple(programs["the general path"][case.name](*inputs))
        found.append(difference(case, results, interpreter.call(case.name, *inputs), inputs, "the interpreter"))
        if case.meaning is not None:
            meant = case.meaning(*inputs)
            found.append(difference(case, results, meant if isinstance(meant, tuple) else (np.asarray(meant),), inputs, "numpy"))
        for what, program in programs.items():
            for turn in range(CALLS):
                if not same_bits(results, as_tuple(program[case.name](*inputs))):
                    found.append(f"{case}: call {turn} on {what} gives other bits")
        if not same_bits(kept, inputs):
            found.append(f"{case}: arguments were written")
    return [line for line in found if line is not None]


def without_plans(module: bytes) -> pyrie.Program:
    """A program whose every call goes the general way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYRIE_CALL_PLANS", "0")
        return pyrie.load(module)


def same_bits(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> bool:
    return len(a) == len(b) and all(x.tobytes() == y.tobytes() and x.shape == y.shape for x, y in zip(a, b, strict=True))
