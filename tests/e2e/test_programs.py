"""Whole functions through the whole pipeline: patterns of networks, control flow, dynamic sizes, results in every combination; ONNX."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from examples import as_tuple
from operator_cases import mixed, upstream
from operator_cases.case import Case
from operator_cases.harness import SEED, assert_agreement
from operator_cases.programs import control, dynamic, patterns, results

import pyrie
from onnx_cases import CASES as ONNX_CASES

TABLES = {
    "patterns": list(patterns()), "control": list(control()), "results": list(results()), "dynamic": list(dynamic()),
    "upstream": upstream.CASES, "mixed": mixed.CASES,
}  # fmt: skip


@pytest.mark.parametrize("cases", TABLES.values(), ids=list(TABLES))
def test_programs(cases: Sequence[Case]):
    assert_agreement(cases)


@pytest.mark.parametrize("share", [pytest.param(10, id="tenth"), pytest.param(1, id="whole", marks=pytest.mark.full)])
def test_onnx_operators_agree_with_onnx_runtime(share: int):
    """One model an operator, compiled the way users compile."""
    print("seed", SEED)
    chosen = sorted(np.random.default_rng(SEED).permutation(len(ONNX_CASES))[: -(-len(ONNX_CASES) // share)])
    wrong: list[str] = []
    for case in (ONNX_CASES[i] for i in chosen):
        program = pyrie.compile(case.model(), cache=False)
        problem = case.difference(lambda *inputs, program=program: list(as_tuple(program(*inputs))), SEED)
        wrong += [problem] if problem else []
    assert not wrong, "\n".join(wrong)
