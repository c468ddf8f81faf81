"""Collects the object files that device code names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, ModuleOp
from xdsl.ir import Attribute

from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.executable_variants import inner_module, variants

OBJECTS = "hal.executable.objects"


@dataclass(frozen=True)
class HoistExecutableObjects(ModulePass):
    """Moves the objects that functions and calls of a variant need to the variant, each once, in order.

    before:  hal.executable.variant @v target(#t) { module { func.func private @f() attributes {hal.executable.objects = [#a]} } }
    after:   hal.executable.variant @v target(#t) objects([#a]) { module { func.func private @f() } }

    Legal because a variant is linked as a whole: what one function needs, all can see.
    """

    name: ClassVar[str] = "iree-hal-hoist-executable-objects"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for variant in variants(module):
            if (code := inner_module(variant)) is None:
                continue
            found: dict[Attribute, None] = dict.fromkeys(variant.objects.data if variant.objects else ())
            count = len(found)
            for op in code.walk():
                if isinstance(objects := op.attributes.get(OBJECTS), ArrayAttr):
                    del op.attributes[OBJECTS]
                    found.update(dict.fromkeys(objects.data))
            if len(found) > count:
                variant.properties["objects"] = ArrayAttr(found)
