"""iree-stream-schedule-allocation: values become ranges of allocated memory, async ops become commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from xdsl.dialects.builtin import ArrayAttr, IntegerAttr, ModuleOp, UnitAttr
from xdsl.ir import Attribute, Block, Operation, OpResult, Region, SSAValue

from pyrie.dialects import stream, util
from pyrie.dialects.directives import index
from pyrie.dialects.folding import constant_int
from pyrie.dialects.stream.types import STAGING, TRANSIENT, ResourceAccessAttr, ResourceType, TimepointType
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.aliasing import is_resource, resource_size
from pyrie.passes.stream.emitter import Emitter, host_functions, replace


@dataclass(frozen=True)
class ScheduleAllocation(ModulePass):
    """Gives every resource of an execution its memory.

    before:  %r, %t = stream.async.execute with(%0 as %x) -> ... { %1 = stream.async.dispatch @a(%x); %2 = ...(%1); stream.yield %2 }
    after:   %r, %t0 = stream.resource.alloca ...                            (one for each result)
             %size, %o:n = stream.resource.pack slices({[0, 1] = %s, ...})    (all values that stay inside, by the time they live)
             %slab, %t1 = stream.resource.alloca ... {%size}
             %t = stream.cmd.execute await(join %t0, %t1) with(%0 as %x, %r as %y, %slab as %z) { stream.cmd.dispatch @a {...} ... }
             %d = stream.resource.dealloca await(%t) => %slab

    Results tied to a capture are that capture. Legal because copy-on-write made every write in place the last use of what it
    overwrites, and slices that overlap in the slab live at different times.
    """

    name = "iree-stream-schedule-allocation"

    def apply(self, context: Context, module: ModuleOp) -> None:
        affinity = module.attributes.get("stream.affinity.default")
        properties: dict[str, Attribute] = {} if affinity is None else {"affinity": affinity}
        for function in host_functions(module):
            if isinstance(function, util.InitializerOp):
                _gather_constants(function.body)
            for block in function.regions[0].blocks:
                _allocate_constants(block, properties)
            for op in list(function.walk()):
                if isinstance(op, stream.AsyncExecuteOp):
                    _Execution(op, properties).allocate()
                elif (lower := _HOST.get(type(op))) is not None:
                    lower(op)


# ---- host ops ----------------------------------------------------------------------------------------------------------


def _gather_constants(region: Region) -> None:
    """Brings the constants of an initializer into its entry, so that they become one upload, however the initializer branches."""
    entry = region.blocks[0]
    assert entry.last_op is not None
    for block in list(region.blocks)[1:]:
        for op in [op for op in block.ops if isinstance(op, stream.AsyncConstantOp)]:
            if op.await_timepoint is None and (number := constant_int(op.result_size)) is not None:
                op.detach()
                entry.insert_op_before(op, entry.last_op)
                op.operands[0] = Emitter(op).constant(number)


def _allocate_constants(block: Block, affinity: dict[str, Attribute]) -> None:
    """Gathers the constants of a block into one upload."""
    constants = [op for op in block.ops if isinstance(op, stream.AsyncConstantOp)]
    if not constants:
        return
    for op in constants:
        if isinstance(op.result_size, OpResult) and op.result_size.owner.parent is block:
            _hoist(op.result_size.owner, constants[0])
    emitter = Emitter(constants[0])
    sizes = [op.result_size for op in constants]
    types = [op.result.type for op in constants]
    upload = stream.ResourceConstantsOp.build(
        operands=[sizes],
        properties={"values": ArrayAttr(op.value for op in constants), **affinity},
        result_types=[types, TimepointType()],
    )
    emitter.emit(upload)
    sync = {"sync": UnitAttr()} if isinstance(block.parent_op(), util.InitializerOp) else {}
    wait = stream.TimepointAwaitOp.build(
        operands=[list(upload.results_), sizes, upload.result_timepoint], properties=sync, result_types=[types]
    )
    emitter.emit(wait)
    for op, result in zip(constants, wait.results, strict=True):
        replace(op, [result])


def _hoist(op: Operation, before: Operation) -> None:
    """Moves a pure op in front of another of its block, if it is behind it."""
    if op is before or op.is_before_in_block(before):
        return
    block = op.parent
    assert block is not None
    for operand in op.operands:
        if isinstance(operand, OpResult) and operand.owner.parent is block:
            _hoist(operand.owner, before)
    op.detach()
    block.insert_op_before(op, before)


def _lower_load(op: Operation) -> None:
    assert isinstance(op, stream.AsyncLoadOp)
    made = stream.ResourceLoadOp.build(operands=[op.source, op.source_size, op.source_offset], result_types=[op.result.type])
    replace(op, Emitter(op).emit(made).results)


def _lower_store(op: Operation) -> None:
    assert isinstance(op, stream.AsyncStoreOp)
    Emitter(op).emit(stream.ResourceStoreOp.build(operands=[op.target, op.target_size, op.target_offset, op.value]))
    replace(op, [op.target])


def _lower_alias(op: Operation) -> None:
    replace(op, [op.operands[0]])


_HOST: dict[type[Operation], Callable[[Operation], None]] = {
    stream.AsyncLoadOp: _lower_load,
    stream.AsyncStoreOp: _lower_store,
    stream.AsyncCastOp: _lower_alias,
    stream.AsyncBarrierOp: _lower_alias,
}


# ---- executions --------------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where a value is: a range of a resource that the commands capture."""

    resource: SSAValue
    size: SSAValue
    offset: SSAValue


