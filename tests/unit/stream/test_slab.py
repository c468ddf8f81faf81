"""The transient slab: slices never overlap while both live, and the slab stays small."""

from __future__ import annotations

import random
import re

import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.passes.options import CompileOptions
from pyrie.passes.stream.layout_slices import Slice, assign_lanes, place_static
from pyrie.passes.stream.pipeline import stream_phase
from pyrie.support.shape import align

ALIGNMENT = 64


def random_slices(seed: int) -> list[Slice]:
    rng = random.Random(seed)
    slices = []
    for number in range(rng.randrange(1, 40)):
        first = rng.randrange(30)
        slices.append(Slice(number, first, first + rng.randrange(8), None, rng.choice([0, 1, 63, 64, 100, 4096, 65536])))  # pyright: ignore
    return slices


@pytest.mark.parametrize("seed", range(200))
def test_slices_that_live_together_do_not_overlap(seed: int):
    slices = random_slices(seed)
    offsets, total = place_static(slices, ALIGNMENT)
    for a in slices:
        assert offsets[a.number] % ALIGNMENT == 0
        assert offsets[a.number] + (a.bytes or 0) <= total
        for b in slices:
            if a.number < b.number and a.meets(b):
                apart = offsets[a.number] + (a.bytes or 0) <= offsets[b.number] or offsets[b.number] + (b.bytes or 0) <= offsets[a.number]
                assert apart, f"seed {seed}: {a} and {b} share bytes"
    alive = max(sum(align(s.bytes or 0, ALIGNMENT) for s in slices if s.first <= step <= s.last) for step in range(40))
    assert alive <= total <= sum(align(s.bytes or 0, ALIGNMENT) for s in slices)


@pytest.mark.parametrize("seed", range(50))
def test_lanes_hold_one_slice_at_a_time(seed: int):
    rng = random.Random(seed)
    sizes = [object(), object()]
    slices = [s._replace(size=rng.choice(sizes), bytes=None) for s in random_slices(seed)]  # pyright: ignore
    lanes = assign_lanes(slices)
    assert sorted(s.number for lane in lanes for s in lane) == [s.number for s in slices]
    for lane in lanes:
        assert len({id(s.size) for s in lane}) == 1
        assert not any(a.meets(b) for i, a in enumerate(lane) for b in lane[:i])


def chain(length: int, width: int) -> str:
    """A program of `length` dispatches, each on the result of the one before, of `width` floats."""
    tensor = f"tensor<{width}xf32>"
    load = "iree_tensor_ext.dispatch.tensor"
    calls = "\n".join(f"    %{i + 1} = flow.dispatch @ex::@f(%{i}) : ({tensor}) -> {tensor}" for i in range(length))
    return f"""
module {{
  flow.executable private @ex {{
    flow.executable.export public @f
    builtin.module {{
      func.func @f(%in: !{load}<readonly:{tensor}>, %out: !{load}<writeonly:{tensor}>) {{
        %0 = {load}.load %in, offsets = [0], sizes = [{width}], strides = [1] : !{load}<readonly:{tensor}> -> {tensor}
        {load}.store %0, %out, offsets = [0], sizes = [{width}], strides = [1] : {tensor} -> !{load}<writeonly:{tensor}>
        return
      }}
    }}
  }}
  util.func public @main(%view: !hal.buffer_view) -> !hal.buffer_view {{
    %0 = hal.tensor.import %view "in" : !hal.buffer_view -> {tensor}
{calls}
    %r = hal.tensor.export %{length} "out" : {tensor} -> !hal.buffer_view
    util.return %r : !hal.buffer_view
  }}
}}
"""


def scheduled(flow: str) -> str:
    context = make_context()
    module = parse_module(flow, context)
    stream_phase(CompileOptions()).run(context, module)
    return print_module(module)


def transient_bytes(stream: str) -> int:
    """Bytes of all transient allocations of the text, whose sizes are constants."""
    sizes = re.findall(r"stream\.resource\.alloca .*!stream\.resource<transient>\{%c(\d+)(?:_\d+)?\}", stream)
    assert sizes
    return sum(map(int, sizes))


def intermediate_bytes(flow: str) -> int:
    """Bytes of all results of dispatches that are not results of the program."""
    exported = re.findall(r"hal\.tensor\.export %(\w+) ", flow)
    total = 0
    for name, shape, bits in re.findall(r"%(\w+) = flow\.dispatch .* -> tensor<((?:\d+x)*)[fi](\d+)>", flow):
        if name not in exported:
            count = 1
            for size in shape.split("x")[:-1]:
                count *= int(size)
            total += count * int(bits) // 8
    return total


def test_a_chain_needs_two_places():
    text = scheduled(chain(12, 1000))
    assert text.count("stream.cmd.dispatch") == 12
    assert transient_bytes(text) == 2 * align(4000, ALIGNMENT)


@pytest.mark.interop
def test_peak_of_the_transformer_block(real_iree):
    """At most 60 % of what the intermediate tensors take together."""
    flow = real_iree("transformer_block").phases["flow"].read_text()
    peak, together = transient_bytes(scheduled(flow)), intermediate_bytes(flow)
    assert together > 100_000
    assert peak <= 0.6 * together, f"{peak} of {together} bytes"
