"""What stands at the front of an image: headers, and the tables that a loader reads. File offsets are addresses there."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from pyrie.format.elf import layout as elf
from pyrie.format.elf.machines import Machine
from pyrie.format.elf.objects import Section
from pyrie.support.shape import align

_WORD = 8
_TABLE_SECTIONS = 4  # section headers before those of the segments


@dataclass(slots=True)
class Segment:
    """Sections of one kind, in input order. `flags` are those of a program header."""

    name: str
    flags: int
    is_relro: bool = False  # read-only once relocated
    sections: list[Section] = field(default_factory=list)
    offset: int = 0  # in the file
    address: int = 0
    file_size: int = 0
    memory_size: int = 0


class Front:
    """Plans the front when the counts are known (`size`), writes it when the contents are (`finish`)."""

    def __init__(self, machine: Machine, segment_count: int, exported: Sequence[str], relocation_count: int):
        self.machine, self.exported = machine, exported
        self.program_count = segment_count + 3  # and dynamic table, stack, relro
        self.strings_data = b"\0" + b"".join(n.encode() + b"\0" for n in exported)
        self.symbols = align(elf.HEADER.size + elf.PROGRAM_HEADER.size * self.program_count, _WORD)
        self.relocations = self.symbols + elf.SYMBOL.size * (len(exported) + 1)
        self.dynamic = self.relocations + elf.RELA.size * relocation_count
        self.dynamic_size = elf.DYNAMIC.size * 9
        self.hash = self.dynamic + self.dynamic_size
        self.strings = self.hash + 4 * (len(exported) + 4)
        self.size = self.strings + len(self.strings_data)

    def finish(
        self,
        out: bytearray,
        segments: Sequence[Segment],
        relocations: Sequence[tuple[int, int]],
        symbols: Sequence[tuple[int, elf.Symbol]],
    ) -> bytes:
        """Fills in the front of the image `out` and appends its section headers. `symbols` are addresses of the exports."""
        for i, (place, value) in enumerate(sorted(relocations)):
            elf.RELA.pack_into(out, self.relocations + i * elf.RELA.size, place, self.machine.relative, value)
        self._write_symbols(out, segments, symbols)
        entries = (
            (elf.DT_HASH, self.hash),
            (elf.DT_SYMTAB, self.symbols),
            (elf.DT_SYMENT, elf.SYMBOL.size),
            (elf.DT_STRTAB, self.strings),
            (elf.DT_STRSZ, len(self.strings_data)),
            (elf.DT_RELA, self.relocations),
            (elf.DT_RELASZ, elf.RELA.size * len(relocations)),
            (elf.DT_RELAENT, elf.RELA.size),
            (elf.DT_NULL, 0),
        )
        for i, entry in enumerate(entries):
            elf.DYNAMIC.pack_into(out, self.dynamic + i * elf.DYNAMIC.size, *entry)
        programs = self._program_headers(segments)
        for i, program in enumerate(programs):
            elf.PROGRAM_HEADER.pack_into(out, elf.HEADER.size + i * elf.PROGRAM_HEADER.size, *program)
        section_offset, section_count = self._append_section_headers(out, segments)
        header = elf.Header(
            elf.IDENT_64_LITTLE.ljust(16, b"\0"), elf.ET_DYN, self.machine.number, 1, 0, elf.HEADER.size, section_offset, 0,
            elf.HEADER.size, elf.PROGRAM_HEADER.size, len(programs), elf.SECTION_HEADER.size, section_count, section_count - 1,
        )  # fmt: skip
        elf.HEADER.pack_into(out, 0, *header)
        return bytes(out)

    def _write_symbols(self, out: bytearray, segments: Sequence[Segment], symbols: Sequence[tuple[int, elf.Symbol]]) -> None:
        """Symbols, their names, and a hash table of a single chain."""
        name, count = 1, len(symbols) + 1
        loaded = [s for s in segments if s.sections]
        for i, (exported, (address, raw)) in enumerate(zip(self.exported, symbols, strict=True), 1):
            info = elf.STB_GLOBAL << 4 | raw.type
            section = next(
                (k for k, s in enumerate(loaded, _TABLE_SECTIONS) if s.address <= address < s.address + s.memory_size), elf.SHN_ABS
            )
            elf.SYMBOL.pack_into(out, self.symbols + i * elf.SYMBOL.size, name, info, 0, section, address, raw.size)
            name += len(exported.encode()) + 1
        chain = [i + 1 if 0 < i < count - 1 else 0 for i in range(count)]
        struct.pack_into(f"<{3 + count}I", out, self.hash, 1, count, min(1, len(symbols)), *chain)
        out[self.strings : self.strings + len(self.strings_data)] = self.strings_data

    def _program_headers(self, segments: Sequence[Segment]) -> list[tuple[int, ...]]:
        page = self.machine.page_size
        programs: list[tuple[int, ...]] = [
            *((elf.PT_LOAD, s.flags, s.offset, s.address, s.address, s.file_size, s.memory_size, page) for s in segments),
            (elf.PT_DYNAMIC, elf.PF_R, self.dynamic, self.dynamic, self.dynamic, self.dynamic_size, self.dynamic_size, _WORD),
            (elf.PT_GNU_STACK, elf.PF_R | elf.PF_W, 0, 0, 0, 0, 0, 16),
        ]
        for s in segments:
            if s.is_relro:
                programs.append((elf.PT_GNU_RELRO, elf.PF_R, s.offset, s.address, s.address, s.file_size, s.memory_size, 1))
        return programs

    def _append_section_headers(self, out: bytearray, segments: Sequence[Segment]) -> tuple[int, int]:
        """Nothing loads by these, but loaders want to see some and people like to disassemble. Returns (offset, count)."""
        tables = {
            ".dynsym": (elf.SHT_DYNSYM, self.symbols, self.relocations - self.symbols, 2, 1, elf.SYMBOL.size),
            ".dynstr": (elf.SHT_STRTAB, self.strings, len(self.strings_data), 0, 0, 0),
            ".dynamic": (elf.SHT_DYNAMIC, self.dynamic, self.dynamic_size, 2, 0, elf.DYNAMIC.size),
        }
        loaded = [s for s in segments if s.sections]
        names = b"\0" + b"".join(n.encode() + b"\0" for n in (*tables, *(s.name for s in loaded), ".shstrtab"))
        headers = [elf.SectionHeader(*[0] * 10)]
        for name, (kind, address, size, link, info, entry) in tables.items():
            position = names.index(name.encode() + b"\0")
            headers.append(elf.SectionHeader(position, kind, elf.SHF_ALLOC, address, address, size, link, info, _WORD, entry))
        for s in loaded:
            flags = elf.SHF_ALLOC | (elf.SHF_WRITE if s.flags & elf.PF_W else 0) | (elf.SHF_EXECINSTR if s.flags & elf.PF_X else 0)
            skipped = s.sections[0].address - s.address
            size = max(s.file_size - skipped, 0)
            position = names.index(s.name.encode() + b"\0")
            alignment = max(x.alignment for x in s.sections)
            headers.append(
                elf.SectionHeader(position, elf.SHT_PROGBITS, flags, s.address + skipped, s.offset + skipped, size, 0, 0, alignment, 0)
            )
        position = names.index(b".shstrtab\0")
        headers.append(elf.SectionHeader(position, elf.SHT_STRTAB, 0, 0, len(out), len(names), 0, 0, 1, 0))
        out += names
        out += bytes(-len(out) % _WORD)
        offset = len(out)
        for header in headers:
            out += elf.SECTION_HEADER.pack(*header)
        return offset, len(headers)