class _Execution:
    """The allocation of one execution."""

    def __init__(self, op: stream.AsyncExecuteOp, affinity: dict[str, Attribute]):
        self.op, self.affinity = op, affinity
        self.emitter = Emitter(op)
        self.zero = self.emitter.constant(0)
        self.places: dict[SSAValue, Place] = {}
        self.roots: dict[SSAValue, SSAValue] = {}
        self.ready: list[SSAValue] = []

    def allocate(self) -> None:
        op = self.op
        self._find_roots(op.body.block)
        captured: dict[SSAValue, SSAValue] = {}  # resource outside -> its size
        for argument, value, size in zip(op.body.block.args, op.resource_operands, op.resource_operand_sizes, strict=True):
            self.places[argument] = Place(value, size, self.zero)
            captured.setdefault(value, size)
        results = [self._allocate_result(root, captured) for root in self._result_roots()]
        slab = self._allocate_slab(captured)
        if op.await_timepoint is not None and not self.ready:
            self.ready.append(op.await_timepoint)

        body = Block(arg_types=[value.type for value in captured])
        inside = {value: body.args[i] for i, value in enumerate(captured)}
        self.places = {value: place._replace(resource=inside[place.resource]) for value, place in self.places.items()}
        for inner in list(op.body.block.ops):
            self._lower(inner, body)
        last = stream.YieldOp.build(operands=[[], []])
        body.add_op(last)
        once = {"once": UnitAttr()} if _runs_once(op) else {}
        made = stream.CmdExecuteOp.build(
            operands=[list(captured), list(captured.values()), [self._join(self.ready)] if self.ready else []],
            properties={**once, **self.affinity},
            result_types=[TimepointType()],
            regions=[Region(body)],
        )
        self.emitter.emit(made)
        done = made.result_timepoint
        if slab is not None:
            free = stream.ResourceDeallocaOp.build(
                operands=[slab.resource, slab.size, done], properties=self.affinity, result_types=[TimepointType()]
            )
            done = self.emitter.emit(free).result_timepoint
        replace(op, [*results, done])

    # ---- storage

    def _find_roots(self, block: Block) -> None:
        """Maps every value to the one that first named its storage."""
        for argument in block.args:
            self.roots.setdefault(argument, argument)
        for op in block.ops:
            assert isinstance(op, stream.StreamOp)
            if isinstance(op, stream.AsyncConcurrentOp):
                for argument, value in zip(op.body.block.args, op.resource_operands, strict=True):
                    self.roots[argument] = self.roots[value]
                self._find_roots(op.body.block)
                for result, value in zip(op.results, op.yielded.resource_operands, strict=True):
                    self.roots[result] = self.roots[value]
                continue
            for result in op.results:
                tied = op.tied_operand(result.index)
                self.roots[result] = self.roots[tied] if tied is not None else result

    def _result_roots(self) -> list[SSAValue]:
        return [self.roots[value] for value in self.op.yielded.resource_operands]

    def _allocate_result(self, root: SSAValue, captured: dict[SSAValue, SSAValue]) -> SSAValue:
        """The memory of a result: a capture's, or some of its own."""
        if root not in self.places:
            size = _size(root)
            value = self._alloca(root.type, size)
            self.places[root] = Place(value, size, self.zero)
            captured[value] = size
        return self.places[root].resource

    def _alloca(self, type: Attribute, size: SSAValue) -> SSAValue:
        wait = [] if self.op.await_timepoint is None else [self.op.await_timepoint]
        made = stream.ResourceAllocaOp.build(operands=[size, wait], properties=self.affinity, result_types=[type, TimepointType()])
        self.emitter.emit(made)
        self.ready.append(made.result_timepoint)
        return made.result

    def _allocate_slab(self, captured: dict[SSAValue, SSAValue]) -> Place | None:
        """One allocation for all values that neither come in nor go out."""
        intervals: dict[SSAValue, list[int]] = {}
        for step, op in enumerate(self.op.body.block.ops):
            for inner in op.walk():
                for value in (*inner.operands, *inner.results):
                    root = self.roots.get(value)
                    if root is None or root in self.places or isinstance(inner, stream.AsyncAllocaOp):
                        continue
                    intervals.setdefault(root, [step, step])[1] = step
        if not intervals:
            return None
        sizes = [_size(root) for root in intervals]
        numbers = [IntegerAttr(number, index) for interval in intervals.values() for number in interval]
        pack = stream.ResourcePackOp.build(
            operands=[[], sizes],
            properties={"lifetime_intervals": ArrayAttr(numbers), **self.affinity},
            result_types=[index, [index] * len(sizes)],
        )
        self.emitter.emit(pack)
        slab = Place(self._alloca(ResourceType(TRANSIENT), pack.total_length), pack.total_length, self.zero)
        captured[slab.resource] = slab.size
        for root, offset in zip(intervals, pack.packed_offsets, strict=True):
            self.places[root] = slab._replace(offset=offset)
        return slab

    def _join(self, timepoints: list[SSAValue]) -> SSAValue:
        if len(timepoints) == 1:
            return timepoints[0]
        made = stream.TimepointJoinOp.build(operands=[timepoints], result_types=[TimepointType()])
        return self.emitter.emit(made).result_timepoint

    # ---- commands

    def place(self, value: SSAValue) -> Place:
        return self.places[self.roots[value]]

    def _lower(self, op: Operation, block: Block) -> None:
        if isinstance(op, stream.AsyncConcurrentOp):
            inner = Block()
            for nested in list(op.body.block.ops):
                self._lower(nested, inner)
            last = stream.YieldOp.build(operands=[[], []])
            inner.add_op(last)
            made = stream.CmdConcurrentOp.build(regions=[Region(inner)])
            made.location = last.location = op.location
            block.add_op(made)
        elif (lower := _COMMANDS.get(type(op))) is not None:
            for made in lower(self, op):
                made.location = op.location
                block.add_op(made)
        elif not isinstance(op, stream.AsyncAllocaOp | stream.YieldOp):
            raise unsupported_at(op, "cannot be recorded")

    def offset(self, place: Place, offset: SSAValue) -> SSAValue:
        """`offset` bytes behind the start of the place."""
        return self.emitter.add(place.offset, offset)

    def copy(self, source: SSAValue, source_offset: SSAValue, target: SSAValue, target_offset: SSAValue, length: SSAValue) -> Operation:
        a, b = self.place(source), self.place(target)
        return stream.CmdCopyOp.build(
            operands=[a.resource, a.size, self.offset(a, source_offset), b.resource, b.size, self.offset(b, target_offset), length]
        )

    def fill(self, value: SSAValue, target: SSAValue, offset: SSAValue, length: SSAValue) -> Operation:
        place = self.place(target)
        return stream.CmdFillOp.build(operands=[place.resource, place.size, self.offset(place, offset), length, value])


