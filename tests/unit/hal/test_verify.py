"""What util and hal ops refuse."""

from __future__ import annotations

import pytest
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.hal.buffers import element_type_value
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module

LAYOUT = "#hal.pipeline.layout<constants = 1, bindings = [#hal.pipeline.binding<storage_buffer>]>"
WRONG = {
    "a region that returns another type": (
        "%0 = hal.device.memoize<%d : !hal.device> affinity(%a) -> i32 { hal.return %a : i64 }",
        "declared to give",
    ),
    "a binding beyond the layout": (f"%0 = hal.interface.binding.subspan layout({LAYOUT}) binding(1) : memref<4xf32>", "1 bindings"),
    "a constant beyond the layout": (f"%0 = hal.interface.constant.load layout({LAYOUT}) ordinal(1) : i32", "1 constants"),
    "an element type without a number": ("%0 = hal.element_type<index> : i32", "unsupported element type"),
    "a count region without the workload": (
        '%0 = hal.dispatch.extern "k"[%n](%a) : (i64) -> i64 count(%x: !hal.device) -> (index, index, index) {\n'
        "%c = arith.constant 1 : index hal.return %c, %c, %c : index, index, index }"
        f' layout({LAYOUT}) objects({{#hal.executable.target<"a", "b"> ordinal(0) = []}})',
        "takes a device and 1 indices",
    ),
    "a queue operation that waits for its own end": (
        '%f = util.null : !hal.fence %0 = hal.fence.join at([%f]) flags("None") -> !hal.fence '
        'hal.device.queue.barrier<%d : !hal.device> affinity(%a) wait(%0) signal(%0) flags("None")',
        "cannot wait and signal on the same fence",
    ),
    "a pointer to another type": ("%0 = util.global.load.indirect %p : !util.ptr<i32> -> i64", "global pointer is"),
    "assumptions for different numbers of call sites": (
        "%0:2 = util.assume.int %a[<umin = 0>, <umin = 1>], %a[<umin = 0>, <umin = 1>, <umin = 2>] : i64, i64",
        "different numbers",
    ),
}


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_wrong_ops_are_refused(case: str):
    text, message = WRONG[case]
    arguments = "%d: !hal.device, %a: i64, %p: !util.ptr<i32>, %n: index"
    module = parse_module(f"util.func private @f({arguments}) {{\n  {text}\n  util.return\n}}", make_context())
    with pytest.raises(VerifyException, match=message):
        module.verify()


def test_element_types_have_the_numbers_of_the_runtime():
    from xdsl.dialects.builtin import BFloat16Type, ComplexType, IntegerType, f16, f32, f64, i1, i8, i32

    numbers = {f16: 0x21000010, f32: 0x21000020, f64: 0x21000040, i8: 0x10000008, i32: 0x10000020, i1: 0x13000008}
    numbers |= {BFloat16Type(): 0x22000010, ComplexType(f32): 0x23000040, IntegerType(4): 0x10000004}
    assert {type: element_type_value(type) for type in numbers} == numbers
