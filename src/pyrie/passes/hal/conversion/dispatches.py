"""Dispatches: which variant and which export run, on how many workgroups."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, SymbolRefAttr, i1, i64
from xdsl.ir import Block, Region, SSAValue

from pyrie.dialects import arith, hal, scf, stream
from pyrie.ir.diagnostics import error_at
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.conversion.emitter import Emitter, index
from pyrie.passes.hal.conversion.recorder import Recorder

GRID = 3  # dimensions of a grid of workgroups
NO_VARIANT = -1


def record_dispatch(r: Recorder, op: stream.CmdDispatchOp) -> list[SSAValue]:
    """One variant is dispatched as it is. Of several the first whose format and condition the device meets; none if it meets no one's:
    then loading the executable has failed already.
    """
    exports = [r.c.export(op, entry_point) for entry_point in op.entry_points]
    device = r.device()
    if len(exports) == 1:
        _dispatch(r, r.emit, op, exports[0], op.entry_points.data[0], device)
        return []
    emit = r.emit
    conditions = [_runs_on(emit, variant_of(export), device) for export in exports]
    selected = emit.constant(NO_VARIANT)
    for number, condition in reversed(list(enumerate(conditions))):
        selected = emit.emit(arith.SelectOp(condition, emit.constant(number), selected)).result
    cases: list[Region] = []
    for export, entry_point in zip(exports, op.entry_points, strict=True):
        inner = emit.into(Block())
        _dispatch(r, inner, op, export, entry_point, device)
        inner.emit(scf.YieldOp())
        cases.append(Region(inner.block))
    default = Region(Block([scf.YieldOp()]))
    emit.emit(scf.IndexSwitchOp(selected, DenseArrayBase.from_list(i64, list(range(len(cases)))), default, cases, []))
    return []


def variant_of(export: hal.ExecutableExportOp) -> hal.ExecutableVariantOp:
    """The variant that `export` is in."""
    variant = export.parent_op()
    if not isinstance(variant, hal.ExecutableVariantOp):
        raise error_at(export, "is not in a hal.executable.variant")
    return variant


def _runs_on(emit: Emitter, variant: hal.ExecutableVariantOp, device: SSAValue) -> SSAValue:
    """Whether `device` can load the format of a variant and meets its condition."""
    format = variant.target.format.data
    loads = emit.emit(hal.DeviceQueryOp(device, "hal.executable.format", format, i1, IntegerAttr(0, i1))).value
    for op in variant.body.block.ops:
        if isinstance(op, hal.ExecutableConditionOp):
            (meets,) = emit.execute(op.body, [device], [i1])
            return emit.emit(arith.AndIOp(loads, meets)).results[0]
    return loads


def _dispatch(
    r: Recorder, emit: Emitter, op: stream.CmdDispatchOp, export: hal.ExecutableExportOp, entry_point: SymbolRefAttr, device: SSAValue
) -> None:
    if len(export.layout.bindings) != len(op.resources):
        raise error_at(op, f"binds {len(op.resources)} resources to a kernel with {len(export.layout.bindings)} bindings")
    executable = emit.emit(hal.ExecutableLookupOp(device, entry_point.root_reference.data)).result
    function, *workgroups = _select_export(emit, op, export, executable, device)
    # A buffer that went into a slot of the binding table is a slot here, whatever the layout says: recorded directly it would be stale
    # in the next submission.
    bindings = list(zip(op.resources, op.resource_offsets, op.resource_lengths, strict=True))
    constants = list(op.uniform_operands)
    emit.emit(hal.CommandBufferDispatchOp(r.command_buffer, executable, function, workgroups, constants, bindings))


def _select_export(
    emit: Emitter, op: stream.CmdDispatchOp, export: hal.ExecutableExportOp, executable: SSAValue, device: SSAValue
) -> list[SSAValue]:
    """The number of the function to run and its three workgroup counts: those of the first export on the chain of fallbacks whose
    condition holds, or the last.
    """
    fallback = export.condition_fallback
    if not export.condition.blocks or fallback is None:
        function = emit.emit(hal.ExecutableLookupFunctionOp(executable, _reference(export))).result
        return [function, *workgroup_count(emit, export, device, op.workload)]
    (condition,) = emit.inline(export.condition, [device, *op.workload], [i1])
    other = SymbolTable(variant_of(export)).lookup(fallback)
    if not isinstance(other, hal.ExecutableExportOp):
        raise error_at(export, f"falls back to {fallback}, which is no export of its variant")
    then, otherwise = emit.into(Block()), emit.into(Block())
    function = then.emit(hal.ExecutableLookupFunctionOp(executable, _reference(export))).result
    then.emit(scf.YieldOp(function, *workgroup_count(then, export, device, op.workload)))
    otherwise.emit(scf.YieldOp(*_select_export(otherwise, op, other, executable, device)))
    return list(emit.emit(scf.IfOp(condition, [i64, index, index, index], Region(then.block), Region(otherwise.block))).results)


def _reference(export: hal.ExecutableExportOp) -> SymbolRefAttr:
    variant = variant_of(export)
    executable = variant.parent_op()
    assert isinstance(executable, hal.ExecutableOp)
    return SymbolRefAttr(executable.sym_name.data, [variant.sym_name.data, export.sym_name.data])


def workgroup_count(emit: Emitter, export: hal.ExecutableExportOp, device: SSAValue, workload: Sequence[SSAValue]) -> list[SSAValue]:
    """The three counts for `workload`: a copy of the export's region, or the workload itself where it has none."""
    if not export.workgroup_count.blocks:
        return _workload_as_grid(emit, workload)
    body = export.workgroup_count.blocks[0]
    arguments = [device, *workload] if body.args and isinstance(body.args[0].type, hal.DeviceType) else list(workload)
    if len(arguments) < len(body.args):
        raise error_at(export, f"takes a workload of {len(body.args) - 1} values but is dispatched with {len(workload)}")
    return emit.inline(export.workgroup_count, arguments, [index] * GRID)


def _workload_as_grid(emit: Emitter, workload: Sequence[SSAValue]) -> list[SSAValue]:
    """A workgroup for each point of the workload; beyond three dimensions all are in the first."""
    grid = list(workload)
    if len(grid) > GRID:
        points = grid[0]
        for extent in grid[1:]:
            points = emit.emit(arith.MuliOp(points, extent)).results[0]
        grid = [points]
    return grid + [emit.constant(1) for _ in range(GRID - len(grid))]
