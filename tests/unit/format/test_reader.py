"""What is written is read back; what is damaged is refused with an error that says so."""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path

import pytest
from hand_made_modules import adder, every_opcode, module

from pyrie.format import digest
from pyrie.format.module import CallingConvention, Dependency, Module, Segment, Span
from pyrie.format.opcodes import Bank
from pyrie.format.reader import read_module
from pyrie.format.writer import write_module
from pyrie.support.errors import InputError, PyrieError, UnsupportedError, VerifyError


def without_digests(m: Module) -> Module:
    """With plain bytes and names left out, so that modules compare equal."""
    functions = tuple(dataclasses.replace(f, bytecode=bytes(f.bytecode), name="") for f in m.functions)
    rodata = tuple(Segment(bytes(s.data), s.is_external) for s in m.rodata)
    attributes = tuple((k, v) for k, v in m.attributes if not k.startswith("pyrie.digest"))
    return dataclasses.replace(m, functions=functions, rodata=rodata, attributes=attributes)


@pytest.mark.parametrize("digests", [True, False])
@pytest.mark.parametrize("make", [adder, every_opcode])
def test_a_module_survives_writing_and_reading(make, digests: bool):
    m = dataclasses.replace(make(), dependencies=(Dependency("hal", 6), Dependency("extra", 0, True)), version=3)
    read = read_module(write_module(m, digests=digests))
    assert without_digests(read) == m
    assert any(k == digest.TABLES for k, _ in read.attributes) == digests


def test_writing_what_was_read_gives_the_same_bytes():
    data = write_module(adder())
    assert write_module(read_module(data)) == data


def test_old_digests_are_not_kept():
    plain = write_module(adder(), digests=False)
    assert write_module(read_module(write_module(adder())), digests=False) == plain


def test_external_data_is_aligned_and_not_copied():
    data = write_module(adder())
    external = [s.data for s in read_module(data).rodata if s.is_external]
    assert [len(e) for e in external] == [100, 0, 7]
    assert all(isinstance(e, memoryview) and e.obj is data for e in external)
    assert data.index(b"\x01" * 100) % 64 == 0
    assert data.index(b"\x02" * 7) % 64 == 0


def test_a_file_is_mapped(tmp_path: Path):
    path = tmp_path / "adder.vmfb"
    path.write_bytes(write_module(adder()))
    assert without_digests(read_module(path)) == adder()


def test_a_zip_header_in_front_is_skipped():
    data = write_module(adder())
    extra = 64 - 30 - len("module.fb")
    header = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, len(data), len(data), len("module.fb"), extra)
    assert without_digests(read_module(header + b"module.fb" + bytes(extra) + data)) == adder()


def test_every_truncation_is_refused():
    data = write_module(adder())
    for size in range(len(data)):
        with pytest.raises(PyrieError):
            read_module(data[:size])


def test_every_flipped_bit_of_the_tables_is_noticed_or_harmless():
    """Harmless: a bit that hides the attributes, digest and all, leaves everything else as it was."""
    data = write_module(adder())
    harmless = 0
    for position in range(4, struct.unpack_from("<I", data)[0] + 4):
        damaged = bytearray(data)
        damaged[position] ^= 1 << position % 8
        try:
            read = read_module(damaged)
        except PyrieError:
            continue
        harmless += 1
        assert dataclasses.replace(without_digests(read), attributes=()) == dataclasses.replace(adder(), attributes=())
    assert harmless < 20


def test_damaged_external_data_is_noticed():
    data = bytearray(write_module(adder()))
    data[-1] ^= 1
    with pytest.raises(VerifyError, match="external segment 2 does not match its digest"):
        read_module(data)


def test_large_external_data_is_checked_only_on_demand(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(digest, "LARGE_SEGMENT_BYTES", 50)
    data = bytearray(write_module(adder()))
    data[data.index(b"\x01" * 100)] ^= 1
    read_module(data)
    with pytest.raises(VerifyError, match="external segment 0"):
        read_module(data, verify="full")


def test_missing_and_foreign_files_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"nowhere.*\n?.*No such file"):
        read_module(tmp_path / "nowhere.vmfb")
    (tmp_path / "empty.vmfb").touch()
    with pytest.raises(InputError, match="too short"):
        read_module(tmp_path / "empty.vmfb")
    with pytest.raises(InputError, match="not a FlatBuffer"):
        read_module(struct.pack("<I", 60) + b"x" * 60)


def test_another_bytecode_version_is_refused():
    with pytest.raises(UnsupportedError, match=r"bytecode 18\.0"):
        read_module(write_module(dataclasses.replace(adder(), bytecode_version=18 << 16)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "no name"),
        ({"types": ("i32", "")}, "type 1 has no name"),
        ({"global_bytes": 1 << 30}, "asks for"),
        ({"dependencies": (Dependency(""),)}, "dependency 0 has no name"),
    ],
)
def test_tables_that_make_no_sense_are_refused(change: dict, message: str):
    with pytest.raises(VerifyError, match=message):
        read_module(write_module(module(**change)))


def test_tables_that_alias_one_another_cannot_multiply():
    """A vector of n offsets to one table that holds such a vector again would be n * n tables."""
    count = 3000
    out = bytearray(struct.pack("<I4s", 0, b"IREE"))
    vtable = len(out)
    out += struct.pack("<2H16H", 36, 12, *([4] + [0] * 7 + [8] + [0] * 7))  # name and signatures
    root = len(out)
    out += struct.pack("<iII", root - vtable, 0, 0)
    name = len(out)
    out += b"\x01\0\0\0m\0\0\0"
    signature_vtable = len(out)
    out += struct.pack("<4H", 8, 8, 0, 4)  # attributes only
    signature = len(out)
    out += struct.pack("<iI", signature - signature_vtable, 4)
    out += struct.pack("<I", count)
    out += struct.pack(f"<{count}I", *(signature - (signature + 12 + 4 * i) & 0xFFFFFFFF for i in range(count)))
    signatures = len(out)
    out += struct.pack("<I", count)
    for i in range(count):
        out += struct.pack("<I", signature - (signatures + 4 + 4 * i) & 0xFFFFFFFF)
    struct.pack_into("<I", out, 0, root)
    struct.pack_into("<II", out, root + 4, name - root - 4, signatures - root - 8)
    with pytest.raises(PyrieError):
        read_module(struct.pack("<I", len(out)) + out)


@pytest.mark.parametrize("text", ["0v_v", "0iIfFr_rFfIi", "0rIrrrICrIID_v", "0CiDCrID_i"])
def test_calling_conventions_print_as_they_parse(text: str):
    assert str(CallingConvention.parse(text)) == text


@pytest.mark.parametrize("text", ["1v_v", "0x_v", "0Ci_v", "0CD_v", "0CCiDD_v", "0v_CiD", "0i_D"])
def test_malformed_calling_conventions_are_refused(text: str):
    with pytest.raises(VerifyError, match="calling convention"):
        CallingConvention.parse(text)


def test_arguments_fill_the_registers_in_order():
    convention = CallingConvention.parse("0iIrifFr_v")
    assert convention.argument_registers() == (0, 2, 0x8000, 4, 5, 6, 0x8001)
    assert CallingConvention.parse("0CrID_v").arguments == (Span((Bank.REF, Bank.I64)),)
