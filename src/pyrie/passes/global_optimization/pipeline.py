"""The global-optimization phase: simplify the whole program, so that what is left fuses into few dispatches."""

from __future__ import annotations

from pyrie.ir.passes import Pipeline
from pyrie.ir.transforms.canonicalize import Canonicalize
from pyrie.ir.transforms.cse import CSE
from pyrie.passes.global_optimization.convert_elementwise_to_linalg import ConvertElementwiseToLinalg
from pyrie.passes.global_optimization.decompose_concat import DecomposeConcat
from pyrie.passes.global_optimization.erase_unused_linalg_operands import EraseUnusedLinalgOperands
from pyrie.passes.global_optimization.expand_tensor_shapes import ExpandTensorShapes
from pyrie.passes.global_optimization.generalize_linalg_named_ops import GeneralizeLinalgNamedOps
from pyrie.passes.global_optimization.hoist_into_globals import HoistIntoGlobals
from pyrie.passes.global_optimization.propagate_linalg_transpose import PropagateLinalgTranspose
from pyrie.passes.global_optimization.raise_special_ops import RaiseSpecialOps
from pyrie.passes.global_optimization.remove_zero_extent_tensors import RemoveZeroExtentTensors
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


def global_optimization_phase(options: CompileOptions) -> Pipeline:
    """linalg on tensors -> fewer and simpler ops of the same."""
    return Pipeline(
        "global-optimization",
        ExpandTensorShapes(),
        Canonicalize(),
        CSE(),
        ConvertElementwiseToLinalg(),
        DecomposeConcat(),
        GeneralizeLinalgNamedOps(),
        RemoveZeroExtentTensors(),
        EraseUnusedLinalgOperands(),
        RaiseSpecialOps() if options.opt_level > 0 else None,
        PropagateLinalgTranspose() if options.opt_level > 0 else None,
        Canonicalize(),
        CSE(),
        HoistIntoGlobals() if options.opt_level > 0 else None,
        leaves=LEAVES,
    )
