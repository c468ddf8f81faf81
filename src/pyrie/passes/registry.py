"""Every pass by its flag name, loaded on first use. A row: pass name -> (module below `pyrie.passes`, or `ir.` below `pyrie`; class)."""

from __future__ import annotations

from importlib import import_module

from pyrie.ir.passes import ModulePass
from pyrie.support.errors import InputError

PASSES: dict[str, tuple[str, str]] = {
    "chlo-legalize-to-stablehlo": ("input.legalize_chlo", "LegalizeCHLO"),
    "iree-abi-wrap-entry-points": ("abi.wrap_entry_points", "WrapEntryPoints"),
    "pyrie-abi-require-equal-sizes": ("abi.require_equal_sizes", "RequireEqualSizes"),
    "iree-input-conversion-demote-f64-to-f32": ("input.demote_types", "DemoteF64ToF32"),
    "iree-input-conversion-demote-i64-to-i32": ("input.demote_types", "DemoteI64ToI32"),
    "iree-import-public": ("input.import_functions", "ImportPublic"),
    "iree-stablehlo-legalize-control-flow": ("input.legalize_control_flow", "LegalizeControlFlow"),
    "iree-stablehlo-to-iree-input": ("input.convert_to_input_dialects", "ConvertStableHLOToInputDialects"),
    "stablehlo-legalize-composite-to-call": ("input.legalize_composites", "LegalizeComposites"),
    "convert-elementwise-to-linalg": ("global_optimization.convert_elementwise_to_linalg", "ConvertElementwiseToLinalg"),
    "iree-global-opt-decompose-concat": ("global_optimization.decompose_concat", "DecomposeConcat"),
    "iree-global-opt-expand-tensor-shapes": ("global_optimization.expand_tensor_shapes", "ExpandTensorShapes"),
    "iree-global-opt-erase-unused-linalg-operands": ("global_optimization.erase_unused_linalg_operands", "EraseUnusedLinalgOperands"),
    "iree-global-opt-generalize-linalg-named-ops": ("global_optimization.generalize_linalg_named_ops", "GeneralizeLinalgNamedOps"),
    "iree-global-opt-propagate-linalg-transpose": ("global_optimization.propagate_linalg_transpose", "PropagateLinalgTranspose"),
    "iree-global-opt-raise-special-ops": ("global_optimization.raise_special_ops", "RaiseSpecialOps"),
    "iree-global-opt-remove-zero-extent-tensors": ("global_optimization.remove_zero_extent_tensors", "RemoveZeroExtentTensors"),
    "iree-util-hoist-into-globals": ("global_optimization.hoist_into_globals", "HoistIntoGlobals"),
    "iree-dispatch-creation-clone-producers-into-dispatch-regions": (
        "dispatch_creation.clone_producers_into_dispatch_regions",
        "CloneProducersIntoDispatchRegions",
    ),
    "iree-dispatch-creation-convert-dispatch-regions-to-workgroups": (
        "dispatch_creation.convert_dispatch_regions_to_workgroups",
        "ConvertDispatchRegionsToWorkgroups",
    ),
    "iree-dispatch-creation-convert-tensor-to-flow": ("dispatch_creation.convert_tensor_to_flow", "ConvertTensorToFlow"),
    "iree-dispatch-creation-elementwise-op-fusion": ("dispatch_creation.elementwise_op_fusion", "ElementwiseOpFusion"),
    "iree-dispatch-creation-form-dispatch-regions": ("dispatch_creation.form_dispatch_regions", "FormDispatchRegions"),
    "iree-dispatch-creation-materialize-default-workgroup-count-region": (
        "dispatch_creation.materialize_default_workgroup_count_region",
        "MaterializeDefaultWorkgroupCountRegion",
    ),
    "iree-dispatch-creation-remove-tensor-barriers": ("dispatch_creation.remove_tensor_barriers", "RemoveTensorBarriers"),
    "iree-dispatch-creation-tensor-pad-to-tensor-insert-slice": (
        "dispatch_creation.tensor_pad_to_tensor_insert_slice",
        "TensorPadToTensorInsertSlice",
    ),
    "iree-flow-annotate-dispatches": ("flow.annotate_dispatches", "AnnotateDispatches"),
    "iree-flow-deduplicate-executables": ("flow.deduplicate_executables", "DeduplicateExecutables"),
    "iree-flow-initialize-empty-tensors": ("flow.initialize_empty_tensors", "InitializeEmptyTensors"),
    "iree-flow-outline-constants": ("flow.outline_constants", "OutlineConstants"),
    "iree-flow-outline-dispatch-regions": ("flow.outline_dispatch_regions", "OutlineDispatchRegions"),
    "iree-flow-verify-input-legality": ("flow.verify_input_legality", "VerifyInputLegality"),
    "canonicalize": ("ir.transforms.canonicalize", "Canonicalize"),
    "cse": ("ir.transforms.cse", "CSE"),
    "dce": ("ir.transforms.dce", "DCE"),
    "inline": ("ir.transforms.inline", "Inline"),
    "symbol-dce": ("ir.transforms.symbol_dce", "SymbolDCE"),
    "iree-stream-annotate-dispatch-arguments": ("stream.annotate_dispatch_arguments", "AnnotateDispatchArguments"),
    "iree-stream-conversion": ("stream.convert_to_stream", "ConvertToStream"),
    "iree-stream-elide-async-copies": ("stream.elide_async_copies", "ElideAsyncCopies"),
    "iree-stream-elide-timepoints": ("stream.elide_timepoints", "ElideTimepoints"),
    "iree-stream-encode-device-tensors": ("stream.encode_device_tensors", "EncodeDeviceTensors"),
    "iree-stream-encode-host-tensors": ("stream.encode_host_tensors", "EncodeHostTensors"),
    "iree-stream-fold-uniform-operands": ("stream.fold_uniform_operands", "FoldUniformOperands"),
    "iree-stream-layout-slices": ("stream.layout_slices", "LayoutSlices"),
    "iree-stream-materialize-builtins": ("stream.materialize_builtins", "MaterializeBuiltins"),
    "iree-stream-materialize-copy-on-write": ("stream.materialize_copy_on_write", "MaterializeCopyOnWrite"),
    "iree-stream-pack-constants": ("stream.pack_constants", "PackConstants"),
    "iree-stream-pack-dispatch-operands": ("stream.pack_dispatch_operands", "PackDispatchOperands"),
    "iree-stream-propagate-timepoints": ("stream.propagate_timepoints", "PropagateTimepoints"),
    "iree-stream-refine-usage": ("stream.refine_usage", "RefineUsage"),
    "iree-stream-schedule-allocation": ("stream.schedule_allocation", "ScheduleAllocation"),
    "iree-stream-schedule-concurrency": ("stream.schedule_concurrency", "ScheduleConcurrency"),
    "iree-stream-schedule-execution": ("stream.schedule_execution", "ScheduleExecution"),
    "iree-stream-verify-input": ("stream.verify_lowering", "VerifyInput"),
    "iree-stream-verify-lowering-to-async": ("stream.verify_lowering", "VerifyLoweringToAsync"),
    "iree-stream-verify-lowering-to-async-resources": ("stream.verify_lowering", "VerifyLoweringToAsyncResources"),
    "iree-stream-verify-lowering-to-cmd": ("stream.verify_lowering", "VerifyLoweringToCmd"),
    "iree-stream-verify-lowering-to-tensors": ("stream.verify_lowering", "VerifyLoweringToTensors"),
    "pyrie-stream-annotate-read-only-arguments": ("stream.annotate_read_only_arguments", "AnnotateReadOnlyArguments"),
    "iree-util-propagate-subranges": ("stream.propagate_subranges", "PropagateSubranges"),
    "iree-util-combine-initializers": ("vm.combine_initializers", "CombineInitializers"),
    "iree-vm-annotate-functions": ("vm.annotate_functions", "AnnotateFunctions"),
    "iree-vm-conversion": ("vm.convert_to_vm", "ConvertToVM"),
    "iree-vm-convert-to-yieldable-calls": ("vm.convert_to_yieldable_calls", "ConvertToYieldableCalls"),
    "iree-vm-deduplicate-rodata": ("vm.deduplicate_rodata", "DeduplicateRodata"),
    "iree-vm-global-initialization": ("vm.global_initialization", "GlobalInitialization"),
    "iree-vm-hoist-inlined-rodata": ("vm.hoist_inlined_rodata", "HoistInlinedRodata"),
    "iree-hal-assign-target-devices": ("hal.assign_target_devices", "AssignTargetDevices"),
    "iree-hal-configure-executables": ("hal.configure_executables", "ConfigureExecutables"),
    "iree-hal-conversion": ("hal.conversion", "ConvertToHAL"),
    "iree-hal-elide-redundant-commands": ("hal.elide_redundant_commands", "ElideRedundantCommands"),
    "iree-hal-initialize-devices": ("hal.initialize_devices", "InitializeDevices"),
    "iree-hal-inline-memoize-regions": ("hal.inline_memoize_regions", "InlineMemoizeRegions"),
    "iree-hal-link-all-executables": ("hal.link_all_executables", "LinkExecutables"),
    "iree-hal-materialize-interfaces": ("hal.materialize_interfaces", "MaterializeInterfaces"),
    "iree-hal-materialize-resource-caches": ("hal.materialize_resource_caches", "MaterializeResourceCaches"),
    "iree-hal-materialize-target-devices": ("hal.materialize_target_devices", "MaterializeTargetDevices"),
    "iree-hal-memoize-device-queries": ("hal.memoize_device_queries", "MemoizeDeviceQueries"),
    "iree-hal-outline-memoize-regions": ("hal.outline_memoize_regions", "OutlineMemoizeRegions"),
    "iree-hal-prune-executables": ("hal.prune_executables", "PruneExecutables"),
    "iree-hal-resolve-export-ordinals": ("hal.resolve_export_ordinals", "ResolveExportOrdinals"),
    "iree-hal-serialize-all-executables": ("hal.serialize_all_executables", "SerializeExecutables"),
    "iree-hal-translate-all-executables": ("hal.translate_all_executables", "TranslateExecutables"),
    "convert-scf-to-cf": ("vm.convert_scf_to_cf", "ConvertSCFToCF"),
    "iree-util-verify-initialization-order": ("vm.verify_initialization_order", "VerifyInitializationOrder"),
}


def load_pass(name: str) -> type[ModulePass]:
    """The class of the pass `name`. Raises InputError for a name that is not in the table."""
    if name not in PASSES:
        raise InputError(f"there is no pass '{name}'", hint="`pyrie opt --list-passes` prints them")
    module, cls = PASSES[name]
    return getattr(import_module(f"pyrie.{module}" if module.startswith("ir.") else f"pyrie.passes.{module}"), cls)
