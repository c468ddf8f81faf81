"""What tools read of an instrumented program: the sizes of its parts and the description of kernels and dispatches."""

from __future__ import annotations

import struct

import pytest

from pyrie.dialects import util
from pyrie.dialects.registry import make_context
from pyrie.ir.diagnostics import verify
from pyrie.ir.elements import to_numpy
from pyrie.ir.parser import parse_module
from pyrie.passes.hal.materialize_dispatch_instrumentation import MaterializeDispatchInstrumentation, byte_count
from pyrie.support.errors import InputError

SOURCE = """
stream.executable private @e {
  stream.executable.export public @first
  stream.executable.export public @second
  builtin.module {
    func.func @first(%a: !stream.binding) { return }
    func.func @second(%a: !stream.binding) { return }
  }
}
util.func public @main(%r: !stream.resource<external>, %n: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %0 = stream.cmd.execute with(%r as %in: !stream.resource<external>{%n}) {
    stream.cmd.dispatch @e::@second { ro %in[%c0 for %n] : !stream.resource<external>{%n} }
    stream.cmd.dispatch @e::@first { ro %in[%c0 for %n] : !stream.resource<external>{%n} }
  } => !stream.timepoint
  util.return %0 : !stream.timepoint
}
"""


def parts_of(size: str) -> list[bytes]:
    """The constants that the query hands out, in order."""
    context = make_context()
    module = parse_module(SOURCE, context)
    MaterializeDispatchInstrumentation(size).apply(context, module)
    verify(module)
    return [to_numpy(op.value).tobytes() for op in module.walk() if isinstance(op, util.BufferConstantOp)]


def field(data: bytes, table: int, number: int) -> int | None:
    """The position of a field of a FlatBuffers table, followed if it is an offset."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    size, _ = struct.unpack_from("<HH", data, vtable)
    slot = struct.unpack_from("<H", data, vtable + 4 + 2 * number)[0] if 4 + 2 * number < size else 0
    return table + slot if slot else None


def follow(data: bytes, position: int) -> int:
    return position + struct.unpack_from("<I", data, position)[0]


def vector(data: bytes, position: int | None) -> list[int]:
    assert position is not None
    start = follow(data, position)
    return [follow(data, start + 4 + 4 * i) for i in range(struct.unpack_from("<I", data, start)[0])]


def string(data: bytes, position: int | None) -> str:
    assert position is not None
    start = follow(data, position)
    return data[start + 4 : start + 4 + struct.unpack_from("<I", data, start)[0]].decode()


def test_the_chunks_name_their_sizes_and_end_at_multiples_of_sixteen():
    head, metadata, *padding, ring = parts_of("8kib")
    assert head == struct.pack("<4sHHQ", b"0IDB", 0, 0, len(metadata))
    assert ring == struct.pack("<4sHHQ", b"0IDB", 1, 0, 8192 + 4096)
    assert (len(metadata) + sum(map(len, padding))) % 16 == 0


def test_the_metadata_lists_kernels_with_their_text_and_dispatches_in_order():
    data = parts_of("8kib")[1]
    assert data[4:8] == b"IDBD"
    root = follow(data, 0)
    kernels = vector(data, field(data, root, 2))
    assert [string(data, field(data, kernel, 0)) for kernel in kernels] == ["first", "second"]
    assert string(data, field(data, kernels[0], 3)).startswith("func.func @first(%arg0: !stream.binding) {")
    sites = [field(data, site, 0) for site in vector(data, field(data, root, 3))]
    assert [struct.unpack_from("<I", data, site)[0] if site else 0 for site in sites] == [1, 0]


@pytest.mark.parametrize("text, count", [("64mib", 1 << 26), ("4096", 4096), ("1 GiB", 1 << 30), ("16b", 16)])
def test_sizes_are_read(text: str, count: int):
    assert byte_count(text) == count


@pytest.mark.parametrize("text", ["0", "3mib", "mib", "64mb", "-1", ""])
def test_other_sizes_are_refused(text: str):
    with pytest.raises(InputError, match="power of two"):
        byte_count(text)
