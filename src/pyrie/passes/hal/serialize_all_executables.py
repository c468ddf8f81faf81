"""Makes binaries of executables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from xdsl.dialects.builtin import DictionaryAttr, ModuleOp, StringAttr, VectorType, i8

from pyrie.dialects import hal
from pyrie.format.reflection import CPU_FEATURES, REFLECTION
from pyrie.ir.context import Context
from pyrie.ir.elements import from_numpy
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.executable_variants import variants_with_backends

MIME_TYPES = {"embedded-elf": "application/x-elf", "system-elf": "application/x-elf"}  # by the start of the format


@dataclass(frozen=True)
class SerializeExecutables(ModulePass):
    """Replaces each variant by the binary that its target backend makes of it.

    before:  hal.executable.variant @t target(#t) { exports; module { kernels } }
    after:   hal.executable.binary @t <format = "embedded-elf-x86_64", data = dense<...> : vector<...xi8>, mime_type = ...>

    Legal because from here on exports are found by name in the binary. The module's reflection says which CPU features the binaries need.
    """

    name: ClassVar[str] = "iree-hal-serialize-all-executables"

    def apply(self, context: Context, module: ModuleOp) -> None:
        features: set[str] = set()
        for backend, variant in list(variants_with_backends(module)):
            binary = backend.serialize(context, variant)
            features |= binary.cpu_features
            data = from_numpy(np.frombuffer(binary.data, np.int8), VectorType(i8, [len(binary.data)]))
            mime = next((m for prefix, m in MIME_TYPES.items() if binary.format.startswith(prefix)), None)
            made = hal.ExecutableBinaryOp(variant.sym_name.data, binary.format, data, mime)
            made.location = variant.location
            block = variant.parent
            assert block is not None
            block.insert_op_before(made, variant)
            variant.detach()
            variant.erase()
        if features:
            reflection = module.attributes.get(REFLECTION)
            known = reflection.data if isinstance(reflection, DictionaryAttr) else {}
            module.attributes[REFLECTION] = DictionaryAttr({**known, CPU_FEATURES: StringAttr(",".join(sorted(features)))})
