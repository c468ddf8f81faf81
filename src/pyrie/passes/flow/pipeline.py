"""The flow phase: dispatches -> executables and calls of them."""

from __future__ import annotations

from pyrie.ir.passes import Pipeline
from pyrie.ir.transforms.canonicalize import Canonicalize
from pyrie.ir.transforms.cse import CSE
from pyrie.ir.transforms.symbol_dce import SymbolDCE
from pyrie.passes.dispatch_creation.pipeline import LEAVES as TENSOR_LEAVES
from pyrie.passes.flow.annotate_dispatches import AnnotateDispatches
from pyrie.passes.flow.deduplicate_executables import DeduplicateExecutables
from pyrie.passes.flow.initialize_empty_tensors import InitializeEmptyTensors
from pyrie.passes.flow.outline_constants import OutlineConstants
from pyrie.passes.flow.outline_dispatch_regions import OutlineDispatchRegions
from pyrie.passes.flow.verify_input_legality import VerifyInputLegality
from pyrie.passes.options import CompileOptions

LEAVES = (*TENSOR_LEAVES, "func")


def flow_phase(options: CompileOptions) -> Pipeline:
    """flow.dispatch.workgroups -> flow.executable and flow.dispatch."""
    return Pipeline(
        "flow",
        VerifyInputLegality(),
        InitializeEmptyTensors(),
        OutlineDispatchRegions(),
        AnnotateDispatches(),
        DeduplicateExecutables(),
        OutlineConstants(),
        Canonicalize(),
        CSE(),
        SymbolDCE(),
        leaves=LEAVES,
    )
