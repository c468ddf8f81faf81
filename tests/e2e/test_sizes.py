"""Arguments whose sizes do not agree are refused before a kernel reads past the end of one; those that do are none the worse for it."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from examples import as_tuple
from onnx import TensorProto, helper
from sizes import CASES, Disagreement

import pyrie
from pyrie.ir.interpreter import Interpreter
from pyrie.session import Session, compile
from pyrie.support.errors import DeviceError

DEVICES = ["local-sync", "local-task"]


@pytest.fixture(scope="module")
def module() -> bytes:
    return compile("".join(case.text for case in CASES), cache=False)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_sizes_that_disagree_are_refused(case: Disagreement, device: str, module: bytes):
    function = pyrie.load(module, device=device)[case.name]
    with pytest.raises(DeviceError) as caught:
        function(*case.arguments(case.disagreeing))
    assert caught.value.code in ("INVALID_ARGUMENT", "FAILED_PRECONDITION")
    for words in case.words:
        assert words in str(caught.value)
    function(*case.arguments(case.agreeing))  # a refusal leaves the program usable


def test_sizes_that_agree_give_what_the_interpreter_does(module: bytes):
    interpreter = Interpreter(Session().compile("".join(case.text for case in CASES), until="abi"))
    for device in DEVICES:
        program = pyrie.load(module, device=device)
        for case in CASES:
            arguments = list(case.arguments(case.agreeing))
            for got, expected in zip(as_tuple(program[case.name](*arguments)), interpreter.call(case.name, *arguments), strict=True):
                np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5, err_msg=f"{case} on {device}")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_interpreter_refuses_them_too(case: Disagreement):
    interpreter = Interpreter(Session().compile(case.text, until="abi"))
    with pytest.raises(DeviceError):
        interpreter.call(case.name, *case.arguments(case.disagreeing))


def shared_symbol_model() -> onnx.ModelProto:
    """Two inputs that never meet in one operator, and whose declarations say that both have the same number of rows."""
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 2]) for name in ("left", "right")]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 2]) for name in ("a", "b")]
    nodes = [helper.make_node("Relu", ["left"], ["a"]), helper.make_node("Neg", ["right"], ["b"])]
    graph = helper.make_graph(nodes, "shared", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


@pytest.mark.parametrize("device", DEVICES)
def test_one_onnx_symbol_is_one_size(device: str):
    program = pyrie.compile(shared_symbol_model(), device=device, cache=False)
    rows = np.ones((3, 2), np.float32)
    np.testing.assert_array_equal(program(rows, rows)[1], -rows)
    with pytest.raises(DeviceError) as caught:
        program(rows, np.ones((4, 2), np.float32))
    for words in ("right", "dimension 0 of left", "'rows'", "[4, 2]", "[3, 2]"):
        assert words in str(caught.value)
