"""Moving async ops into regions of execution that capture and yield resources explicitly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from pyrie.dialects import stream
from pyrie.dialects.directives import tied_operands_attr
from pyrie.ir.diagnostics import error_at
from pyrie.passes.stream.aliasing import is_resource, operand_size, resource_size
from pyrie.passes.stream.emitter import Emitter

RegionOp = TypeVar("RegionOp", stream.AsyncExecuteOp, stream.AsyncConcurrentOp)


def form_region(kind: type[RegionOp], ops: Sequence[Operation], emitter: Emitter, affinity: Attribute | None) -> RegionOp:
    """Moves `ops` (in order) into a new region op where `emitter` stands.

    Resources from outside become captures, resources used outside become results; a result that continues the storage of a capture is
    tied to it. Other values are used from outside as they are.
    """
    inside: set[SSAValue] = {result for op in ops for result in op.results}
    members = set(ops)
    captures: dict[SSAValue, SSAValue] = {}
    for op in ops:
        for position, value in enumerate(op.operands):
            if is_resource(value) and value not in inside and value not in captures:
                captures[value] = _known_size(op, operand_size(op, position))
    results = [
        result for op in ops for result in op.results if is_resource(result) and any(use.operation not in members for use in result.uses)
    ]
    positions = {value: i for i, value in enumerate(captures)}
    ties = [positions.get(_root(result, inside), -1) for result in results]
    sizes = [_known_size(result.owner, resource_size(result)) for result in results]  # pyright: ignore[reportArgumentType]

    body = Block(arg_types=[value.type for value in captures])
    properties: dict[str, Attribute] = {} if affinity is None else {"affinity": affinity}
    if (tied := tied_operands_attr(ties)) is not None:
        properties["tied_operands"] = tied
    for op in ops:
        op.detach()
        body.add_op(op)
        for position, value in enumerate(op.operands):
            if value in captures:
                op.operands[position] = body.args[positions[value]]
    last = stream.YieldOp.build(operands=[results, sizes])
    last.location = emitter.location  # pyright: ignore[reportAttributeAccessIssue]
    body.add_op(last)
    is_execute = kind is stream.AsyncExecuteOp
    types = [result.type for result in results]
    made = kind.build(
        operands=[list(captures), list(captures.values()), sizes, *([[]] if is_execute else [])],
        properties=properties,
        result_types=[types, *([stream.TimepointType()] if is_execute else [])],
        regions=[Region(body)],
    )
    emitter.emit(made)
    for result, outer in zip(results, made.results_, strict=True):
        result.replace_uses_with_if(outer, lambda use: use.operation not in members and use.operation is not last)
    return made


def _known_size(op: Operation, size: SSAValue | None) -> SSAValue:
    if size is None:
        raise error_at(op, "has a resource whose size is not known")
    return size


def _root(value: SSAValue, inside: set[SSAValue]) -> SSAValue:
    """The value whose storage `value` continues, as far as ops that make `inside` tell."""
    while value in inside and isinstance(op := value.owner, stream.StreamOp):
        tied = op.tied_operand(value.index)  # pyright: ignore[reportAttributeAccessIssue]
        if tied is None:
            break
        value = tied
    return value
