"""A static linker for executables: objects in, one position-independent image out, with nothing left undefined.

The image has at most four segments, each on pages of its own:

  read-only   ELF and program headers, dynamic symbols, strings, hash, relocations, dynamic table, constants
  code        functions
  relro       constants with addresses in them and the offset table: written once when loaded, then read-only
  data        variables, then zeros that take no room in the file

It is the layout that IREE's embedded loader asks for: ET_DYN, base-relative relocations, a System V hash table for the symbol count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pyrie.format.elf import layout as elf
from pyrie.format.elf.front import Front, Segment
from pyrie.format.elf.machines import Relocation, Target
from pyrie.format.elf.objects import ObjectFile, ObjectSymbol, Reference, Section, read_object
from pyrie.support.errors import CompileError, InputError
from pyrie.support.shape import align

_WORD = 8
_RELRO_NAMES = (".data.rel.ro",)


def link(objects: Sequence[bytes], *, exported: Sequence[str], names: Sequence[str] = ()) -> bytes:
    """Links relocatable objects into one image that exports the symbols `exported`.

    `names` are what error messages call the objects. Raises CompileError for undefined or doubly defined symbols and for
    code that is not position-independent.
    """
    if not objects:
        raise InputError("there is nothing to link")
    called = [names[i] if i < len(names) else f"object {i}" for i in range(len(objects))]
    files = [read_object(data, name) for data, name in zip(objects, called, strict=True)]
    if len({f.machine.name for f in files}) > 1:
        raise InputError("the objects are for different machines: " + ", ".join(f"{f.name} for {f.machine.name}" for f in files))
    return _Linker(files, exported).run()


class _Meaning(NamedTuple):
    """What a symbol stands for: a place in a section, or (without one) a number."""

    section: Section | None
    offset: int


class _Linker:
    def __init__(self, files: Sequence[ObjectFile], exported: Sequence[str]):
        self.files, self.exported, self.machine = files, exported, files[0].machine
        self.globals: dict[str, tuple[ObjectFile, ObjectSymbol]] = {}
        self.commons: dict[str, Section] = {}
        self.offset_table = Section(".data.rel.ro.got", elf.SHF_ALLOC | elf.SHF_WRITE, _WORD, 0, b"")
        self.slots: dict[_Meaning, int] = {}  # what an entry of the offset table points at -> its index
        self.relocations: list[tuple[int, int]] = []  # place, what it points at
        self.dropped: set[Section] = set()
        self.read_only = Segment(".rodata", elf.PF_R)
        self.code = Segment(".text", elf.PF_R | elf.PF_X)
        self.relro = Segment(".data.rel.ro", elf.PF_R | elf.PF_W, is_relro=True)
        self.data = Segment(".data", elf.PF_R | elf.PF_W)

    def run(self) -> bytes:
        self.drop_repeated_groups()
        self.resolve_globals()
        sections = [s for f in self.files for s in f.sections if s not in self.dropped]
        self.fill_offset_table()
        for section in [*sections, *self.commons.values(), *([self.offset_table] if self.slots else [])]:
            self.segment_of(section).sections.append(section)
        self.data.sections.sort(key=lambda s: s.is_zeros)
        segments = [s for s in (self.read_only, self.code, self.relro, self.data) if s.sections or s is self.read_only]

        absolute = sum(self.kind(f, s, r).target is Target.ABSOLUTE for f, s, r in self.references())
        front = Front(self.machine, len(segments), self.exported, absolute + len(self.slots))
        self.place(segments, front.size)
        out = bytearray(max(s.offset + s.file_size for s in segments))
        for segment in segments:
            for section in segment.sections:
                start = segment.offset + section.address - segment.address
                out[start : start + len(section.data)] = section.data
        for file, section, reference in self.references():
            self.apply(out, file, section, reference)
        self.relocations += [(self.offset_table.address + _WORD * i, self.address(s)) for s, i in self.slots.items()]
        exports = [self.globals[name] for name in self.exported]
        symbols = [(self.address(self.meaning(*e)), e[1].raw) for e in exports]
        return front.finish(out, segments, self.relocations, symbols)

    # Symbols.

    def drop_repeated_groups(self) -> None:
        seen: set[str] = set()
        for file in self.files:
            for name, sections in file.groups.items():
                if name in seen:
                    self.dropped.update(sections)
                seen.add(name)

    def resolve_globals(self) -> None:
        for file in self.files:
            for symbol in file.symbols:
                if symbol.raw.binding != elf.STB_LOCAL and symbol.raw.section != elf.SHN_UNDEF and symbol.section not in self.dropped:
                    self.define(file, symbol)
        undefined = {
            symbol.name: file.name
            for file in self.files
            for symbol in file.symbols
            if symbol.raw.binding != elf.STB_LOCAL and symbol.name not in self.globals
        }
        if undefined:
            listed = tuple(f"{symbol}, needed by {file}" for symbol, file in sorted(undefined.items()))
            raise CompileError("the executable would import symbols; nothing can provide them", details=listed)
        missing = [n for n in self.exported if n not in self.globals]
        if missing:
            raise CompileError(f"no object defines {', '.join(missing)}, which the executable has to export")

    def define(self, file: ObjectFile, symbol: ObjectSymbol) -> None:
        known = self.globals.get(symbol.name)
        weak = [s.raw.binding == elf.STB_WEAK or s.raw.section == elf.SHN_COMMON for s in (symbol, known[1] if known else symbol)]
        if known and not any(weak):
            raise CompileError(f"symbol {symbol.name} is defined by both {known[0].name} and {file.name}")
        if symbol.raw.section == elf.SHN_COMMON:  # alignment is in the value
            common = Section(".bss", elf.SHF_ALLOC | elf.SHF_WRITE, max(symbol.raw.value, 1), symbol.raw.size, b"")
            if symbol.name not in self.commons or common.size > self.commons[symbol.name].size:
                self.commons[symbol.name] = common
        if not known or (weak[1] and not weak[0]):
            self.globals[symbol.name] = (file, symbol)

    def meaning(self, file: ObjectFile, symbol: ObjectSymbol) -> _Meaning:
        """What a reference to `symbol` of `file` refers to."""
        if symbol.raw.binding != elf.STB_LOCAL:
            file, symbol = self.globals[symbol.name]
        if symbol.raw.section == elf.SHN_COMMON:
            return _Meaning(self.commons[symbol.name], 0)
        if symbol.section in self.dropped or (symbol.section is None and symbol.raw.section != elf.SHN_ABS):
            raise CompileError(f"{file.name} refers to '{symbol.name}' in a section that is not part of the executable")
        return _Meaning(symbol.section, symbol.raw.value)

    def address(self, meaning: _Meaning) -> int:
        return meaning.offset if meaning.section is None else meaning.section.address + meaning.offset

    def references(self) -> Iterator[tuple[ObjectFile, Section, Reference]]:
        for file in self.files:
            for section in file.sections:
                if section not in self.dropped:
                    for reference in section.references:
                        yield file, section, reference

    # Layout.

    def segment_of(self, section: Section) -> Segment:
        if section.flags & elf.SHF_EXECINSTR:
            return self.code
        if section.flags & elf.SHF_WRITE:
            return self.relro if section.name.startswith(_RELRO_NAMES) else self.data
        return self.read_only

    def fill_offset_table(self) -> None:
        for file, section, reference in self.references():
            if self.kind(file, section, reference).target is Target.SLOT:
                self.slots.setdefault(self.meaning(file, file.symbols[reference.symbol]), len(self.slots))
        self.offset_table.size = _WORD * len(self.slots)
        self.offset_table.data = bytes(self.offset_table.size)

    def place(self, segments: Sequence[Segment], front_size: int) -> None:
        """Gives each section its address. Segments start on a page of their own, but follow one another closely in the file."""
        page, offset, address = self.machine.page_size, 0, 0
        self.read_only.file_size = self.read_only.memory_size = front_size
        for segment in segments:
            alignment = max((s.alignment for s in segment.sections), default=1)
            if alignment > page:
                raise CompileError(f"a section wants to be aligned to {alignment} bytes; pages have {page}")
            segment.offset = align(offset, alignment)
            segment.address = align(address, page) + segment.offset % page
            for section in segment.sections:
                section.address = align(segment.address + segment.memory_size, section.alignment)
                segment.memory_size = section.address + section.size - segment.address
                if not section.is_zeros:
                    segment.file_size = segment.memory_size
            offset, address = segment.offset + segment.file_size, segment.address + segment.memory_size

    # Contents.

    def kind(self, file: ObjectFile, section: Section, reference: Reference) -> Relocation:
        relocation = self.machine.relocations.get(reference.type)
        if relocation is None:
            raise CompileError(
                f"{file.name}: relocation type {reference.type} in {section.name} is not known for {self.machine.name}",
                details=(f"it refers to '{file.symbols[reference.symbol].name}'",),
                hint="known: " + ", ".join(r.name for r in self.machine.relocations.values()),
            )
        return relocation

    def apply(self, out: bytearray, file: ObjectFile, section: Section, reference: Reference) -> None:
        relocation = self.kind(file, section, reference)
        if relocation.target is Target.NOTHING:
            return
        if reference.offset + relocation.size > len(section.data):
            raise InputError(f"{file.name}: a relocation at {reference.offset} reaches past the end of {section.name}")
        symbol = file.symbols[reference.symbol]
        meaning = self.meaning(file, symbol)
        place = section.address + reference.offset
        result = self.address(meaning) + reference.addend
        if relocation.target is Target.ABSOLUTE and meaning.section is not None:
            if relocation.size != _WORD:
                raise CompileError(
                    f"{file.name}: {relocation.name} to '{symbol.name}' in {section.name} fixes an address when linking",
                    hint="compile it as position-independent code (reloc='pic')",
                )
            self.relocations.append((place, result))
        elif relocation.target is Target.RELATIVE:
            result -= place
        elif relocation.target is Target.SLOT:
            result = self.offset_table.address + _WORD * self.slots[meaning] + reference.addend - place
        bits = 8 * relocation.size
        if not -1 << bits - 1 <= result < 1 << bits - 1:
            raise CompileError(f"{file.name}: {relocation.name} to '{symbol.name}' does not reach: {result} needs more than {bits} bits")
        segment = self.segment_of(section)
        start = segment.offset + place - segment.address
        out[start : start + relocation.size] = result.to_bytes(relocation.size, "little", signed=True)
