"""Operators through the whole pipeline: against the reference interpreter and numpy, on both devices, memoized and not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from examples import as_tuple
from operator_cases.case import Case, difference

import pyrie
from pyrie.ir.interpreter import Interpreter
from pyrie.passes.options import CompileOptions
from pyrie.session import Session, compile

SEED = 31
BATCH = 40  # functions a module


def disagreements(cases: Sequence[Case], monkeypatch: pytest.MonkeyPatch | None = None) -> list[str]:
    """Compiles the functions as one module and calls each; a line for each that is wrong."""
    text = "".join(case.text for case in cases)
    interpreter = Interpreter(Session().compile(text, until="input"), precise=True)
    module = compile(text, cache=False)
    sync, task = pyrie.load(module), pyrie.load(module, device="local-task")
    found: list[str | None] = []
    for case in cases:
        inputs = case.inputs(SEED)
        kept = [a.copy() for a in inputs]
        results = as_tuple(sync[case.name](*inputs))
        found.append(difference(case, results, interpreter.call(case.name, *inputs), inputs, "the interpreter"))
        if case.meaning is not None:
            meant = case.meaning(*inputs)
            found.append(difference(case, results, meant if isinstance(meant, tuple) else (meant,), inputs, "numpy"))  # pyright: ignore
        for kind, again in (("the second call", sync[case.name](*inputs)), ("local-task", task[case.name](*inputs))):
            if not same_bits(results, as_tuple(again)):
                found.append(f"{case}: {kind} gives other bits")
        if not same_bits(kept, inputs):
            found.append(f"{case}: arguments were written")
    return [line for line in found if line is not None]


def same_bits(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> bool:
    return all(x.tobytes() == y.tobytes() and x.shape == y.shape for x, y in zip(a, b, strict=True))
