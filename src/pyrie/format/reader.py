"""Reads a `.vmfb` into a `Module`: bounds and references between tables are checked here, bytecode by `verifier`."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Literal

from pyrie.format import digest
from pyrie.format.archive import map_file, open_archive
from pyrie.format.flatbuffer import Buffer, Table
from pyrie.format.module import (
    BYTECODE_VERSION,
    Attributes,
    Dependency,
    Export,
    Function,
    Import,
    Module,
    Segment,
    Signature,
)
from pyrie.format.opcodes import MAX_REF_REGISTERS, MAX_SCALAR_REGISTERS, Feature
from pyrie.support import limits
from pyrie.support.errors import InputError, PyrieError, UnsupportedError, VerifyError

FILE_IDENTIFIER = b"IREE"
OPTIONAL_FLAG = 2  # of imports and dependencies

# offset, length, requirements, reserved, blocks, scalar registers, ref registers
FUNCTION_DESCRIPTOR = struct.Struct("<iiIhhHH")


def read_module(source: str | Path | bytes | bytearray | memoryview, *, verify: Literal["tables", "full"] = "tables") -> Module:
    """Reads a module from a file, which is mapped, or from bytes, which are not copied.

    A module that carries digests is checked against them: the tables and small segments always, segments over
    `digest.LARGE_SEGMENT_BYTES` only with `verify="full"`. Raises InputError, VerifyError, UnsupportedError.
    """
    location = str(source) if isinstance(source, str | Path) else None
    try:
        return _read(map_file(Path(source)) if isinstance(source, str | Path) else memoryview(source).toreadonly(), verify == "full")
    except PyrieError as error:
        error.location = error.location or location
        raise


def _read(data: memoryview, verify_all: bool) -> Module:
    archive = open_archive(data)
    root = Buffer(archive.flatbuffer).root(FILE_IDENTIFIER)
    version = root.u32(13)
    _check_version(version)
    rodata = tuple(_segment(t, archive.external, i) for i, t in enumerate(root.tables(9)))
    digest.check(archive.flatbuffer, root.tables(3), rodata, verify_all=verify_all)

    exports = tuple(Export(t.string(0), t.i32(1)) for t in root.tables(7))
    functions = _functions(root, exports)
    for export in exports:
        if not export.name or not 0 <= export.function < len(functions):
            raise VerifyError(f"export '{export.name}' refers to function {export.function} of {len(functions)}")
    state = root.table(11)
    module = Module(
        name=root.string(0),
        version=root.u32(1),
        requirements=_feature(root.u32(2)),
        attributes=_attributes(root, 3),
        types=tuple(t.string(0) for t in root.tables(4)),
        dependencies=tuple(Dependency(t.string(0), t.u32(1), bool(t.u32(2, 1) & OPTIONAL_FLAG)) for t in root.tables(5)),
        imports=tuple(Import(t.string(0), _signature(t.table(1)), bool(t.u32(2, 1) & OPTIONAL_FLAG)) for t in root.tables(6)),
        exports=exports,
        functions=functions,
        rodata=rodata,
        global_bytes=state.i32(0) if state else 0,
        global_refs=state.i32(1) if state else 0,
        bytecode_version=version,
    )
    _check_tables(module)
    return module


def _check_version(version: int) -> None:
    major, minor, our_major, our_minor = version >> 16, version & 0xFFFF, BYTECODE_VERSION >> 16, BYTECODE_VERSION & 0xFFFF
    if major != our_major or minor > our_minor:
        raise UnsupportedError(
            f"the module holds bytecode {major}.{minor}; this reader knows {our_major}.0 to {our_major}.{our_minor}",
            hint="compile it again with a compiler of the same release",
        )


def _check_tables(module: Module) -> None:
    if not module.name:
        raise VerifyError("the module has no name")
    if not all(module.types):
        raise VerifyError(f"type {module.types.index('')} has no name")
    for what, names in (("import", [i.name for i in module.imports]), ("dependency", [d.name for d in module.dependencies])):
        if not all(names):
            raise VerifyError(f"{what} {names.index('')} has no name")
    if not 0 <= module.global_bytes <= limits.MAX_GLOBAL_BYTES or not 0 <= module.global_refs <= limits.MAX_GLOBAL_REFS:
        raise VerifyError(f"the module asks for {module.global_bytes} bytes and {module.global_refs} references of globals")


def _feature(bits: int) -> Feature:
    known = Feature.F32 | Feature.F64 | Feature.YIELD | Feature.UNWIND
    if bits & ~known:
        raise UnsupportedError(f"the module requires features 0x{bits & ~known:X}, which this reader does not know")
    return Feature(bits)


def _attributes(table: Table, number: int) -> Attributes:
    return tuple((t.string(0), t.string(1)) for t in table.tables(number))


def _signature(table: Table | None) -> Signature:
    return Signature(table.string(0), _attributes(table, 1)) if table else Signature()


def _segment(table: Table, external: memoryview, number: int) -> Segment:
    if table.field(2) is not None:
        return Segment(table.bytes(2))
    offset, length = table.u64(3), table.u64(4)
    if offset > len(external) or length > len(external) - offset:
        raise InputError(
            f"rodata segment {number} lies at {offset}..{offset + length} of {len(external)} external bytes", hint="the file is truncated"
        )
    return Segment(external[offset : offset + length], is_external=True)


def _functions(root: Table, exports: tuple[Export, ...]) -> tuple[Function, ...]:
    signatures, descriptors, bytecode = root.tables(8), root.structs(12, FUNCTION_DESCRIPTOR), root.bytes(14)
    if len(signatures) != len(descriptors):
        raise VerifyError(f"there are {len(descriptors)} functions but {len(signatures)} signatures")
    if sum(d[1] for d in descriptors) > limits.MAX_BYTECODE_SHARING * len(bytecode):
        raise VerifyError("functions overlap one another beyond any use")
    names = _names(root, exports, len(descriptors))
    functions = []
    for i, (offset, length, features, _, blocks, scalars, refs) in enumerate(descriptors):
        if offset < 0 or length <= 0 or offset > len(bytecode) - length:
            raise VerifyError(f"function {i} lies at {offset}..{offset + length} of {len(bytecode)} bytes of bytecode")
        if blocks <= 0 or scalars > MAX_SCALAR_REGISTERS or refs > MAX_REF_REGISTERS:
            raise VerifyError(f"function {i} has {blocks} blocks, {scalars} scalar and {refs} ref registers")
        code = bytecode[offset : offset + length]
        functions.append(Function(_signature(signatures[i]), code, blocks, scalars, refs, _feature(features), names.get(i, "")))
    return tuple(functions)


def _names(root: Table, exports: tuple[Export, ...], count: int) -> dict[int, str]:
    """Names of functions for messages and listings: of the export, or from the debug database if it speaks of every function."""
    names = {e.function: e.name for e in reversed(exports)}
    debug = root.table(15)
    described = debug.tables(2) if debug else []  # fields 0 and 1 are the union vector of locations
    if len(described) == count:
        names.update((i, t.string(0)) for i, t in enumerate(described))
    return names
