"""Constants and arrays: every element type there and back, splats that stay small, resources that are not copied."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects.builtin import BoolAttr, DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr, TensorType, bf16, f32, i1, i8, i32

from pyrie.dialects.registry import make_context
from pyrie.ir.elements import RESOURCE_BYTES, SPLAT_LIMIT, element_type, from_numpy, is_splat, splat, splat_value, to_numpy
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_attribute, print_module
from pyrie.ir.resources import Blob, ResourceAttr
from pyrie.support.dtypes import ELEMENT_TYPES
from pyrie.support.errors import InputError, UnsupportedError

NUMPY = sorted({row.numpy for row in ELEMENT_TYPES}, key=str)


@pytest.mark.parametrize("dtype", NUMPY, ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3), (4, 1, 2)], ids=str)
def test_every_element_type_survives_attributes_and_text(dtype: np.dtype, shape: tuple[int, ...]):
    count = int(np.prod(shape))
    array = (np.arange(count) % 5).astype(np.float64).reshape(shape).astype(dtype)
    attribute = from_numpy(array)
    again = to_numpy(attribute)
    assert again.dtype == dtype and again.shape == shape and again.tobytes() == array.tobytes()
    assert not again.flags.writeable
    text = f'"test.op"() {{a = {print_attribute(attribute)}}} : () -> ()'
    module = parse_module(text, make_context(allow_unregistered=True))
    assert to_numpy(module.body.block.first_op.attributes["a"]).tobytes() == array.tobytes()


def test_large_arrays_are_referred_to_not_copied():
    array = np.arange(RESOURCE_BYTES, dtype=np.float32)
    attribute = from_numpy(array, key="weights")
    assert isinstance(attribute, ResourceAttr) and attribute.key == "weights"
    assert np.shares_memory(to_numpy(attribute), array)
    assert isinstance(from_numpy(array, elide=False), DenseIntOrFPElementsAttr)


def test_layouts_and_byte_orders_are_normalised():
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    for view in (array[:, ::-1], array.T, np.asfortranarray(array), array.astype(">i4")):
        assert (to_numpy(from_numpy(view)) == view).all()


def test_splats_hold_one_element_however_many_there_are():
    type_ = TensorType(f32, [1 << 20, 1 << 16])
    attribute = splat(1.5, type_)
    assert len(attribute.data.data) == 4
    assert to_numpy(attribute).shape == (1 << 20, 1 << 16) and to_numpy(attribute)[5, 7] == 1.5
    assert attribute == from_numpy(np.broadcast_to(np.float32(1.5), (SPLAT_LIMIT + 1,)), TensorType(f32, [SPLAT_LIMIT + 1])).new(
        [type_, attribute.data]
    )


@pytest.mark.parametrize("values, expected", [([1, 1, 1], 1), ([1, 2, 1], None), ([7], 7), ([], None)])
def test_splat_value(values: list[int], expected: int | None):
    attribute = from_numpy(np.array(values, np.int32))
    assert is_splat(attribute) == (expected is not None)
    assert splat_value(attribute) == expected


def test_scalars():
    assert to_numpy(IntegerAttr(255, i8)) == -1
    assert to_numpy(IntegerAttr(-1, i1)) and to_numpy(BoolAttr.from_bool(True)).dtype == np.bool_
    assert to_numpy(FloatAttr(1.1, bf16)).dtype == element_dtype("bfloat16")
    with pytest.raises(UnsupportedError):
        to_numpy(i32)


def element_dtype(name: str) -> np.dtype:
    return next(d for d in NUMPY if str(d) == name)


def test_booleans_made_by_xdsl_are_read():
    attribute = DenseIntOrFPElementsAttr.from_list(TensorType(i1, [3]), [1, 0, 1])
    assert to_numpy(attribute).tolist() == [True, False, True]


def test_element_types_have_a_name():
    assert str(element_type(np.dtype(np.float32))) == "f32" and str(element_type(np.dtype(np.uint8))) == "ui8"


def test_resources_are_printed_after_the_module_and_read_back():
    array = np.arange(3000, dtype=np.float32)
    text = '"test.op"() : () -> ()'
    context = make_context(allow_unregistered=True)
    module = parse_module(text, context)
    op = module.body.block.first_op
    op.attributes["a"] = from_numpy(array, key="one")
    op.attributes["b"] = from_numpy(array + 1, key="one")  # another value under the same key
    printed = print_module(module)
    assert printed.count("dense_resource<one>") == 1 and "dense_resource<one_1>" in printed and printed.endswith("#-}\n")
    again = parse_module(printed, context)
    assert (to_numpy(again.body.block.first_op.attributes["b"]) == array + 1).all()
    assert print_module(again) == printed


def test_a_resource_without_its_section():
    module = parse_module('"test.op"() {a = dense_resource<lost> : tensor<4xf32>} : () -> ()', make_context(allow_unregistered=True))
    attribute = module.body.block.first_op.attributes["a"]
    assert "dense_resource<lost> : tensor<4xf32>" in print_module(module)
    with pytest.raises(InputError, match="'lost' has no data"):
        to_numpy(attribute)


def test_blobs_are_equal_if_their_bytes_are():
    assert Blob(b"abc") == Blob(np.frombuffer(b"abc", np.uint8)) != Blob(b"abd")
