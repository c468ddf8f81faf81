"""ELF images of executables (`embedded-elf-*`): `link` makes one from compiler objects, `read_image` describes one for loading.

An image is a shared object that imports nothing and needs no dynamic linker: segments, base-relative relocations, exported symbols.
"""

from pyrie.format.elf.image import Image, ImageSegment, read_image
from pyrie.format.elf.linker import link
from pyrie.format.elf.machines import MACHINES, Machine

__all__ = ["MACHINES", "Image", "ImageSegment", "Machine", "link", "read_image"]
