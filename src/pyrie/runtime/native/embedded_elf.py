"""Loads `embedded-elf-*` executables: maps the image, asks it for its library, and describes the kernels in it.

Library structure, version 6, 64-bit: header* @0 (version @0, name* @8, features @16, sanitizer @20), imports {count @8, symbols** @16},
exports {count @24, functions** @32, attributes* @40, names** @64}, constant count @104.
"""

from __future__ import annotations

import ctypes
import platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyrie.runtime import status
from pyrie.runtime.hal.executable import Executable, Kernel, register_format
from pyrie.runtime.native.cpu import processor_data
from pyrie.runtime.native.memory import PROT_EXECUTE, PROT_READ, PROT_WRITE, NativeMemory
from pyrie.support.shape import align

if TYPE_CHECKING:  # imported when the first image is loaded
    from pyrie.format.elf import Image

LIBRARY_VERSION = 6
QUERY_SYMBOL = "iree_hal_executable_library_query"
LOCAL_MEMORY_PAGE = 4096
ATTRIBUTES = struct.Struct("<QHBBIIHH40x")  # flags, local memory pages, constants, bindings, workgroup size x, y, z, parameters
ENVIRONMENT = struct.Struct("<QQQQ8Q")  # constants*, import thunk, import functions*, import contexts*, processor data
MAX_KERNELS = 1 << 16
MAX_NAME = 1 << 12

_MACHINES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm_64", "arm64": "arm_64", "riscv64": "riscv_64"}


@dataclass(slots=True)
class LoadedImage:
    """An image in memory and what its kernels' environment points to; kept by every kernel of it."""

    memory: NativeMemory
    environment: Any = None
    constants: Any = None
    imports: Any = None


def load(data: memoryview, constants: Sequence[int]) -> Executable:
    """Maps an image and lists its kernels. Raises DeviceError INCOMPATIBLE and what `read_image` raises."""
    from pyrie.format.elf import read_image

    image = read_image(data)
    if image.machine.name != host_machine():
        raise status.error(status.INCOMPATIBLE, f"the executable is for {image.machine.name}; this machine is {platform.machine()}")
    loaded = map_image(image)
    offset = image.exports.get(QUERY_SYMBOL)
    if offset is None:
        raise status.error(status.INVALID_ARGUMENT, f"the executable does not export {QUERY_SYMBOL}")
    return Executable(image.machine.format, _Library(loaded, offset).kernels(constants))


def map_image(image: Image) -> LoadedImage:
    """Copies segments, relocates and sets protections."""
    memory = NativeMemory(image.size)
    for segment in image.segments:
        memory.write(segment.start, segment.data)
    for place, target in image.relocations:
        memory.write_pointer(place, memory.address + target)
    page = image.machine.page_size
    for segment in image.segments:
        start = segment.start // page * page
        protection = PROT_READ
        if segment.is_executable:
            protection |= PROT_EXECUTE
        elif segment.is_writable and not segment.is_relro:
            protection |= PROT_WRITE
        memory.protect(start, align(segment.start + segment.size, page) - start, protection)
    return LoadedImage(memory)


class _Library:
    """Reads the library structure; every pointer in it must point into the image."""

    def __init__(self, loaded: LoadedImage, query_offset: int):
        self.loaded, self.memory = loaded, loaded.memory
        environment = ctypes.create_string_buffer(ENVIRONMENT.size)
        ENVIRONMENT.pack_into(environment, 0, 0, 0, 0, 0, *processor_data())
        loaded.environment = environment
        query = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p)(self.memory.address + query_offset)
        self.library = query(LIBRARY_VERSION, ctypes.addressof(environment)) or 0
        if not self.library:
            raise status.error(status.INCOMPATIBLE, f"the executable needs a library version above {LIBRARY_VERSION}")

    def kernels(self, constants: Sequence[int]) -> list[Kernel]:
        version = self.u32(self.pointer(self.library))
        if version != LIBRARY_VERSION:
            raise status.error(status.INCOMPATIBLE, f"the executable is of library version {version}; this runtime knows {LIBRARY_VERSION}")
        self.fill_environment(constants)
        count = self.u32(self.library + 24)
        if count > MAX_KERNELS:
            raise status.error(status.INVALID_ARGUMENT, f"the executable claims {count} kernels")
        functions, attributes, names = (self.pointer(self.library + at) for at in (32, 40, 64)) if count else (0, 0, 0)
        return [self.kernel(self.pointer(functions + 8 * i), attributes + 64 * i, self.pointer(names + 8 * i)) for i in range(count)]

    def kernel(self, function: int, attributes: int, name: int) -> Kernel:
        _, pages, constants, bindings, x, y, z, _ = ATTRIBUTES.unpack(self.read(attributes, ATTRIBUTES.size))
        size = (max(x, 1), max(y, 1), max(z, 1))
        environment = ctypes.addressof(self.loaded.environment)
        return Kernel(self.text(name), constants, bindings, pages * LOCAL_MEMORY_PAGE, size, function, environment, owner=self.loaded)

    def fill_environment(self, constants: Sequence[int]) -> None:
        expected = self.u32(self.library + 104)
        if expected != len(constants):
            raise status.error(status.INVALID_ARGUMENT, f"the executable takes {expected} constants, not {len(constants)}")
        import_count = self.u32(self.library + 8)
        if import_count:
            symbols = self.pointer(self.library + 16)
            names = [self.text(self.pointer(symbols + 8 * i)) for i in range(min(import_count, MAX_KERNELS))]
            required = [n for n in names if not n.startswith("?")]
            if required:
                raise status.error(status.NOT_FOUND, f"the executable imports {', '.join(required)}, which this runtime does not have")
        self.loaded.constants = (ctypes.c_uint32 * max(len(constants), 1))(*[c & 0xFFFFFFFF for c in constants])
        self.loaded.imports = (ctypes.c_uint64 * max(import_count, 1))()  # all null: optional and absent
        imports = ctypes.addressof(self.loaded.imports)
        words = (ctypes.addressof(self.loaded.constants), 0, imports, imports, *processor_data())
        ENVIRONMENT.pack_into(self.loaded.environment, 0, *words)

    def read(self, address: int, size: int) -> bytes:
        if not self.memory.address <= address <= self.memory.address + self.memory.size - size:
            raise status.error(status.INVALID_ARGUMENT, "the executable's library structure points outside of the executable")
        return ctypes.string_at(address, size)

    def u32(self, address: int) -> int:
        return int.from_bytes(self.read(address, 4), "little")

    def pointer(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")

    def text(self, address: int) -> str:
        available = self.memory.address + self.memory.size - address
        return self.read(address, max(min(MAX_NAME, available), 0)).split(b"\0")[0].decode("utf-8", "replace")


def host_machine() -> str | None:
    """This machine by the name that executable formats use; None if there are no kernels for it."""
    return _MACHINES.get(platform.machine())


def register() -> None:
    """Makes the images of this machine loadable."""
    name = host_machine()
    if name:
        register_format(f"embedded-elf-{name}", load, is_native=True)
