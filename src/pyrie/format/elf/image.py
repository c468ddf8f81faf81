"""An image described for loading: plain data, every number of it checked against the file, nothing mapped or run.

The loader's part is mechanical: reserve `size` bytes at a page boundary (the base), copy each segment's `data` to its `start`, store
`base + target` as 8 bytes at each relocation's `place`, set each segment's protection, and call exports at `base + offset`.
All positions are offsets from the base.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pyrie.format.elf import layout as elf
from pyrie.format.elf.machines import MACHINES, Machine
from pyrie.format.module import Data
from pyrie.support import limits
from pyrie.support.errors import InputError, LimitError, UnsupportedError, VerifyError
from pyrie.support.shape import align

_WORD = 8
_MAX_SEGMENTS = 16


@dataclass(frozen=True, slots=True)
class ImageSegment:
    """`size` bytes from `start`: `data`, then zeros. Segments do not share pages. Never writable and executable at once.

    A segment with `is_relro` is writable only while it is being relocated.
    """

    start: int
    size: int
    data: Data = field(repr=False)
    is_writable: bool
    is_executable: bool
    is_relro: bool


@dataclass(frozen=True, slots=True)
class Image:
    machine: Machine
    size: int
    segments: tuple[ImageSegment, ...]
    relocations: tuple[tuple[int, int], ...] = field(repr=False)  # (place, target)
    exports: Mapping[str, int]


def read_image(data: Data) -> Image:
    """Checks and describes an image. Raises InputError, VerifyError, UnsupportedError, LimitError."""
    header = elf.read_header(data, elf.ET_DYN, "the executable")
    machine = MACHINES.get(header.machine)
    if machine is None:
        raise UnsupportedError(f"the executable is for ELF machine {header.machine}", hint=f"known: {[m.name for m in MACHINES.values()]}")
    if header.program_entry_size != elf.PROGRAM_HEADER.size:
        raise InputError("the executable has program headers of unknown size")
    rows = elf.table(data, header.program_offset, header.program_count, elf.PROGRAM_HEADER, "the program headers")
    programs = [elf.ProgramHeader(*row) for row in rows]
    loaded = [p for p in programs if p.type == elf.PT_LOAD and p.memory_size]
    if not 0 < len(loaded) <= _MAX_SEGMENTS:
        raise InputError(f"the executable has {len(loaded)} segments to load; expected 1 to {_MAX_SEGMENTS}")
    reader = _ImageReader(data, machine, programs, sorted(loaded, key=lambda p: p.address))
    return reader.run()


class _ImageReader:
    def __init__(self, data: Data, machine: Machine, programs: list[elf.ProgramHeader], loaded: list[elf.ProgramHeader]):
        self.data, self.machine, self.programs, self.loaded = data, machine, programs, loaded
        page = machine.page_size
        self.base = loaded[0].address // page * page  # address that offsets are counted from
        self.size = align(loaded[-1].address + loaded[-1].memory_size, page) - self.base

    def run(self) -> Image:
        segments = tuple(self.segment(p) for p in self.loaded)
        page = self.machine.page_size
        for before, after in itertools.pairwise(segments):
            if align(before.start + before.size, page) > after.start // page * page:
                raise VerifyError(f"segments of the executable share the page at {after.start}")
        if self.size > limits.MAX_EXECUTABLE_BYTES:
            raise LimitError(f"the executable needs {self.size} bytes of memory, above the limit of {limits.MAX_EXECUTABLE_BYTES}")
        dynamic = self.dynamic_table()
        if elf.DT_REL in dynamic:
            raise UnsupportedError("the executable has relocations without addends")
        if dynamic.get(elf.DT_INIT) or dynamic.get(elf.DT_INIT_ARRAYSZ):
            raise UnsupportedError("the executable has initializers; kernels need none")
        symbols = self.symbols(dynamic)
        relocations = tuple(self.relocations(dynamic, symbols))
        exports = {name: self.inside(s.value, 1, f"symbol '{name}'") for name, s in symbols if name and s.binding != elf.STB_LOCAL}
        return Image(self.machine, self.size, segments, relocations, exports)

    def segment(self, program: elf.ProgramHeader) -> ImageSegment:
        if program.file_size > program.memory_size:
            raise VerifyError(f"a segment of {program.memory_size} bytes has {program.file_size} bytes of data")
        if program.flags & elf.PF_W and program.flags & elf.PF_X:
            raise VerifyError("a segment of the executable is both writable and executable")
        page = self.machine.page_size
        if program.address % page != program.offset % page and program.alignment > 1:
            raise VerifyError(f"a segment at {program.address} lies at {program.offset} of the file: its pages do not line up")
        return ImageSegment(
            program.address - self.base,
            program.memory_size,
            elf.cut(self.data, program.offset, program.file_size, "a segment"),
            bool(program.flags & elf.PF_W),
            bool(program.flags & elf.PF_X),
            self.is_relro(program),
        )

    def is_relro(self, program: elf.ProgramHeader) -> bool:
        """Whether the part that becomes read-only starts with this segment and reaches its last page."""
        page = self.machine.page_size
        return any(
            p.type == elf.PT_GNU_RELRO
            and p.address == program.address
            and align(p.address + p.memory_size, page) >= align(program.address + program.memory_size, page)
            for p in self.programs
        )

    def inside(self, address: int, size: int, what: str) -> int:
        """The offset of `address`, checked to lie inside a segment with `size` bytes to spare."""
        for p in self.loaded:
            if p.address <= address <= p.address + p.memory_size - size:
                return address - self.base
        raise VerifyError(f"{what} at address {address} is outside of the executable's segments")

    def contents(self, address: int, size: int, what: str) -> Data:
        """Bytes of the file that are loaded at `address`."""
        for p in self.loaded:
            if p.address <= address and address + size <= p.address + p.file_size:
                return elf.cut(self.data, p.offset + address - p.address, size, what)
        raise VerifyError(f"{what} at address {address} is outside of the executable's data")

    def dynamic_table(self) -> dict[int, int]:
        for p in self.programs:
            if p.type == elf.PT_DYNAMIC:
                content = self.contents(p.address, p.file_size // elf.DYNAMIC.size * elf.DYNAMIC.size, "the dynamic table")
                entries: dict[int, int] = {}
                for tag, value in elf.DYNAMIC.iter_unpack(content):
                    if tag == elf.DT_NULL:
                        break
                    entries[tag] = value
                return entries
        raise InputError("the executable has no dynamic table")

    def symbols(self, dynamic: dict[int, int]) -> list[tuple[str, elf.Symbol]]:
        missing = {elf.DT_HASH, elf.DT_SYMTAB, elf.DT_STRTAB, elf.DT_STRSZ} - dynamic.keys()
        if missing:
            raise InputError(f"the executable's dynamic table lacks entries {sorted(missing)}")
        count = int.from_bytes(self.contents(dynamic[elf.DT_HASH] + 4, 4, "the hash table"), "little")
        content = self.contents(dynamic[elf.DT_SYMTAB], count * elf.SYMBOL.size, "the symbols")
        strings = self.contents(dynamic[elf.DT_STRTAB], dynamic[elf.DT_STRSZ], "the symbols' names")
        symbols = [elf.Symbol(*row) for row in elf.SYMBOL.iter_unpack(content)]
        named = [(elf.text(strings, s.name), s) for s in symbols]
        undefined = [name for name, s in named[1:] if s.section == elf.SHN_UNDEF]
        if undefined:
            raise UnsupportedError(f"the executable imports {', '.join(undefined[:5])}; imports are not supported")
        return named

    def relocations(self, dynamic: dict[int, int], symbols: list[tuple[str, elf.Symbol]]) -> Iterator[tuple[int, int]]:
        for table, size in ((elf.DT_RELA, elf.DT_RELASZ), (elf.DT_JMPREL, elf.DT_PLTRELSZ)):
            if not dynamic.get(size):
                continue
            count = dynamic[size] // elf.RELA.size
            content = self.contents(dynamic.get(table, 0), count * elf.RELA.size, "the relocations")
            for address, info, addend in elf.RELA.iter_unpack(content):
                kind, symbol = info & 0xFFFFFFFF, info >> 32
                place = self.inside(address, _WORD, "a relocation")
                if kind == self.machine.relative:
                    target = addend
                elif kind in self.machine.by_symbol and symbol < len(symbols):
                    target = symbols[symbol][1].value + addend
                else:
                    raise UnsupportedError(f"the executable has a relocation of type {kind} to symbol {symbol}")
                if not self.base <= target <= self.base + self.size:
                    raise VerifyError(f"a relocation points at address {target}, outside of the executable")
                yield place, target - self.base
