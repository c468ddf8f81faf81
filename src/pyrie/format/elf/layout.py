"""Layouts and constants of 64-bit little-endian ELF, as its specification numbers them."""

from __future__ import annotations

import struct
from typing import NamedTuple

from pyrie.format.module import Data
from pyrie.support.errors import InputError

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
RELA = struct.Struct("<QQq")
DYNAMIC = struct.Struct("<qQ")

IDENT_64_LITTLE = b"\x7fELF\x02\x01\x01"
ET_REL, ET_DYN = 1, 3

PT_LOAD, PT_DYNAMIC, PT_GNU_STACK, PT_GNU_RELRO = 1, 2, 0x6474E551, 0x6474E552
PF_X, PF_W, PF_R = 1, 2, 4

SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_HASH, SHT_DYNAMIC, SHT_NOBITS = 1, 2, 3, 4, 5, 6, 8
SHT_REL, SHT_DYNSYM, SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_GROUP = 9, 11, 14, 15, 17
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR, SHF_TLS = 1, 2, 4, 0x400
SHN_UNDEF, SHN_LORESERVE, SHN_ABS, SHN_COMMON = 0, 0xFF00, 0xFFF1, 0xFFF2
GRP_COMDAT = 1

STB_LOCAL, STB_GLOBAL, STB_WEAK = 0, 1, 2
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION, STT_TLS = 0, 1, 2, 3, 6

DT_NULL, DT_PLTRELSZ, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_RELA, DT_RELASZ, DT_RELAENT, DT_STRSZ, DT_SYMENT = 0, 2, 4, 5, 6, 7, 8, 9, 10, 11
DT_INIT, DT_REL, DT_JMPREL, DT_INIT_ARRAY, DT_INIT_ARRAYSZ = 12, 17, 23, 25, 27


class Header(NamedTuple):
    ident: bytes
    type: int
    machine: int
    version: int
    entry: int
    program_offset: int
    section_offset: int
    flags: int
    header_size: int
    program_entry_size: int
    program_count: int
    section_entry_size: int
    section_count: int
    name_section: int


class ProgramHeader(NamedTuple):
    type: int
    flags: int
    offset: int
    address: int
    physical_address: int
    file_size: int
    memory_size: int
    alignment: int


class SectionHeader(NamedTuple):
    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


class Symbol(NamedTuple):
    name: int
    info: int
    other: int
    section: int
    value: int
    size: int

    @property
    def binding(self) -> int:
        return self.info >> 4

    @property
    def type(self) -> int:
        return self.info & 15


def cut(data: Data, offset: int, size: int, what: str) -> Data:
    """`size` bytes from `offset`. Raises InputError if they are not all there."""
    if offset < 0 or size < 0 or offset > len(data) - size:
        raise InputError(f"ELF: {what} at {offset}..{offset + size} lies outside of {len(data)} bytes")
    return data[offset : offset + size]


def table(data: Data, offset: int, count: int, layout: struct.Struct, what: str) -> list[tuple]:
    """`count` records from `offset`. Raises InputError."""
    return list(layout.iter_unpack(cut(data, offset, count * layout.size, what)))


def text(strings: Data, offset: int) -> str:
    """The zero-terminated string at `offset` of a string table. Raises InputError."""
    tail = bytes(cut(strings, offset, min(len(strings) - offset, 4096), "a string"))
    end = tail.find(b"\0")
    if end < 0:
        raise InputError(f"ELF: the string at {offset} does not end")
    return tail[:end].decode("utf-8", "replace")


def read_header(data: Data, expected_type: int, what: str) -> Header:
    """The file header, checked as far as every ELF file of ours must agree. Raises InputError."""
    if len(data) < HEADER.size or bytes(data[:7]) != IDENT_64_LITTLE:
        raise InputError(f"{what} is not a 64-bit little-endian ELF file")
    header = Header(*HEADER.unpack_from(data))
    if header.type != expected_type:
        raise InputError(f"{what} has ELF type {header.type}, expected {expected_type}")
    sizes = (header.header_size, header.section_entry_size if header.section_count else SECTION_HEADER.size)
    if sizes != (HEADER.size, SECTION_HEADER.size):
        raise InputError(f"{what} has ELF records of unknown size")
    return header
