"""The lines `pyrie run` prints below the results of a model."""

from __future__ import annotations

import io

import numpy as np
import pytest

from pyrie.tools.streams import Streams
from pyrie.tools.summary import Summary, format_seconds, ranked_classes


@pytest.mark.parametrize(("seconds", "text"), [(1.42, "1.42 s"), (0.0123, "12.3 ms"), (4.5e-5, "45 us")])
def test_seconds_in_words(seconds: float, text: str):
    assert format_seconds(seconds) == text


def test_probabilities_are_ranked():
    lines = ranked_classes([np.array([[0.1, 0.7, 0.2]], np.float32)])
    assert [line.split()[:3] for line in lines[:-1]] == [["class", "1", "70.00"], ["class", "2", "20.00"], ["class", "0", "10.00"]]
    assert lines[0].count("█") == 21


@pytest.mark.parametrize("result", [np.ones((1, 3)), np.array([[-1.0, 2.0]]), np.ones((2, 2)) / 2, 3.0])
def test_other_results_are_not(result: object):
    assert ranked_classes([result]) == []


def test_times_are_listed_with_their_largest_phases():
    summary, out = Summary(), io.StringIO()
    summary.spent, summary.target = {"compile": 2.0, "call": 1e-5}, "znver4 (x86_64)"
    summary.add_phases("compile", {"input": 0.9, "flow": 0.01, "hal": 1.0})
    summary.write(Streams(io.StringIO(), out, io.StringIO()), [], "local-sync")
    text = out.getvalue()
    assert "target  znver4 (x86_64), local-sync" in text
    assert "compile 2 s  (hal 1 s, input 900 ms)" in text and "call    10 us" in text
