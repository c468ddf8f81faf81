"""Damaged ONNX files: always one PyrieError that names the file, never a traceback, a hang or a wild allocation."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from conftest import EXAMPLES
from pyrie.dialects.registry import make_context
from pyrie.importers import load
from pyrie.importers.onnx import import_onnx, unsupported_nodes
from pyrie.passes.input.pipeline import input_phase
from pyrie.passes.options import CompileOptions
from pyrie.support.errors import InputError, PyrieError, UnsupportedError

SEED = 23
FLIPS = 150
DIGITS = (EXAMPLES / "digits.onnx").read_bytes()


def attempt(data: bytes) -> str | None:
    """Imports and lowers; the message of a PyrieError, None where the damage did not matter. Anything else is a failure."""
    context = make_context()
    try:
        module = import_onnx(data, context)
        input_phase(CompileOptions()).run(context, module)
    except PyrieError as error:
        assert str(error).strip()
        return str(error)
    return None


@pytest.mark.parametrize("step", [pytest.param(67, id="some"), pytest.param(1, id="all", marks=pytest.mark.full)])
def test_every_cut(step: int):
    refused = [attempt(DIGITS[:length]) for length in range(0, len(DIGITS), step)]
    assert refused[0] is not None
    assert sum(message is not None for message in refused) > len(refused) * 0.9


@pytest.mark.parametrize("flips", [pytest.param(FLIPS, id="some"), pytest.param(5000, id="many", marks=pytest.mark.full)])
def test_flipped_bits(flips: int):
    random = np.random.default_rng(SEED)
    print("seed", SEED)
    start = time.monotonic()
    # Half of the damage goes to the graph's structure, which is the small part of the file.
    structure = [i for i in range(len(DIGITS)) if i < 1200 or i > len(DIGITS) - 400]
    for trial in range(flips):
        data = bytearray(DIGITS)
        place = int(random.choice(structure)) if trial % 2 else int(random.integers(len(data)))
        data[place] ^= 1 << int(random.integers(8))
        attempt(bytes(data))
    assert time.monotonic() - start < flips * 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4 << 20  # KiB


@pytest.mark.parametrize("data", [b"", b"\0", b"not a model", b"\x08\x07", os.urandom(0) + bytes(range(256)) * 8], ids=range(5))
def test_not_a_model(data: bytes):
    with pytest.raises(InputError):
        import_onnx(data)


def test_names_are_text():
    damaged = DIGITS.replace(b"Conv", b"C\xffnv", 1)
    assert damaged != DIGITS
    assert "op_type" in (attempt(damaged) or "")


def test_missing_file_and_unknown_suffix(tmp_path: Path):
    with pytest.raises(InputError, match=r"absent\.onnx"):
        load(tmp_path / "absent.onnx")
    with pytest.raises(InputError, match="kinds"):
        load(tmp_path / "model.bin")


# ---- models that are whole but wrong ---------------------------------------------------------------------------------------


def model(node: onnx.NodeProto, *inputs: onnx.ValueInfoProto, initializers=(), opset: int = 18) -> onnx.ModelProto:
    output = helper.make_empty_tensor_value_info("y")
    graph = helper.make_graph([node], "g", list(inputs), [output], list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


X = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])


def test_an_unknown_operator_names_the_node_and_its_inputs():
    node = helper.make_node("Frobnicate", ["x"], ["y"], name="encoder/frob_3")
    with pytest.raises(UnsupportedError) as caught:
        import_onnx(model(node, X))
    assert "node 'encoder/frob_3' (Frobnicate, opset 18)" in str(caught.value)
    assert "input 0: f32[2, 3]" in str(caught.value)


def test_the_report_lists_what_is_not_supported():
    node = helper.make_node("Relu", ["x"], ["y"], name="r", speed="fast")
    (found,) = unsupported_nodes(model(node, X))
    assert str(found) == "node 'r' (Relu, opset 18): attribute speed not supported"
    assert unsupported_nodes(EXAMPLES / "digits.onnx") == []


WRONG = {
    "shapes": (helper.make_node("MatMul", ["x", "x"], ["y"]), "differ"),
    "axis": (helper.make_node("Softmax", ["x"], ["y"], axis=5), "axis 5"),
    "order": (helper.make_node("Relu", ["nowhere"], ["y"]), "'nowhere' is used before"),
    "count": (helper.make_node("Relu", ["x", "x"], ["y"]), "2 input"),
    "missing attribute": (helper.make_node("Concat", ["x", "x"], ["y"]), "axis"),
    "permutation": (helper.make_node("Transpose", ["x"], ["y"], perm=[0, 0]), "not a permutation"),
    "window": (helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2]), "at least 3"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_node_is_named(what: str):
    node, message = WRONG[what]
    node.name = "the_node"
    with pytest.raises(PyrieError) as caught:
        import_onnx(model(node, X))
    assert message in str(caught.value) and "the_node" in str(caught.value)


def test_a_newer_opset_is_refused():
    with pytest.raises(UnsupportedError, match="newer"):
        import_onnx(model(helper.make_node("Relu", ["x"], ["y"]), X, opset=9000))


# ---- external data ---------------------------------------------------------------------------------------------------------


def external_model(path: Path, location: str, **fields: int) -> Path:
    tensor = numpy_helper.from_array(np.zeros((2, 3), np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **fields}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)
    path.write_bytes(model(helper.make_node("Add", ["x", "w"], ["y"]), X, initializers=[tensor]).SerializeToString())
    return path


def test_external_data_beside_the_model(tmp_path: Path):
    (tmp_path / "weights.bin").write_bytes(bytes(8) + np.arange(6, dtype=np.float32).tobytes())
    assert "stablehlo.add" in str(load(external_model(tmp_path / "m.onnx", "weights.bin", offset=8, length=24)))


@pytest.mark.parametrize(
    "location", ["../secret.bin", "/etc/hostname", "link.bin", "hard.bin", "folder/link/secret.bin", "", "absent.bin", "."]
)
def test_external_data_stays_in_the_folder(location: str, tmp_path: Path):
    folder = tmp_path / "model"
    (folder / "folder").mkdir(parents=True)
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(24))
    (folder / "link.bin").symlink_to(secret)
    (folder / "hard.bin").hardlink_to(secret)
    (folder / "folder" / "link").symlink_to(tmp_path)
    with pytest.raises(InputError, match="tensor 'w'"):
        load(external_model(folder / "m.onnx", location))


@pytest.mark.parametrize(
    "fields", [{"offset": 4, "length": 24}, {"length": 20}, {"offset": -4, "length": 24}, {"length": 1 << 60}], ids=str
)
def test_external_data_of_a_wrong_size(fields: dict[str, int], tmp_path: Path):
    (tmp_path / "weights.bin").write_bytes(bytes(24))
    with pytest.raises(InputError, match="tensor 'w'"):
        load(external_model(tmp_path / "m.onnx", "weights.bin", **fields))
