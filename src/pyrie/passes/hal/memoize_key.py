"""The key of a dynamic memoize region: which few numbers decide everything that the region computes from numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.dialects.builtin import Float32Type, Float64Type, IndexType, IntegerType, i32, i64
from xdsl.ir import Operation, OpResult, SSAValue

from pyrie.dialects import arith, hal
from pyrie.ir.effects import is_pure
from pyrie.passes.hal.captures import captured_values, is_constant, is_dynamic, is_immutable_global, is_scalar
from pyrie.passes.hal.function_writer import FunctionWriter

MOST_KEYS = 16  # each is compared with every slot on every look-up; regions with more free numbers hardly repeat


def reduce_key(op: hal.DeviceMemoizeOp) -> None:
    """Moves arithmetic into the region where that leaves fewer numbers to capture.

    before:  %lo = f(%dim); %hi = g(%dim); %n = %dim * 4;  memoize { uses %lo, %hi, %n, %dim }       (a key of four)
    after:   memoize { %lo = f(%dim); %hi = g(%dim); %n = %dim * 4; uses them }                      (a key of one)

    Legal because what moves has no side effects and is a function of the new key alone. Not done where it saves nothing: what is
    captured may then be the same for many values of what it is computed from, as a rounded-up count is.
    """
    captured = [value for value in captured_values(op.body) if value not in (op.device, op.queue_affinity)]
    dynamic = [value for value in captured if is_dynamic(value)]
    if len(dynamic) < 2 or not all(is_scalar(value) for value in dynamic):
        return
    leaves = min(_leaves(dynamic), _merged(dynamic), key=len)
    if len(leaves) < len(dynamic):
        _sink(op, dynamic, set(leaves))


def _leaves(values: Iterable[SSAValue]) -> list[SSAValue]:
    """What `values` are computed from by arithmetic, however far back, each once."""
    found: dict[SSAValue, None] = {}
    seen: set[SSAValue] = set()
    pending = list(values)
    while pending:
        value = pending.pop()
        if value in seen or is_constant(value) or is_immutable_global(value):
            continue
        seen.add(value)
        if isinstance(value, OpResult) and _is_arithmetic(value):
            pending.extend(value.op.operands)
        else:
            found[value] = None
    return list(found)


def _merged(values: Sequence[SSAValue]) -> list[SSAValue]:
    """As `_leaves`, but goes back only through values that need at most one number which is not in the key yet."""
    key = dict.fromkeys(values)
    pending = list(values)
    while pending:
        value = pending.pop()
        if value not in key or not _is_arithmetic(value):
            continue
        assert isinstance(value, OpResult)
        operands = dict.fromkeys(v for v in value.op.operands if not is_constant(v) and not is_immutable_global(v))
        missing = [operand for operand in operands if operand not in key]
        if len(missing) <= 1:
            del key[value]
            key.update(dict.fromkeys(missing))
            pending.extend(missing)
    return list(key)


def _is_arithmetic(value: SSAValue) -> bool:
    """Computed from numbers alone, by an op that can be cloned anywhere behind its operands."""
    if not isinstance(value, OpResult):
        return False
    op = value.op
    if op.regions or op.successors or not is_pure(op):
        return False
    return all(is_scalar(part) for part in (*op.operands, *op.results))


def _sink(op: hal.DeviceMemoizeOp, dynamic: Iterable[SSAValue], leaves: set[SSAValue]) -> None:
    """Clones all that leads from `leaves` to the captured values to the front of the region, which then uses the clones."""
    order: list[Operation] = []
    seen: set[Operation] = set()

    def visit(value: SSAValue) -> None:
        if value in leaves or is_constant(value) or is_immutable_global(value) or value.owner in seen:
            return
        assert isinstance(value.owner, Operation)
        seen.add(value.owner)
        for operand in value.owner.operands:
            visit(operand)
        order.append(value.owner)

    for value in dynamic:
        visit(value)
    block = op.body.block
    first = block.first_op
    assert first is not None
    mapping: dict[SSAValue, SSAValue] = {}
    for original in order:
        clone = original.clone(mapping)
        clone.location = original.location
        block.insert_op_before(clone, first)
    for value, inside in mapping.items():
        value.replace_uses_with_if(inside, lambda use: op.is_ancestor(use.operation) and use.operation is not op)


def can_be_key(value: SSAValue) -> bool:
    """Numbers of up to 64 bits that the VM can compare bit by bit."""
    return kept_type(value) is not None


def kept_type(key: SSAValue) -> IndexType | IntegerType | None:
    """The type of the global that keeps a key: integers as the VM has them, floats as their bits."""
    match key.type:
        case IndexType():
            return key.type
        case IntegerType():
            return None if key.type.width.data > 64 else i64 if key.type.width.data > 32 else i32
        case Float32Type():
            return i32
        case Float64Type():
            return i64
        case _:
            return None


def kept(writer: FunctionWriter, key: SSAValue) -> SSAValue:
    """The bits of a key as its global keeps them: NaN equals itself, and zero does not equal minus zero."""
    wanted = kept_type(key)
    assert wanted is not None
    if key.type == wanted:
        return key
    if isinstance(key.type, IntegerType):
        return writer.emit(arith.ExtUIOp(key, wanted)).results[0]
    return writer.emit(arith.BitcastOp(key, wanted)).results[0]
