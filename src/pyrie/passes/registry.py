"""Every pass by its flag name, loaded on first use. A row: pass name -> (module below `pyrie.passes`, or `ir.` below `pyrie`; class)."""

from __future__ import annotations

from importlib import import_module

from pyrie.ir.passes import ModulePass
from pyrie.support.errors import InputError

PASSES: dict[str, tuple[str, str]] = {
    "chlo-legalize-to-stablehlo": ("input.legalize_chlo", "LegalizeCHLO"),
    "iree-abi-wrap-entry-points": ("abi.wrap_entry_points", "WrapEntryPoints"),
    "iree-import-public": ("input.import_functions", "ImportPublic"),
    "iree-stablehlo-legalize-control-flow": ("input.legalize_control_flow", "LegalizeControlFlow"),
    "iree-stablehlo-to-iree-input": ("input.convert_to_input_dialects", "ConvertStableHLOToInputDialects"),
    "stablehlo-legalize-composite-to-call": ("input.legalize_composites", "LegalizeComposites"),
    "canonicalize": ("ir.transforms.canonicalize", "Canonicalize"),
    "cse": ("ir.transforms.cse", "CSE"),
    "dce": ("ir.transforms.dce", "DCE"),
    "inline": ("ir.transforms.inline", "Inline"),
    "symbol-dce": ("ir.transforms.symbol_dce", "SymbolDCE"),
    "iree-util-combine-initializers": ("vm.combine_initializers", "CombineInitializers"),
    "iree-vm-annotate-functions": ("vm.annotate_functions", "AnnotateFunctions"),
    "iree-vm-conversion": ("vm.convert_to_vm", "ConvertToVM"),
    "iree-vm-convert-to-yieldable-calls": ("vm.convert_to_yieldable_calls", "ConvertToYieldableCalls"),
    "iree-vm-deduplicate-rodata": ("vm.deduplicate_rodata", "DeduplicateRodata"),
    "iree-vm-global-initialization": ("vm.global_initialization", "GlobalInitialization"),
    "iree-vm-hoist-inlined-rodata": ("vm.hoist_inlined_rodata", "HoistInlinedRodata"),
}


def load_pass(name: str) -> type[ModulePass]:
    """The class of the pass `name`. Raises InputError for a name that is not in the table."""
    if name not in PASSES:
        raise InputError(f"there is no pass '{name}'", hint="`pyrie opt --list-passes` prints them")
    module, cls = PASSES[name]
    return getattr(import_module(f"pyrie.{module}" if module.startswith("ir.") else f"pyrie.passes.{module}"), cls)
