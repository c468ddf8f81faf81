"""The abi phase: public functions take and give buffer views."""

from __future__ import annotations

from pyrie.ir.passes import Pipeline
from pyrie.ir.transforms.canonicalize import Canonicalize
from pyrie.ir.transforms.cse import CSE
from pyrie.ir.transforms.inline import Inline
from pyrie.ir.transforms.symbol_dce import SymbolDCE
from pyrie.passes.abi.require_equal_sizes import RequireEqualSizes
from pyrie.passes.abi.wrap_entry_points import WrapEntryPoints
from pyrie.passes.input.pipeline import LEAVES
from pyrie.passes.options import CompileOptions


def abi_phase(options: CompileOptions) -> Pipeline:
    """Wraps entry points, and merges each wrapper with what it wraps."""
    return Pipeline(
        "abi",
        WrapEntryPoints(),
        Inline(),
        Canonicalize(),
        CSE(),
        RequireEqualSizes(),
        SymbolDCE(),
        leaves=LEAVES,
    )
