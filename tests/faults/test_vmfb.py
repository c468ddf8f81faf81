"""Damaged modules: each truncation and many flipped bits of a compiled example give an error of ours, or a module that still verifies."""

from __future__ import annotations

import random
import time

import pytest

from conftest import EXAMPLES
from pyrie import session
from pyrie.format.disassembler import disassemble
from pyrie.format.elf import read_image
from pyrie.format.module import Module
from pyrie.format.reader import read_module
from pyrie.format.verifier import verify_module
from pyrie.format.writer import write_module
from pyrie.support.errors import PyrieError

SEED = 20261123
SECONDS = 60


def load(data: bytes | bytearray) -> Module | None:
    """The module after all the checks that loading makes; None if one of them refused it. Anything but a PyrieError escapes."""
    try:
        module = read_module(data)
        verify_module(module)
        for segment in module.rodata:
            if bytes(segment.data[:4]) == b"\x7fELF":
                read_image(segment.data)
    except PyrieError as error:
        assert str(error)
        return None
    return module


@pytest.fixture(scope="module", params=["digits", "real mlp"])
def original(request: pytest.FixtureRequest, real_iree) -> bytes:
    """Ours with digests; the real compiler's without, so that nothing but the checks of structure stands in the way."""
    if request.param == "digits":
        return session.compile(EXAMPLES / "digits.onnx")
    return write_module(read_module(real_iree("mlp").module), digests=False)


def test_every_truncation_is_refused(original: bytes):
    assert load(original)
    start = time.monotonic()
    for size in range(len(original)):
        assert load(original[:size]) is None, f"the first {size} of {len(original)} bytes were accepted"
    assert time.monotonic() - start < SECONDS


@pytest.mark.parametrize("bits", [1, 8])
def test_flipped_bits_do_not_escape(original: bytes, bits: int):
    """Two thirds of the flips go into the tables, which are the smaller part of the file."""
    generator = random.Random(SEED + bits)
    tables = int.from_bytes(original[:4], "little")
    start, accepted = time.monotonic(), 0
    for flip in range(500):
        damaged = bytearray(original)
        for _ in range(bits):
            position = generator.randrange(tables if flip % 3 else len(original))
            damaged[position] ^= 1 << generator.randrange(8)
        try:
            module = load(damaged)
        except Exception as error:
            pytest.fail(f"seed {SEED + bits}, flip {flip}: {type(error).__name__}: {error}")
        if module:
            accepted += 1
            disassemble(module)
    assert time.monotonic() - start < SECONDS
    if b"pyrie.digest" in original:
        assert accepted <= 25, "digests let damage pass"  # padding between segments, and bits that hide the digests themselves
