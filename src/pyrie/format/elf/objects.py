"""Relocatable objects, as LLVM emits them, taken apart into sections, symbols and relocations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pyrie.format.elf import layout as elf
from pyrie.format.elf.machines import MACHINES, Machine
from pyrie.format.module import Data
from pyrie.support.errors import InputError, UnsupportedError

# Unwind tables: kernels neither throw nor are unwound.
_DROPPED = (".eh_frame", ".note")


@dataclass(frozen=True, slots=True)
class Reference:
    """A relocation: at `offset` of its section, of the machine's type `type`, to `symbol` of the object."""

    offset: int
    type: int
    symbol: int
    addend: int


@dataclass(eq=False, slots=True)
class Section:
    """A section that takes memory when loaded. `address` is the linker's to set."""

    name: str
    flags: int
    alignment: int
    size: int
    data: Data  # empty if it starts as zeros
    references: list[Reference] = field(default_factory=list, repr=False)
    address: int = -1

    @property
    def is_zeros(self) -> bool:
        return self.size > 0 and not len(self.data)


@dataclass(frozen=True, slots=True)
class ObjectSymbol:
    """`section` is None for symbols that are undefined, absolute or common; `raw` tells which."""

    name: str
    section: Section | None
    raw: elf.Symbol


@dataclass(frozen=True, slots=True)
class ObjectFile:
    name: str
    machine: Machine
    sections: list[Section]
    symbols: list[ObjectSymbol]
    groups: dict[str, list[Section]]  # sections kept only if no earlier object has a group of that name


def read_object(data: bytes, name: str) -> ObjectFile:
    """Parses one object. Raises InputError, or UnsupportedError for what no kernel needs."""
    header = elf.read_header(data, elf.ET_REL, name)
    if header.machine not in MACHINES:
        known = ", ".join(m.name for m in MACHINES.values())
        raise UnsupportedError(f"{name} is for ELF machine {header.machine}", hint=f"supported: {known}")
    headers = [
        elf.SectionHeader(*h)
        for h in elf.table(data, header.section_offset, header.section_count, elf.SECTION_HEADER, "the section headers")
    ]
    contents = [b"" if h.type == elf.SHT_NOBITS else elf.cut(data, h.offset, h.size, "a section") for h in headers]
    names = _linked(contents, header.name_section)
    sections = {i: s for i, h in enumerate(headers) if (s := _section(h, contents[i], elf.text(names, h.name)))}
    symbols: list[ObjectSymbol] = []
    for h, content in zip(headers, contents, strict=True):
        if h.type == elf.SHT_SYMTAB:
            strings = _linked(contents, h.link)
            symbols += (
                ObjectSymbol(elf.text(strings, raw.name), sections.get(raw.section), raw)
                for raw in (elf.Symbol(*r) for r in elf.SYMBOL.iter_unpack(content))
            )
    for h, content in zip(headers, contents, strict=True):
        if h.type == elf.SHT_RELA and h.info in sections:
            sections[h.info].references += _references(content, symbols, sections[h.info].size)
        elif h.type == elf.SHT_REL:
            raise UnsupportedError(f"{name} has relocations without addends")
    groups = {}
    for h, content in zip(headers, contents, strict=True):
        members = [int.from_bytes(content[i : i + 4], "little") for i in range(0, len(content), 4)] if h.type == elf.SHT_GROUP else []
        if members and members[0] & elf.GRP_COMDAT and h.info < len(symbols):
            groups[symbols[h.info].name] = [sections[m] for m in members[1:] if m in sections]
    return ObjectFile(name, MACHINES[header.machine], list(sections.values()), symbols, groups)


def _linked(contents: list[Data], index: int) -> Data:
    if index >= len(contents):
        raise InputError(f"ELF: there is no section {index}")
    return contents[index]


def _section(header: elf.SectionHeader, content: Data, name: str) -> Section | None:
    if not header.flags & elf.SHF_ALLOC or name.startswith(_DROPPED):
        return None
    if header.flags & elf.SHF_TLS or header.type in (elf.SHT_INIT_ARRAY, elf.SHT_FINI_ARRAY):
        raise UnsupportedError(f"section {name}: executables have no thread-local storage and no constructors")
    return Section(name, header.flags, max(header.alignment, 1), header.size, content)


def _references(content: Data, symbols: list[ObjectSymbol], size: int) -> Iterator[Reference]:
    for offset, info, addend in elf.RELA.iter_unpack(content):
        if offset >= size or info >> 32 >= len(symbols):
            raise InputError(f"ELF: a relocation at {offset} of a section of {size} bytes, to symbol {info >> 32} of {len(symbols)}")
        yield Reference(offset, info & 0xFFFFFFFF, info >> 32, addend)
