"""Writes a `Module` as a `.vmfb` that IREE's runtime and ours load.

Deterministic: no names of files, times or hash order; the same module always gives the same bytes. There is no ZIP front and no debug
database. External segments start at multiples of 64 of the file, so a mapped file serves them without a copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyrie.format import digest
from pyrie.format.flatbuffer import Buffer
from pyrie.format.flatbuffer_writer import Blob, Scalar, Table, build
from pyrie.format.module import EXTERNAL_ALIGNMENT, Attributes, Data, Module, Segment, Signature
from pyrie.format.reader import FILE_IDENTIFIER, FUNCTION_DESCRIPTOR, OPTIONAL_FLAG
from pyrie.support.shape import align

_FUNCTION_ALIGNMENT = 8


def write_module(module: Module, *, digests: bool = True) -> bytes:
    """The bytes of a module. `digests` adds the attributes that `digest` describes; any that the module had are left out."""
    return b"".join(module_chunks(module, digests=digests))


def module_chunks(module: Module, *, digests: bool = True) -> Iterator[Data]:
    """The bytes of a module piece by piece, so that large segments go to a file without a copy in memory."""
    external = [s for s in module.rodata if s.is_external]
    starts = _external_starts(external)
    tables = build(_root(module, starts, _attributes_of(module, external, digests)), FILE_IDENTIFIER)
    if digests:
        _fill_in_digest(tables)
    yield bytes(tables)
    position, base = len(tables), align(len(tables), EXTERNAL_ALIGNMENT)
    for segment, start in zip(external, starts, strict=True):
        yield bytes(base + start - position)
        yield segment.data
        position = base + start + len(segment.data)


def _external_starts(segments: Sequence[Segment]) -> list[int]:
    starts, end = [], 0
    for segment in segments:
        starts.append(align(end, EXTERNAL_ALIGNMENT))
        end = starts[-1] + len(segment.data)
    return starts


def _attributes_of(module: Module, external: Sequence[Segment], digests: bool) -> Attributes:
    kept = tuple((k, v) for k, v in module.attributes if k not in (digest.TABLES, digest.SEGMENTS))
    if not digests:
        return kept
    segments = ",".join(digest.digest_of(s.data) for s in external)
    return (*kept, (digest.TABLES, digest.PLACEHOLDER), (digest.SEGMENTS, segments))


def _fill_in_digest(tables: bytearray) -> None:
    flatbuffer = memoryview(tables)[4:]
    for attribute in Buffer(flatbuffer).root(FILE_IDENTIFIER).tables(3):
        if attribute.string(0) == digest.TABLES:
            start, end = attribute.span(1)
            flatbuffer[start:end] = digest.digest_of(flatbuffer).encode()


def _root(module: Module, starts: Sequence[int], attributes: Attributes) -> Table:
    bytecode, descriptors = _functions(module)
    flags = Scalar("I", OPTIONAL_FLAG)
    positions = iter(starts)
    return Table(
        {
            0: module.name,
            1: Scalar("I", module.version),
            2: Scalar("I", module.requirements),
            3: _attributes(attributes),
            4: [Table({0: name}) for name in module.types],
            5: [Table({0: d.name, 1: Scalar("I", d.minimum_version), 2: flags if d.is_optional else None}) for d in module.dependencies],
            6: [Table({0: i.name, 1: _signature(i.signature), 2: flags if i.is_optional else None}) for i in module.imports],
            7: [Table({0: e.name, 1: Scalar("i", e.function)}) for e in module.exports],
            8: [_signature(f.signature) for f in module.functions],
            9: [_segment(s, positions) for s in module.rodata],
            10: [],
            11: Table({0: Scalar("i", module.global_bytes), 1: Scalar("i", module.global_refs)}),
            12: Blob(descriptors, len(module.functions), 4),
            13: Scalar("I", module.bytecode_version),
            14: Blob(bytecode, len(bytecode), 16),
        }
    )


def _attributes(attributes: Attributes) -> list[Table] | None:
    return [Table({0: key, 1: value}) for key, value in attributes] or None


def _signature(signature: Signature) -> Table:
    return Table({0: signature.calling_convention, 1: _attributes(signature.attributes)})


def _segment(segment: Segment, starts: Iterator[int]) -> Table:
    if segment.is_external:
        return Table({3: Scalar("Q", next(starts)), 4: Scalar("Q", len(segment.data))})
    return Table({2: Blob(segment.data, len(segment.data), segment.alignment)})


def _functions(module: Module) -> tuple[bytes, bytes]:
    """All bytecode, and the table of what lies where in it."""
    bytecode, descriptors = bytearray(), bytearray()
    for f in module.functions:
        descriptors += FUNCTION_DESCRIPTOR.pack(
            len(bytecode), len(f.bytecode), f.requirements, 0, f.block_count, f.scalar_registers, f.ref_registers
        )
        bytecode += f.bytecode
        bytecode += bytes(align(len(bytecode), _FUNCTION_ALIGNMENT) - len(bytecode))
    return bytes(bytecode), bytes(descriptors)
