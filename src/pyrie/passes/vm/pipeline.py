"""hal -> vm: host code becomes a module of vm ops, ready for bytecode."""

from __future__ import annotations

from pyrie.ir.passes import Dialects, Pipeline
from pyrie.ir.transforms.canonicalize import Canonicalize
from pyrie.ir.transforms.cse import CSE
from pyrie.ir.transforms.inline import Inline
from pyrie.ir.transforms.symbol_dce import SymbolDCE
from pyrie.passes.options import CompileOptions
from pyrie.passes.vm.annotate_functions import AnnotateFunctions
from pyrie.passes.vm.combine_initializers import CombineInitializers
from pyrie.passes.vm.convert_scf_to_cf import ConvertSCFToCF
from pyrie.passes.vm.convert_to_vm import ConvertToVM
from pyrie.passes.vm.convert_to_yieldable_calls import ConvertToYieldableCalls
from pyrie.passes.vm.deduplicate_rodata import DeduplicateRodata
from pyrie.passes.vm.global_initialization import GlobalInitialization
from pyrie.passes.vm.hoist_inlined_rodata import HoistInlinedRodata
from pyrie.passes.vm.verify_initialization_order import VerifyInitializationOrder


def vm_phase(options: CompileOptions) -> Pipeline:
    """One `vm.module` of functions over registers; everything else is rodata, globals and imports."""
    return Pipeline(
        "vm",
        VerifyInitializationOrder(),
        Inline(),
        SymbolDCE(),
        CombineInitializers(),
        ConvertSCFToCF(),
        Canonicalize(),
        CSE(),
        ConvertToVM(),
        HoistInlinedRodata(),
        DeduplicateRodata(),
        GlobalInitialization(),
        Canonicalize(),
        CSE(),
        SymbolDCE(),
        AnnotateFunctions(),
        ConvertToYieldableCalls(),
        leaves=Dialects("vm"),
    )
