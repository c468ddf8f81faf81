"""iree-stream-materialize-builtins: fills that no command can do become dispatches of kernels that come with the compiler."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from xdsl.dialects.builtin import ArrayAttr, ModuleOp, SymbolRefAttr, i64
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import arith, stream
from pyrie.dialects.directives import tied_operands_attr
from pyrie.dialects.folding import constant_int
from pyrie.ir.context import Context
from pyrie.ir.parser import parse_module
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.stream.emitter import Emitter, host_functions, host_op, replace

FILL_I64 = "__builtin_fill_i64"


@dataclass(frozen=True)
class MaterializeBuiltins(ModulePass):
    """Dispatches fills with 64-bit values.

    before:  %1 = stream.async.splat %v : i64 -> !stream.resource<transient>{%s}
    after:   %1 = stream.async.dispatch @__builtin_fill_i64::@__builtin_fill_i64[%n](%v, %n) : (i64, index) -> !stream.resource<...>{%s}

    Legal because the kernel writes the value to each of the %n = %s / 8 elements, as the fill does.
    """

    name = "iree-stream-materialize-builtins"

    def apply(self, context: Context, module: ModuleOp) -> None:
        wanted = [
            op
            for function in host_functions(module)
            for op in function.walk()
            if isinstance(op, stream.AsyncSplatOp | stream.AsyncFillOp) and op.value.type == i64
        ]
        if not wanted:
            return
        symbol = _insert(context, module)
        for op in wanted:
            emitter = Emitter(host_op(op))
            made = _fill(op, symbol, emitter) if isinstance(op, stream.AsyncFillOp) else _splat(op, symbol, emitter)
            made.location = op.location
            block = op.parent
            assert block is not None
            block.insert_op_before(made, op)
            replace(op, made.results)


def _insert(context: Context, module: ModuleOp) -> str:
    """Puts the executable in front of the module's functions; returns its name."""
    text = files("pyrie.passes.stream").joinpath("builtins/fill_i64.mlir").read_text()
    executable = parse_module(text, context, name=f"{FILL_I64}.mlir").body.block.first_op
    assert executable is not None
    executable.detach()
    return SymbolTable(module).insert(executable, before=next(iter(host_functions(module))))


def _count(length: SSAValue, emitter: Emitter) -> SSAValue:
    number = constant_int(length)
    if number is not None:
        return emitter.constant(number // 8)
    return emitter.emit(arith.DivUIOp(length, emitter.constant(8))).results[0]


def _properties(op: Operation, symbol: str) -> dict[str, Attribute]:
    affinity = op.properties.get("affinity")
    entry = SymbolRefAttr(symbol, [FILL_I64])
    return {"entry_points": ArrayAttr([entry]), **({} if affinity is None else {"affinity": affinity})}


def _splat(op: stream.AsyncSplatOp, symbol: str, emitter: Emitter) -> stream.AsyncDispatchOp:
    count = _count(op.result_size, emitter)
    return stream.AsyncDispatchOp.build(
        operands=[[count], [op.value, count], [], [], [], [], [op.result_size]],
        properties=_properties(op, symbol),
        result_types=[[op.result.type]],
    )


def _fill(op: stream.AsyncFillOp, symbol: str, emitter: Emitter) -> stream.AsyncDispatchOp:
    count = _count(op.target_length, emitter)
    tied = tied_operands_attr([2])
    assert tied is not None
    return stream.AsyncDispatchOp.build(
        operands=[
            [count],
            [op.value, count, op.target],
            [op.target_size],
            [op.target_offset],
            [op.target_end],
            [op.target_length],
            [op.target_size],
        ],
        properties={**_properties(op, symbol), "tied_operands": tied},
        result_types=[[op.result.type]],
    )