def _size(value: SSAValue) -> SSAValue:
    size = resource_size(value)
    assert size is not None
    return size


def _runs_once(op: Operation) -> bool:
    """Whether the op is in the entry of an initializer, which no loop leads back to."""
    block = op.parent
    assert block is not None and block.parent is not None
    return isinstance(op.parent_op(), util.InitializerOp) and block is block.parent.blocks[0]


Commands = list[Operation]


def _splat(e: _Execution, op: Operation) -> Commands:
    assert isinstance(op, stream.AsyncSplatOp)
    return [e.fill(op.value, op.result, e.zero, op.result_size)]


def _fill(e: _Execution, op: Operation) -> Commands:
    assert isinstance(op, stream.AsyncFillOp)
    return [e.fill(op.value, op.result, op.target_offset, op.target_length)]


def _clone(e: _Execution, op: Operation) -> Commands:
    assert isinstance(op, stream.AsyncCloneOp)
    return [e.copy(op.source, e.zero, op.result, e.zero, op.source_size)]


def _slice(e: _Execution, op: Operation) -> Commands:
    assert isinstance(op, stream.AsyncSliceOp)
    return [e.copy(op.source, op.source_offset, op.result, e.zero, op.result_size)]


def _update(e: _Execution, op: Operation) -> Commands:
    assert isinstance(op, stream.AsyncUpdateOp)
    return [e.copy(op.update, e.zero, op.result, op.target_offset, op.update_size)]


