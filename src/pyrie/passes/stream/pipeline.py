"""The stream phase: from tensors and dispatches to memory, command lists and a timeline."""

from __future__ import annotations

from pyrie.ir.passes import Dialects, Pipeline
from pyrie.ir.transforms.canonicalize import Canonicalize
from pyrie.ir.transforms.cse import CSE
from pyrie.ir.transforms.symbol_dce import SymbolDCE
from pyrie.passes.options import CompileOptions
from pyrie.passes.stream.annotate_dispatch_arguments import AnnotateDispatchArguments
from pyrie.passes.stream.annotate_read_only_arguments import AnnotateReadOnlyArguments
from pyrie.passes.stream.convert_to_stream import ConvertToStream
from pyrie.passes.stream.elide_async_copies import ElideAsyncCopies
from pyrie.passes.stream.elide_timepoints import ElideTimepoints
from pyrie.passes.stream.encode_device_tensors import EncodeDeviceTensors
from pyrie.passes.stream.encode_host_tensors import EncodeHostTensors
from pyrie.passes.stream.fold_uniform_operands import FoldUniformOperands
from pyrie.passes.stream.layout_slices import LayoutSlices
from pyrie.passes.stream.materialize_builtins import MaterializeBuiltins
from pyrie.passes.stream.materialize_copy_on_write import MaterializeCopyOnWrite
from pyrie.passes.stream.pack_constants import PackConstants
from pyrie.passes.stream.pack_dispatch_operands import PackDispatchOperands
from pyrie.passes.stream.propagate_subranges import PropagateSubranges
from pyrie.passes.stream.propagate_timepoints import PropagateTimepoints
from pyrie.passes.stream.refine_usage import RefineUsage
from pyrie.passes.stream.schedule_allocation import ScheduleAllocation
from pyrie.passes.stream.schedule_concurrency import ScheduleConcurrency
from pyrie.passes.stream.schedule_execution import ScheduleExecution
from pyrie.passes.stream.verify_lowering import (
    VerifyInput,
    VerifyLoweringToAsync,
    VerifyLoweringToAsyncResources,
    VerifyLoweringToCmd,
    VerifyLoweringToTensors,
)
from pyrie.passes.vm.combine_initializers import CombineInitializers
from pyrie.passes.vm.convert_scf_to_cf import ConvertSCFToCF


def tensors_pipeline() -> Pipeline:
    """flow -> stream.tensor: values become resources and sizes."""
    return Pipeline(
        "stream-tensors",
        VerifyInput(),
        ConvertSCFToCF(),
        ConvertToStream(),
        VerifyLoweringToTensors(),
        CombineInitializers(),
    )


def async_pipeline() -> Pipeline:
    """stream.tensor -> stream.async: bytes, lifetimes, executions and when they are done."""
    return Pipeline(
        "stream-async",
        EncodeHostTensors(),
        EncodeDeviceTensors(),
        Canonicalize(),
        CSE(),
        VerifyLoweringToAsyncResources(),
        MaterializeCopyOnWrite(),
        ElideAsyncCopies(),
        RefineUsage(),
        ElideAsyncCopies(),
        VerifyLoweringToAsync(),
        ScheduleExecution(),
        ScheduleConcurrency(),
        PropagateTimepoints(),
        MaterializeBuiltins(),
        Canonicalize(),
        CSE(),
    )


def cmd_pipeline() -> Pipeline:
    """stream.async -> stream.cmd: memory."""
    return Pipeline(
        "stream-cmd",
        ScheduleAllocation(),
        CSE(),
        PackConstants(),
        LayoutSlices(),
        PropagateSubranges(),
        ElideTimepoints(),
        Canonicalize(),
        CSE(),
        VerifyLoweringToCmd(),
    )


def optimization_pipeline() -> Pipeline:
    """What kernels are passed."""
    return Pipeline(
        "stream-optimization",
        AnnotateDispatchArguments(),
        PackDispatchOperands(),
        Canonicalize(),
        CSE(),
        FoldUniformOperands(),
        Canonicalize(),
        CSE(),
        SymbolDCE(),
        AnnotateReadOnlyArguments(),
    )


def stream_phase(options: CompileOptions) -> Pipeline:
    """flow -> stream: everything has its place in memory and in time."""
    return Pipeline(
        "stream",
        tensors_pipeline(),
        async_pipeline(),
        cmd_pipeline(),
        optimization_pipeline(),
        leaves=DEVICE_DIALECTS | Dialects("stream", "util", "hal", "cf", "check"),
    )


# What executables hold.
DEVICE_DIALECTS = Dialects(
    *("affine", "arith", "complex", "func", "iree_codegen", "iree_encoding", "iree_linalg_ext", "iree_tensor_ext"),
    *("linalg", "math", "memref", "scf", "tensor", "vector"),
)
