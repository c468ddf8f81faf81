"""ONNX's own operator tests, through the importer, the input phase and the reference interpreter.

A case passes, or is refused with an UnsupportedError: a wrong number or a crash fails. Inputs that only say axes, shapes and the like are
made constants, as exporters write them.
"""

from __future__ import annotations

import copy
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest
from onnx import numpy_helper

from pyrie.dialects.registry import make_context
from pyrie.importers.onnx import import_onnx
from pyrie.ir.interpreter import Interpreter
from pyrie.passes.input.pipeline import input_phase
from pyrie.passes.options import CompileOptions
from pyrie.support.errors import UnsupportedError

SEED = 24
LEAST_PASSING = 1170
# Element types that numpy lacks and the interpreter does not round as ONNX does.
NARROW = ("int4", "float8", "e8m0", "float4", "int2", "e5m2", "e4m3")


@cache
def suite() -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return [c for c in collect_testcases(None) if not any(word in c.name.lower() for word in NARROW)]  # pyright: ignore


def as_array(data: Any) -> np.ndarray:
    return numpy_helper.to_array(data) if hasattr(data, "data_type") else np.asarray(data)


def with_constants(case: Any) -> tuple[Any, list[int]]:
    """The model with its small integer inputs behind the first as initialisers, and which inputs are left."""
    model, inputs = copy.deepcopy(case.model), case.data_sets[0][0]
    left = []
    for i, data in enumerate(inputs):
        small = i > 0 and not isinstance(data, list | tuple) and data is not None and as_array(data).ndim <= 1
        if small and len(case.data_sets) == 1 and (as_array(data).dtype.kind == "i" or "resize" in case.name):
            model.graph.initializer.append(numpy_helper.from_array(as_array(data), model.graph.input[i].name))
        else:
            left.append(i)
    return model, left


def outcome(case: Any) -> str:
    """`pass`, `unsupported`, or what is wrong."""
    model, left = with_constants(case)
    try:
        context = make_context()
        module = import_onnx(model, context)
        input_phase(CompileOptions()).run(context, module)
        for inputs, outputs in case.data_sets:
            results = Interpreter(module).call("main", *(as_array(inputs[i]) for i in left))
            for actual, expected in zip(results, map(as_array, outputs), strict=False):
                actual = actual.view(expected.dtype) if expected.dtype.kind == "u" and actual.dtype.kind == "i" else actual
                if actual.shape != expected.shape or actual.dtype != expected.dtype:
                    return f"{actual.dtype}{actual.shape}, expected {expected.dtype}{expected.shape}"
                if not np.allclose(actual.astype(np.float64), expected.astype(np.float64), rtol=1e-3, atol=1e-5, equal_nan=True):
                    return f"{actual.ravel()[:4]}, expected {expected.ravel()[:4]}"
    except UnsupportedError:
        return "unsupported"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "pass"


@pytest.mark.parametrize("share", [pytest.param(10, id="tenth"), pytest.param(1, id="whole", marks=pytest.mark.full)])
def test_node_suite(share: int):
    cases = suite()
    chosen = [cases[i] for i in np.random.default_rng(SEED).permutation(len(cases))[: -(-len(cases) // share)]]
    print("seed", SEED)
    outcomes = {case.name: outcome(case) for case in chosen}
    wrong = [f"{name}: {text}" for name, text in outcomes.items() if text not in ("pass", "unsupported")]
    assert not wrong, "\n".join(wrong)
    passing = sum(text == "pass" for text in outcomes.values())
    assert passing >= LEAST_PASSING / share * (1 if share == 1 else 0.8), f"{passing} of {len(chosen)} pass"
