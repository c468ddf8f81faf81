"""The input phase: what front ends make -> linalg on tensors, in util functions."""

from __future__ import annotations

from pyrie.ir.passes import Pipeline
from pyrie.ir.transforms.canonicalize import Canonicalize
from pyrie.ir.transforms.inline import Inline
from pyrie.ir.transforms.symbol_dce import SymbolDCE
from pyrie.passes.input.convert_to_input_dialects import ConvertStableHLOToInputDialects
from pyrie.passes.input.demote_types import DemoteF64ToF32, DemoteI64ToI32
from pyrie.passes.input.import_functions import ImportPublic
from pyrie.passes.input.legalize_chlo import LegalizeCHLO
from pyrie.passes.input.legalize_composites import LegalizeComposites
from pyrie.passes.input.legalize_control_flow import LegalizeControlFlow
from pyrie.passes.options import CompileOptions

LEAVES = (
    "arith",
    "cf",
    "check",
    "flow",
    "hal",
    "iree_encoding",
    "iree_linalg_ext",
    "iree_tensor_ext",
    "linalg",
    "math",
    "scf",
    "tensor",
    "util",
)


def input_phase(options: CompileOptions) -> Pipeline:
    """StableHLO, CHLO, func -> linalg, tensor, arith, math, scf, util. Text that is there already passes through."""
    return Pipeline(
        "input",
        LegalizeComposites(),
        LegalizeCHLO(),
        LegalizeControlFlow(),
        ConvertStableHLOToInputDialects(),
        ImportPublic(),
        DemoteF64ToF32() if options.demote_f64_to_f32 else None,
        DemoteI64ToI32() if options.demote_i64_to_i32 else None,
        Inline(),
        SymbolDCE(),
        Canonicalize(),
        leaves=LEAVES,
    )
