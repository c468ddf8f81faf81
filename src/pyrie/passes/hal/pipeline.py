"""The executable phases and the hal phase: from scheduled work to command buffers, from device code to binaries."""

from __future__ import annotations

from pyrie.ir.passes import Dialects, ModulePass, Pipeline
from pyrie.ir.transforms.canonicalize import Canonicalize
from pyrie.ir.transforms.cse import CSE
from pyrie.ir.transforms.inline import Inline
from pyrie.ir.transforms.symbol_dce import SymbolDCE
from pyrie.passes.hal.assign_legacy_target_devices import AssignLegacyTargetDevices
from pyrie.passes.hal.assign_target_devices import AssignTargetDevices
from pyrie.passes.hal.capture_executable_sources import CaptureExecutableSources
from pyrie.passes.hal.configure_executables import ConfigureExecutables
from pyrie.passes.hal.convert_to_hal import ConvertToHAL
from pyrie.passes.hal.dump_executable_benchmarks import DumpExecutableBenchmarks
from pyrie.passes.hal.dump_executable_sources import DumpExecutableSources
from pyrie.passes.hal.elide_redundant_commands import ElideRedundantCommands
from pyrie.passes.hal.hoist_executable_objects import HoistExecutableObjects
from pyrie.passes.hal.initialize_devices import InitializeDevices
from pyrie.passes.hal.inline_memoize_regions import InlineMemoizeRegions
from pyrie.passes.hal.link_all_executables import LinkExecutables
from pyrie.passes.hal.materialize_dispatch_instrumentation import MaterializeDispatchInstrumentation
from pyrie.passes.hal.materialize_interfaces import MaterializeInterfaces
from pyrie.passes.hal.materialize_resource_caches import MaterializeResourceCaches
from pyrie.passes.hal.materialize_target_devices import MaterializeTargetDevices
from pyrie.passes.hal.memoize_device_queries import MemoizeDeviceQueries
from pyrie.passes.hal.memoize_device_selection import MemoizeDeviceSelection
from pyrie.passes.hal.outline_memoize_regions import OutlineMemoizeRegions
from pyrie.passes.hal.preprocess_executables_with_pipeline import PreprocessExecutablesWithPipeline
from pyrie.passes.hal.preprocess_executables_with_tool import PreprocessExecutablesWithTool
from pyrie.passes.hal.prune_executables import PruneExecutables
from pyrie.passes.hal.repeat_dispatches import RepeatDispatches
from pyrie.passes.hal.resolve_device_aliases import ResolveDeviceAliases
from pyrie.passes.hal.resolve_device_promises import ResolveDevicePromises
from pyrie.passes.hal.resolve_export_ordinals import ResolveExportOrdinals
from pyrie.passes.hal.resolve_topology_queries import ResolveTopologyQueries
from pyrie.passes.hal.serialize_all_executables import SerializeExecutables
from pyrie.passes.hal.substitute_executables import SubstituteExecutables
from pyrie.passes.hal.translate_all_executables import TranslateExecutables
from pyrie.passes.hal.verify_devices import VerifyDevices
from pyrie.passes.options import CompileOptions
from pyrie.passes.vm.convert_scf_to_cf import ConvertSCFToCF


def device_assignment(options: CompileOptions) -> Pipeline:
    """Part of preprocessing: the program learns its devices."""
    return Pipeline(
        "device-assignment",
        AssignLegacyTargetDevices(backends, options.cpu, options.cpu_features) if (backends := options.legacy_target_backends) else None,
        AssignTargetDevices(options.target_devices),
        MaterializeTargetDevices(options.default_device),
        ResolveDevicePromises(),
        ResolveDeviceAliases(options.target_backends, options.cpu, options.cpu_features),
        VerifyDevices(),
    )


def substitution(options: CompileOptions, files: tuple[str, ...], directory: str) -> ModulePass | None:
    """Puts the user's executables in the place of the compiler's, if there are any."""
    return SubstituteExecutables(files, directory, options.executable_object_search_path) if files or directory else None


def capture(options: CompileOptions, stage: str) -> ModulePass | None:
    """Keeps the text of executables with them when so much debug information is wanted."""
    return CaptureExecutableSources(stage) if options.executable_debug_level >= 3 else None


def preprocessing(command: str) -> ModulePass:
    """What `--iree-hal-preprocess-executables-with=` means: passes, or a command."""
    return PreprocessExecutablesWithPipeline(command) if command.startswith("builtin.module") else PreprocessExecutablesWithTool(command)


def executable_sources_phase(options: CompileOptions) -> Pipeline:
    """stream.executable -> hal.executable, with a variant for each target."""
    return Pipeline(
        "executable-sources",
        Canonicalize(),
        CSE(),
        VerifyDevices(),
        MaterializeDispatchInstrumentation(size) if (size := options.instrument_dispatches) else None,
        MaterializeInterfaces(options.target_backends, options.cpu, options.cpu_features),
        PruneExecutables(),
        DumpExecutableSources(path) if (path := options.dump_directory("sources")) else None,
        substitution(options, options.substitute_executable_sources, options.substitute_executable_sources_from),
        capture(options, "0.source"),
        *(preprocessing(command) for command in options.preprocess_executables_with),
    )


def executable_configurations_phase(options: CompileOptions) -> Pipeline:
    """Each kernel gets a strategy."""
    return Pipeline(
        "executable-configurations",
        ConfigureExecutables(),
        DumpExecutableSources(path, "configured") if (path := options.dump_directory("configurations")) else None,
        capture(options, "1.configured"),
        substitution(options, options.substitute_executable_configurations, options.substitute_executable_configurations_from),
        DumpExecutableBenchmarks(path) if (path := options.dump_directory("benchmarks")) else None,
    )


def executable_targets_phase(options: CompileOptions) -> Pipeline:
    """Each function becomes a kernel."""
    return Pipeline("executable-targets", TranslateExecutables(), capture(options, "2.translated"))


def hal_phase(options: CompileOptions) -> Pipeline:
    """stream -> hal: timelines become command buffers recorded once, executables become binaries."""
    return Pipeline(
        "hal",
        substitution(options, options.substitute_executable_objects, options.substitute_executable_objects_from),
        ConvertToHAL(
            indirect_command_buffers=options.indirect_command_buffers,
            force_indirect_command_buffers=options.force_indirect_command_buffers,
            memoize_dynamic=options.memoize_dynamic,
        ),
        _memoization(options),
        Canonicalize(),
        PruneExecutables(),
        LinkExecutables() if options.link_executables else None,
        HoistExecutableObjects(),
        ResolveExportOrdinals(),
        MaterializeResourceCaches(immutable_loads=True),
        ResolveTopologyQueries(),
        MemoizeDeviceSelection(),
        MemoizeDeviceQueries(),
        RepeatDispatches(options.dispatch_repeat_count) if options.dispatch_repeat_count != 1 else None,
        ElideRedundantCommands(),
        InitializeDevices(),
        ConvertSCFToCF(),
        SerializeExecutables(
            options.executable_object_search_path, options.dump_directory("intermediates"), options.dump_directory("binaries")
        ),
        Inline(),
        Canonicalize(),
        CSE(),
        SymbolDCE(),
        leaves=Dialects("hal", "util", "arith", "cf", "math", "check"),
    )


def _memoization(options: CompileOptions) -> ModulePass:
    """Memoize regions put to use, or out of the way."""
    if not options.memoization:
        return InlineMemoizeRegions()
    entries = options.memo_entries if options.memoize_dynamic else 0
    return OutlineMemoizeRegions(entries, options.memo_minimum_dispatches, options.memo_lazy, statistics=True)
