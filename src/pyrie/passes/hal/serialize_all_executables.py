"""Makes binaries of executables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from xdsl.dialects.builtin import DictionaryAttr, ModuleOp, StringAttr, VectorType, i8

from pyrie.dialects import hal
from pyrie.format.reflection import ALIGNMENT, CPU_FEATURES, ELEMENT, REFLECTION
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

    Legal because from here on exports are found by name in the binary. The module's reflection says which CPU features the
    binaries need, and that elements' own alignment will do for their buffers where it does.
    """

    name: ClassVar[str] = "iree-hal-serialize-all-executables"

    def apply(self, context: Context, module: ModuleOp) -> None:
        features: set[str] = set()
        is_element_aligned = not any(
            isinstance(op, hal.ExecutableBinaryOp) for op in module.walk()
        )  # of binaries made elsewhere nothing is known
        for backend, variant in list(variants_with_backends(module)):
            binary = backend.serialize(context, variant)
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
