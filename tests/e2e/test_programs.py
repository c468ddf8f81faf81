"""Whole functions through the whole pipeline: patterns of networks, control flow, dynamic sizes, results in every combination."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from operator_cases.case import Case
from operator_cases.harness import assert_agreement
from operator_cases.programs import control, dynamic, patterns, results

TABLES = {"patterns": list(patterns()), "control": list(control()), "results": list(results()), "dynamic": list(dynamic())}


@pytest.mark.parametrize("cases", TABLES.values(), ids=list(TABLES))
def test_programs(cases: Sequence[Case]):
    assert_agreement(cases)
