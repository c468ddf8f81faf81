"""Folds and canonicalizations of hal ops."""

from __future__ import annotations

import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.ir.transforms.canonicalize import Canonicalize

ARGUMENTS = (
    "%a: !hal.fence, %b: !hal.fence, %t: tensor<4xf32>, %view: !hal.buffer_view, "
    "%d0: !hal.device, %d1: !hal.device, %commands: !hal.command_buffer, %q: i64, %p: i64, %bits: i32"
)
CASES = {
    "join of one": ('%0 = hal.fence.join at([%a]) flags("None") -> !hal.fence', "!hal.fence", "util.return %arg0"),
    "join of the same twice": ('%0 = hal.fence.join at([%a, %a]) flags("None") -> !hal.fence', "!hal.fence", "util.return %arg0"),
    "join with null": (
        '%null = util.null : !hal.fence\n%0 = hal.fence.join at([%a, %null, %b]) flags("None") -> !hal.fence',
        "!hal.fence",
        "hal.fence.join at([%arg0, %arg1])",
    ),
    "join of nothing": (
        '%null = util.null : !hal.fence\n%0 = hal.fence.join at([%null]) flags("None") -> !hal.fence',
        "!hal.fence",
        "%0 = util.null : !hal.fence\n    util.return %0",
    ),
    "await of null": (
        '%null = util.null : !hal.fence\n%c = arith.constant -1 : i32\n'
        '%0 = hal.fence.await until([%null]) timeout_millis(%c) flags("None") : i32',
        "i32",
        "%c0_i32 = arith.constant 0 : i32\n    util.return %c0_i32",
    ),
    "export of an import": (
        "%1 = hal.tensor.import %view : !hal.buffer_view -> tensor<4xf32>\n"
        "%0 = hal.tensor.export %1 : tensor<4xf32> -> !hal.buffer_view",
        "!hal.buffer_view",
        "util.return %arg3",
    ),
    "import of an export": (
        "%1 = hal.tensor.export %t : tensor<4xf32> -> !hal.buffer_view\n"
        "%0 = hal.tensor.import %1 : !hal.buffer_view -> tensor<4xf32>",
        "tensor<4xf32>",
        "util.return %arg2",
    ),
    "import as another type stays": (
        "%1 = hal.tensor.export %t : tensor<4xf32> -> !hal.buffer_view\n"
        "%0 = hal.tensor.import %1 : !hal.buffer_view -> tensor<2x2xf32>",
        "tensor<2x2xf32>",
        "hal.tensor.import",
    ),
    "device of a recording": (
        "%1 = arith.constant -1 : i64\n"
        '%2 = hal.command_buffer.create device(%d0 : !hal.device) mode("None") categories("None") affinity(%1) : !hal.command_buffer\n'
        "%0 = hal.command_buffer.device<%2 : !hal.command_buffer> : !hal.device",
        "!hal.device",
        "util.return %arg4",
    ),
    "device of another's recording stays": (
        "%0 = hal.command_buffer.device<%commands : !hal.command_buffer> : !hal.device",
        "!hal.device",
        "hal.command_buffer.device<%arg6",
    ),
    "choice of one device": (
        "%1:2 = hal.allocator.select from([(%d0, %q : !hal.device, i64), (%d0, %q : !hal.device, i64)])"
        " type(%bits) usage(%bits) : !hal.device, i64\n%0 = util.optimization_barrier %1#0 : !hal.device",
        "!hal.device",
        "util.optimization_barrier %arg4",
    ),
    "choice among queues of one device": (
        "%1:2 = hal.allocator.select from([(%d0, %q : !hal.device, i64), (%d0, %p : !hal.device, i64)])"
        " type(%bits) usage(%bits) : !hal.device, i64\n"
        "%0 = util.optimization_barrier %1#0 : !hal.device\n%2 = util.optimization_barrier %1#1 : i64",
        "!hal.device",
        "util.optimization_barrier %arg4",
    ),
    "choice among devices with the same queues": (
        "%1:2 = hal.allocator.select from([(%d0, %q : !hal.device, i64), (%d1, %q : !hal.device, i64)])"
        " type(%bits) usage(%bits) : !hal.device, i64\n"
        "%2 = util.optimization_barrier %1#0 : !hal.device\n%0 = util.optimization_barrier %1#1 : i64",
        "i64",
        "util.optimization_barrier %arg7",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_folds(case: str):
    body, type, expected = CASES[case]
    context = make_context()
    module = parse_module(f"util.func public @f({ARGUMENTS}) -> {type} {{\n{body}\nutil.return %0 : {type}\n}}", context)
    Canonicalize().apply(context, module)
    assert expected in print_module(module)
