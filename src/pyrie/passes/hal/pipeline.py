"""The executable phases and the hal phase: from scheduled work to command buffers, from device code to binaries."""

from __future__ import annotations

from pyrie.ir.passes import Dialects, Pipeline
from pyrie.ir.transforms.canonicalize import Canonicalize
from pyrie.ir.transforms.cse import CSE
from pyrie.ir.transforms.inline import Inline
from pyrie.ir.transforms.symbol_dce import SymbolDCE
from pyrie.passes.hal.assign_legacy_target_devices import AssignLegacyTargetDevices
from pyrie.passes.hal.assign_target_devices import AssignTargetDevices
from pyrie.passes.hal.configure_executables import ConfigureExecutables
from pyrie.passes.hal.conversion import ConvertToHAL
from pyrie.passes.hal.elide_redundant_commands import ElideRedundantCommands
from pyrie.passes.hal.initialize_devices import InitializeDevices
from pyrie.passes.hal.inline_memoize_regions import InlineMemoizeRegions
from pyrie.passes.hal.link_all_executables import LinkExecutables
from pyrie.passes.hal.materialize_interfaces import MaterializeInterfaces
from pyrie.passes.hal.materialize_resource_caches import MaterializeResourceCaches
from pyrie.passes.hal.materialize_target_devices import MaterializeTargetDevices
from pyrie.passes.hal.memoize_device_queries import MemoizeDeviceQueries
from pyrie.passes.hal.memoize_device_selection import MemoizeDeviceSelection
from pyrie.passes.hal.outline_memoize_regions import OutlineMemoizeRegions
from pyrie.passes.hal.prune_executables import PruneExecutables
from pyrie.passes.hal.resolve_device_aliases import ResolveDeviceAliases
from pyrie.passes.hal.resolve_device_promises import ResolveDevicePromises
from pyrie.passes.hal.resolve_export_ordinals import ResolveExportOrdinals
from pyrie.passes.hal.resolve_topology_queries import ResolveTopologyQueries
from pyrie.passes.hal.serialize_all_executables import SerializeExecutables
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


def executable_sources_phase(options: CompileOptions) -> Pipeline:
    """stream.executable -> hal.executable, with a variant for each target."""
    return Pipeline(
        "executable-sources",
        Canonicalize(),
        CSE(),
        VerifyDevices(),
        MaterializeInterfaces(options.target_backends, options.cpu, options.cpu_features),
        PruneExecutables(),
    )


def executable_configurations_phase(options: CompileOptions) -> Pipeline:
    """Each kernel gets a strategy."""
    return Pipeline("executable-configurations", ConfigureExecutables())


def executable_targets_phase(options: CompileOptions) -> Pipeline:
    """Each function becomes a kernel."""
    return Pipeline("executable-targets", TranslateExecutables())


def hal_phase(options: CompileOptions) -> Pipeline:
    """stream -> hal: timelines become command buffers recorded once, executables become binaries."""
    return Pipeline(
        "hal",
        ConvertToHAL(),
        OutlineMemoizeRegions() if options.memoization else InlineMemoizeRegions(),
        PruneExecutables(),
        LinkExecutables() if options.link_executables else None,
        ResolveExportOrdinals(),
        MaterializeResourceCaches(immutable_loads=True),
        ResolveTopologyQueries(),
        MemoizeDeviceSelection(),
        MemoizeDeviceQueries(),
        ElideRedundantCommands(),
        InitializeDevices(),
        ConvertSCFToCF(),
        SerializeExecutables(),
        Inline(),
        Canonicalize(),
        CSE(),
        SymbolDCE(),
        leaves=Dialects("hal", "util", "arith", "cf", "math", "check"),
    )
