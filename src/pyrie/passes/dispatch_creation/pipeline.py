"""The dispatch-creation phase: tensor programs -> dispatches."""

from __future__ import annotations

from pyrie.ir.passes import Pipeline
from pyrie.ir.transforms.canonicalize import Canonicalize
from pyrie.ir.transforms.cse import CSE
from pyrie.passes.dispatch_creation.clone_producers_into_dispatch_regions import CloneProducersIntoDispatchRegions
from pyrie.passes.dispatch_creation.convert_dispatch_regions_to_workgroups import ConvertDispatchRegionsToWorkgroups
from pyrie.passes.dispatch_creation.convert_tensor_to_flow import ConvertTensorToFlow
from pyrie.passes.dispatch_creation.elementwise_op_fusion import ElementwiseOpFusion
from pyrie.passes.dispatch_creation.form_dispatch_regions import FormDispatchRegions
from pyrie.passes.dispatch_creation.materialize_default_workgroup_count_region import MaterializeDefaultWorkgroupCountRegion
from pyrie.passes.dispatch_creation.remove_tensor_barriers import RemoveTensorBarriers
from pyrie.passes.dispatch_creation.tensor_pad_to_tensor_insert_slice import TensorPadToTensorInsertSlice
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


def dispatch_creation_phase(options: CompileOptions) -> Pipeline:
    """linalg on tensors -> flow.dispatch.workgroups, and flow.tensor between them."""
    return Pipeline(
        "dispatch-creation",
        RemoveTensorBarriers(),
        TensorPadToTensorInsertSlice(),
        Canonicalize(),
        CSE(),
        ElementwiseOpFusion() if options.opt_level > 0 else None,
        CSE(),
        FormDispatchRegions(),
        CloneProducersIntoDispatchRegions(),
        ConvertTensorToFlow(),
        ConvertDispatchRegionsToWorkgroups(),
        MaterializeDefaultWorkgroupCountRegion(),
        Canonicalize(),
        CSE(),
        leaves=LEAVES,
    )
