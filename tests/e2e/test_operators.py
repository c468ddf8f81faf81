"""Operators through the whole pipeline: against the reference interpreter and numpy, on both devices, memoized and not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from operator_cases import compute, elementwise, movement
from operator_cases.case import Case
from operator_cases.harness import BATCH, SEED, assert_agreement

CASES = [*elementwise.CASES, *movement.CASES, *compute.CASES]


def batches(share: int) -> list[Sequence[Case]]:
    """A seeded part of the table (the whole for 1), in the order of the table so that like compiles with like."""
    chosen = sorted(np.random.default_rng(SEED).permutation(len(CASES))[: -(-len(CASES) // share)])
    return [[CASES[i] for i in chosen[start : start + BATCH]] for start in range(0, len(chosen), BATCH)]


def named(table: list[Sequence[Case]]) -> list:
    return [pytest.param(cases, id=f"{cases[0]}-to-{cases[-1]}") for cases in table]


def test_names_are_unique():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("cases", named(batches(10)))
def test_a_tenth_of_the_operators(cases: Sequence[Case]):
    assert_agreement(cases)


@pytest.mark.full
@pytest.mark.parametrize("cases", named(batches(1)))
def test_every_operator(cases: Sequence[Case]):
    assert_agreement(cases)
