"""The executable library as LLVM text: the query function, and the tables that say what a binary exports (CPU ABI, version 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

QUERY = "iree_hal_executable_library_query"
VERSION = 6
PAGE_BYTES = 4096  # local memory is counted in pages


@dataclass(frozen=True)
class Export:
    """A kernel as the runtime sees it. `name` is what it is looked up by, `symbol` where its code is."""

    name: str
    constants: int
    bindings: int
    local_memory: int = 0
    symbol: str = ""

    def at(self, symbol: str, local_memory: int) -> Export:
        """The same export, once its code is known."""
        return replace(self, symbol=symbol, local_memory=max(self.local_memory, local_memory))


_TYPES = """%header = type { i32, ptr, i32, i32 }
%attributes = type { i64, i16, i8, i8, i32, i32, i16, i16, [5 x i64] }
%imports = type { i32, ptr }
%exports = type { i32, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr }
%library = type { ptr, %imports, %exports, %imports, %imports }"""


def lines(exports: Sequence[Export], name: str) -> list[str]:
    """The tables and the query function."""
    count = len(exports)
    result = [_TYPES, _string("library.name", name)]
    result += [f"declare hidden i32 @{symbol}(ptr, ptr, ptr)" for symbol in dict.fromkeys(export.symbol for export in exports)]
    result += [_string(f"export.{i}", export.name) for i, export in enumerate(exports)]
    result += [
        _array("export.names", "ptr", [f"ptr @export.{i}" for i in range(count)]),
        _array("export.functions", "ptr", [f"ptr @{export.symbol}" for export in exports]),
        _array("export.attributes", "%attributes", [_attributes(export) for export in exports]),
        f"@library.header = private constant %header {{ i32 {VERSION}, ptr @library.name, i32 0, i32 0 }}",
        "@library = private constant %library { ptr @library.header, %imports zeroinitializer, "
        f"%exports {{ i32 {count}, ptr @export.functions, ptr @export.attributes, ptr null, ptr null, ptr @export.names, "
        "ptr null, ptr null, ptr null, ptr null }, %imports zeroinitializer, %imports zeroinitializer }",
        f"""define dso_local ptr @{QUERY}(i32 %version, ptr %environment) #0 {{
  %known = icmp uge i32 %version, {VERSION}
  %result = select i1 %known, ptr @library, ptr null
  ret ptr %result
}}""",
    ]
    return result


def _attributes(export: Export) -> str:
    pages = -(-export.local_memory // PAGE_BYTES)
    return (
        f"%attributes {{ i64 0, i16 {pages}, i8 {export.constants}, i8 {export.bindings}, "
        "i32 1, i32 1, i16 1, i16 0, [5 x i64] zeroinitializer }"
    )


def _string(name: str, value: str) -> str:
    data = value.encode() + b"\0"
    escaped = "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\{b:02X}" for b in data)
    return f'@{name} = private constant [{len(data)} x i8] c"{escaped}"'


def _array(name: str, type: str, items: Sequence[str]) -> str:
    return f"@{name} = private constant [{len(items)} x {type}] [{', '.join(items)}]"
