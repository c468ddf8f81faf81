"""iree-stream-pack-constants: constants lie one behind the other in the module and are mapped, or uploaded, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import ArrayAttr, DenseIntOrFPElementsAttr, IntAttr, ModuleOp, UnitAttr, VectorType, i1, i8, i64
from xdsl.ir import Attribute, Block, Operation, SSAValue

from pyrie.dialects import cf, stream, util
from pyrie.dialects.folding import constant_int
from pyrie.dialects.stream.types import CONSTANT, HOST_CONFIG, FileType, ResourceType, TimepointType
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.emitter import Emitter, host_functions, replace
from pyrie.support.shape import align


@dataclass(frozen=True)
class PackConstants(ModulePass):
    """Expands `stream.resource.constants`.

    before:  %a, %b, %t = stream.resource.constants : !stream.resource<constant>{%s0} = #x, !stream.resource<constant>{%s1} = #y => ...
    after:   %bytes = util.buffer.constant : !util.buffer = #util.composite<Nxi8, [#x, padding, #y]>
             %ok, %mapped = stream.resource.try_map %bytes[%c0] : ...
             cf.cond_br %ok, ^ready(%immediate, %mapped), ^upload      ^upload: alloc, file.constant, file.read, cf.br ^ready(...)
             ^ready(%t, %all): %a = stream.resource.subview %all[0] ..., %b = stream.resource.subview %all[N'] ...

    Values start at multiples of `alignment`. Variables are always uploaded, since the program will write them or hand them on. Legal
    because the bytes are the same and constants are never written.
    """

    name = "iree-stream-pack-constants"

    alignment: int = HOST_CONFIG.alignment

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in host_functions(module):
            for op in list(function.walk()):
                if isinstance(op, stream.ResourceConstantsOp):
                    self._expand(op)

    def _expand(self, op: stream.ResourceConstantsOp) -> None:
        timepoints: list[SSAValue] = []
        results: dict[SSAValue, SSAValue] = {}
        for type in dict.fromkeys(result.type for result in op.results_):
            members = [i for i, result in enumerate(op.results_) if result.type == type]
            storage = self._pack(op, members)
            emitter = Emitter(op)
            if type == ResourceType(CONSTANT):
                timepoint, resource = _map_or_upload(op, storage)
            else:
                timepoint, resource = _upload(emitter, op, type, storage, _buffer(emitter, storage))
            emitter = Emitter(op)
            total = emitter.constant(storage.length)
            timepoints.append(timepoint)
            for i, offset in zip(members, storage.offsets, strict=True):
                view = stream.ResourceSubviewOp.build(
                    operands=[resource, total, emitter.constant(offset), op.result_sizes[i]], result_types=[type]
                )
                results[op.results_[i]] = emitter.emit(view).result
        emitter = Emitter(op)
        if len(timepoints) > 1:
            join = stream.TimepointJoinOp.build(operands=[timepoints], result_types=[TimepointType()])
            timepoints = [emitter.emit(join).result_timepoint]
        replace(op, [*(results[result] for result in op.results_), timepoints[0]])

    def _pack(self, op: stream.ResourceConstantsOp, members: Sequence[int]) -> _Storage:
        """Lays the values out and pads between them."""
        values: list[Attribute] = []
        offsets: list[int] = []
        end = 0
        for i in members:
            length = constant_int(op.result_sizes[i])
            if length is None:
                raise error_at(op, "has a constant whose size is not constant")
            start = align(end, self.alignment)
            if start > end:
                values.append(_padding(start - end))
            if length:
                values.append(op.values.data[i])
            offsets.append(start)
            end = start + length
        total = align(end, self.alignment)
        if total > end:
            values.append(_padding(total - end))
        return _Storage(values, offsets, total)


@dataclass(frozen=True)
class _Storage:
    values: list[Attribute]
    offsets: list[int]
    length: int

    @property
    def attribute(self) -> Attribute:
        return util.CompositeAttr(IntAttr(self.length), ArrayAttr(self.values))


def _padding(length: int) -> Attribute:
    return DenseIntOrFPElementsAttr.from_list(VectorType(i8, [length]), [0])


def _buffer(emitter: Emitter, storage: _Storage, alignment: int = 64) -> SSAValue:
    return emitter.emit(util.BufferConstantOp(storage.attribute, alignment=alignment)).results[0]


def _affinity(op: Operation) -> dict[str, Attribute]:
    affinity = op.properties.get("affinity")
    return {} if affinity is None else {"affinity": affinity}


def _upload(
    emitter: Emitter, op: stream.ResourceConstantsOp, type: Attribute, storage: _Storage, buffer: SSAValue
) -> tuple[SSAValue, SSAValue]:
    """Reads the bytes into memory of the device; returns when they are there and where."""
    total, zero = emitter.constant(storage.length), emitter.constant(0)
    alloc = stream.ResourceAllocOp.build(operands=[total], properties={"uninitialized": UnitAttr(), **_affinity(op)}, result_types=[type])
    emitter.emit(alloc)
    file = stream.FileConstantOp.build(operands=[buffer, total, zero, total], properties=_affinity(op), result_types=[FileType()])
    emitter.emit(file)
    read = stream.FileReadOp.build(
        operands=[file.result, emitter.constant(0, i64), alloc.result, total, zero, total, []],
        properties=_affinity(op),
        result_types=[TimepointType()],
    )
    return emitter.emit(read).result_timepoint, alloc.result


def _map_or_upload(op: stream.ResourceConstantsOp, storage: _Storage) -> tuple[SSAValue, SSAValue]:
    """Maps the bytes where the device can, and uploads them where not; splits the block before `op`."""
    type = ResourceType(CONSTANT)
    emitter = Emitter(op)
    buffer, zero, total = _buffer(emitter, storage), emitter.constant(0), emitter.constant(storage.length)
    immediate = emitter.emit(stream.TimepointImmediateOp.build(result_types=[TimepointType()])).result_timepoint
    mapped = stream.ResourceTryMapOp.build(operands=[buffer, zero, total], properties=_affinity(op), result_types=[i1, type])
    emitter.emit(mapped)
    before = op.parent
    assert before is not None and before.parent is not None
    ready = before.split_before(op, arg_types=[TimepointType(), type])
    upload = Block()
    before.parent.insert_block_before(upload, ready)
    branch = cf.ConditionalBranchOp(mapped.did_map, ready, [immediate, mapped.result], upload, [])
    placeholder = cf.BranchOp(ready)
    branch.location = placeholder.location = op.location
    before.add_op(branch)
    upload.add_op(placeholder)
    timepoint, resource = _upload(emitter.before(placeholder), op, type, storage, buffer)
    placeholder.detach()
    placeholder.erase()
    end = cf.BranchOp(ready, timepoint, resource)
    end.location = op.location
    upload.add_op(end)
    return ready.args[0], ready.args[1]
