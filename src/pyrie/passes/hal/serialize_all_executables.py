"""Makes binaries of executables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from xdsl.dialects.builtin import DictionaryAttr, ModuleOp, StringAttr, VectorType, i8

from pyrie.codegen.target import Binary
from pyrie.dialects import hal
from pyrie.format.reflection import ALIGNMENT, CPU_FEATURES, ELEMENT, REFLECTION
from pyrie.ir.context import Context
from pyrie.ir.elements import from_numpy
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.executable_files import module_name, object_contents, write_listing
from pyrie.passes.hal.executable_variants import variants_with_backends

SUFFIXES = {"embedded-elf": "so", "system-elf": "so"}  # of files, by the start of the format
MIME_TYPES = {"embedded-elf": "application/x-elf", "system-elf": "application/x-elf"}  # by the start of the format


@dataclass(frozen=True)
class SerializeExecutables(ModulePass):
    """Replaces each variant by the binary that its target backend makes of it.

    before:  hal.executable.variant @t target(#t) { exports; module { kernels } }
    after:   hal.executable.binary @t <format = "embedded-elf-x86_64", data = dense<...> : vector<...xi8>, mime_type = ...>

    Legal because from here on exports are found by name in the binary. The module's reflection says which CPU features the
    binaries need, and that elements' own alignment will do for their buffers where it does. What a binary is made of, and the
    binaries, are also written to directories on request, as MODULE_EXECUTABLE_VARIANT and a suffix.
    """

    name: ClassVar[str] = "iree-hal-serialize-all-executables"

    object_search_path: tuple[str, ...] = ()
    dump_intermediates: str = field(default="", metadata={"option": "dump-intermediates-path"})
    dump_binaries: str = field(default="", metadata={"option": "dump-binaries-path"})

    def apply(self, context: Context, module: ModuleOp) -> None:
        features: set[str] = set()
        # Of binaries made elsewhere nothing is known.
        is_element_aligned = not any(isinstance(op, hal.ExecutableBinaryOp) for op in module.walk())
        for backend, variant in list(variants_with_backends(module)):
            binary = backend.serialize(context, variant, object_contents(variant, self.object_search_path))
            self._dump(module, variant, binary)
            features |= binary.cpu_features
            is_element_aligned &= binary.is_element_aligned
            data = from_numpy(np.frombuffer(binary.data, np.int8), VectorType(i8, [len(binary.data)]))
            mime = next((m for prefix, m in MIME_TYPES.items() if binary.format.startswith(prefix)), None)
            made = hal.ExecutableBinaryOp(variant.sym_name.data, binary.format, data, mime)
            made.location = variant.location
            block = variant.parent
            assert block is not None
            block.insert_op_before(made, variant)
            variant.detach()
            variant.erase()
        said = {CPU_FEATURES: ",".join(sorted(features))} if features else {}
        if is_element_aligned:
            said[ALIGNMENT] = ELEMENT
        if said:
            reflection = module.attributes.get(REFLECTION)
            known = reflection.data if isinstance(reflection, DictionaryAttr) else {}
            module.attributes[REFLECTION] = DictionaryAttr({**known, **{name: StringAttr(value) for name, value in said.items()}})

    def _dump(self, module: ModuleOp, variant: hal.ExecutableVariantOp, binary: Binary) -> None:
        executable = variant.parent_op()
        assert isinstance(executable, hal.ExecutableOp)
        stem = f"{module_name(module)}_{executable.sym_name.data}_{variant.sym_name.data}"
        if self.dump_intermediates:
            for name, content in binary.intermediates.items():
                write_listing(variant, self.dump_intermediates, f"{stem}.{name}", content)
        if self.dump_binaries:
            suffix = next((s for prefix, s in SUFFIXES.items() if binary.format.startswith(prefix)), "bin")
            write_listing(variant, self.dump_binaries, f"{stem}.{suffix}", binary.data)