def _copy(e: _Execution, op: Operation) -> Commands:
    assert isinstance(op, stream.AsyncCopyOp)
    return [e.copy(op.source, op.source_offset, op.result, op.target_offset, op.length)]


def _transfer(e: _Execution, op: Operation) -> Commands:
    """A copy; staging memory is made visible on the side that did not write it."""
    assert isinstance(op, stream.AsyncTransferOp)
    made: Commands = [e.copy(op.source, e.zero, op.result, e.zero, op.source_size)]
    for kind, value, at_end in ((stream.CmdInvalidateOp, op.source, False), (stream.CmdFlushOp, op.result, True)):
        if value.type == ResourceType(STAGING):
            place = e.place(value)
            visible = kind.build(operands=[place.resource, place.size, place.offset, op.source_size])
            made.insert(len(made) if at_end else 0, visible)
    return made


def _dispatch(e: _Execution, op: Operation) -> Commands:
    assert isinstance(op, stream.AsyncDispatchOp)
    written = {tied for result in op.results if (tied := op.tied_operand(result.index)) is not None}
    ranges = iter(zip(op.resource_operand_offsets, op.resource_operand_lengths, strict=True))
    rows: list[tuple[Place, SSAValue, SSAValue, str]] = []
    uniforms: list[SSAValue] = []
    for value in op.resource_operands:
        if not is_resource(value):
            uniforms.append(value)
            continue
        offset, length = next(ranges)
        place = e.place(value)
        rows.append((place, e.offset(place, offset), length, "rw" if value in written else "ro"))
    for result, size in zip(op.results, op.result_sizes, strict=True):
        if op.tied_operand(result.index) is None:
            place = e.place(result)
            rows.append((place, place.offset, size, "wo"))
    return [
        stream.CmdDispatchOp.build(
            operands=[
                op.workload,
                uniforms,
                [place.resource for place, *_ in rows],
                [place.size for place, *_ in rows],
                [offset for _, offset, *_ in rows],
                [length for *_, length, _ in rows],
            ],
            properties={
                "entry_points": op.entry_points,
                "resource_accesses": ArrayAttr(ResourceAccessAttr(access) for *_, access in rows),
            },
            attributes=dict(op.attributes),
        )
    ]


_COMMANDS: dict[type[Operation], Callable[[_Execution, Operation], Commands]] = {
    stream.AsyncCloneOp: _clone,
    stream.AsyncCopyOp: _copy,
    stream.AsyncDispatchOp: _dispatch,
    stream.AsyncFillOp: _fill,
    stream.AsyncSliceOp: _slice,
    stream.AsyncSplatOp: _splat,
    stream.AsyncTransferOp: _transfer,
    stream.AsyncUpdateOp: _update,
}
