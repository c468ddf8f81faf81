"""Constant expressions are computed once, when the program is loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import util
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.global_optimization.constant_expressions import ConstantExpressions, producers
from pyrie.passes.hal.device_analysis import inherited_affinities


@dataclass(frozen=True)
class HoistIntoGlobals(ModulePass):
    """Moves what a function computes from constants alone into initializers, and loads the results.

    before:  util.func @f(%x) { %w = linalg.generic ins(%constant) { ... }; %r = linalg.matmul ins(%x, %w) }
    after:   util.global private @__hoisted_tensor_4x8xf32 : tensor<4x8xf32>
             util.initializer { %w = linalg.generic ins(%constant) { ... }; util.global.store %w, @__hoisted_tensor_4x8xf32 }
             util.func @f(%x) { %w = util.global.load immutable @__hoisted_tensor_4x8xf32; %r = linalg.matmul ins(%x, %w) }

    An expression goes as a whole. What is cheaper made than read stays: fills, broadcasts, reshapes, extensions, and what is more than
    `max_size_increase_threshold` bytes larger than the constants it is computed from. Legal because the ops are pure and their operands
    are known at load.
    """

    name = "iree-util-hoist-into-globals"

    max_size_increase_threshold: int = 1 << 20

    def apply(self, context: Context, module: ModuleOp) -> None:
        symbols = SymbolTable(module)
        for function in [op for op in module.body.block.ops if isinstance(op, util.FuncOp) and op.body.blocks]:
            expressions = ConstantExpressions(function.body, _set_before(module, function), self.max_size_increase_threshold)
            hoisted: dict[SSAValue, str] = {}
            kept = expressions.kept()
            for op in kept:
                _hoist(op, function, symbols, hoisted)
            for op in kept:
                for result in op.results:
                    load = util.GlobalLoadOp(hoisted[result], result.type, immutable=True)
                    load.location = op.location
                    result.replace_all_uses_with(load.result)
                    Rewriter.insert_op(load, InsertPoint.after(op))
            for op in reversed(expressions.roots):
                if not any(result.uses for result in op.results):
                    Rewriter.erase_op(op)


def _set_before(module: ModuleOp, function: util.FuncOp) -> frozenset[str]:
    """The immutable globals that are declared, and stored by initializers if at all, in front of the function."""
    names: set[str] = set()
    late: set[str] = set()
    is_before = True
    for op in module.body.block.ops:
        is_before &= op is not function
        if isinstance(op, util.GlobalOp) and op.is_mutable is None and is_before:
            names.add(op.sym_name.data)
        elif isinstance(op, util.InitializerOp) and not is_before:
            late |= {store.global_name for store in op.walk() if isinstance(store, util.GlobalStoreOp)}
    return frozenset(names - late)


def _hoist(op: Operation, function: util.FuncOp, symbols: SymbolTable, hoisted: dict[SSAValue, str]) -> None:
    """Makes a global for each result of `op`, and an initializer in front of `function` that computes and stores them."""
    block = Block()
    values: dict[SSAValue, SSAValue] = {}
    _clone_with_producers(op, block, values, hoisted)
    attributes = inherited_affinities(function)
    for result in op.results:
        made = util.GlobalOp(_global_name(result.type), result.type)
        made.attributes |= attributes
        made.location = op.location
        hoisted[result] = symbols.insert(made, before=function)
        block.add_op(util.GlobalStoreOp(values[result], hoisted[result]))
    block.add_op(util.ReturnOp())
    initializer = util.InitializerOp(Region(block))
    initializer.attributes |= attributes
    initializer.location = op.location
    for inner in block.ops:
        if isinstance(inner, util.GlobalStoreOp | util.ReturnOp):
            inner.location = op.location
    Rewriter.insert_op(initializer, InsertPoint.before(function))


def _clone_with_producers(op: Operation, block: Block, values: dict[SSAValue, SSAValue], hoisted: dict[SSAValue, str]) -> None:
    """Adds `op` to the block, behind what it uses; what has a global of its own is loaded."""
    pending = [op]
    while pending:
        current = pending[-1]
        if current.results[0] in values:
            pending.pop()
            continue
        if current.results[0] in hoisted:
            for result in current.results:
                load = util.GlobalLoadOp(hoisted[result], result.type)
                load.location = current.location
                block.add_op(load)
                values[result] = load.result
            continue
        missing = [producer for producer in producers(current) if producer.results[0] not in values]
        if missing:
            pending += reversed(missing)
        else:
            block.add_op(current.clone(values))  # records the clone's results in `values`


def _global_name(type: Attribute) -> str:
    encoded = isinstance(type, TensorType) and type.encoding.name != "none"
    shown = TensorType(type.element_type, type.shape) if encoded and isinstance(type, TensorType) else type
    return re.sub(r"[^A-Za-z0-9_]", "_", f"__hoisted_{shown}{'_encoded' if encoded else ''}").removesuffix("_")
