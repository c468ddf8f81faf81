"""Keeps the text of each variant with it, for debuggers and profilers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import DictionaryAttr, LocationAttr, ModuleOp, VectorType, i8
from xdsl.ir import Attribute, Operation

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.resources import Blob, ResourceAttr
from pyrie.ir.symbol_table import SymbolTable, symbol_name
from pyrie.passes.hal.executable_files import module_name, places_in, standalone_text
from pyrie.passes.hal.executable_variants import inner_module, variants


@dataclass(frozen=True)
class CaptureExecutableSources(ModulePass):
    """Attaches to each variant its text at this `stage`, and to each export the place of its function in that text.

    before:  hal.executable.variant @v target(#t) { hal.executable.export @f ...; module { func.func @f() } }
    after:   hal.executable.variant @v target(#t) sources({NAME = dense_resource<NAME> : vector<...xi8>}) {
               hal.executable.export @f ... <source_locs = {STAGE = loc("NAME":8:6)}>; module { func.func @f() } }

    NAME is MODULE_EXECUTABLE_VARIANT.STAGE.mlir. Legal because nothing but debug information is added. A variant without code, or one
    whose text of this stage is there already, is left alone.
    """

    name: ClassVar[str] = "iree-hal-capture-executable-sources"

    stage: str = ""

    def apply(self, context: Context, module: ModuleOp) -> None:
        for variant in variants(module):
            executable = variant.parent_op()
            assert isinstance(executable, hal.ExecutableOp)
            name = f"{module_name(module)}_{executable.sym_name.data}_{variant.sym_name.data}.{self.stage}.mlir"
            if inner_module(variant) is None or (variant.sources is not None and name in variant.sources.data):
                continue
            alone = hal.ExecutableOp(executable.sym_name.data, visibility="public")
            alone.attributes.update(executable.attributes)
            alone.body.block.add_op(variant.clone())
            text = standalone_text(alone)
            places = dict(zip(alone.walk(), places_in(context, text, name), strict=True))
            data = text.encode()
            source = ResourceAttr.get(name, VectorType(i8, [len(data)]), Blob(data, alignment=1))
            _add(variant, "sources", name, source)
            self._locate_exports(variant, alone.variants[0], places)
            alone.erase()

    def _locate_exports(
        self, variant: hal.ExecutableVariantOp, printed: hal.ExecutableVariantOp, places: dict[Operation, LocationAttr]
    ) -> None:
        code = inner_module(printed)
        functions = SymbolTable(code) if code is not None else ()
        by_name = {symbol_name(function): function for function in functions}
        for export in variant.exports:
            function = by_name.get(export.sym_name.data)
            if function is not None:
                _add(export, "source_locs", self.stage, places[function])


def _add(op: Operation, dictionary: str, key: str, value: Attribute) -> None:
    known = op.properties.get(dictionary)
    entries = known.data if isinstance(known, DictionaryAttr) else {}
    op.properties[dictionary] = DictionaryAttr({**entries, key: value})
