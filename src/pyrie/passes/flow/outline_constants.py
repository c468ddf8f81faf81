"""Constants of the program leave its functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Attribute, Operation

from pyrie.dialects import arith, util
from pyrie.dialects.flow import NamedParameterAttr, TensorConstantOp
from pyrie.ir import elements
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.device_analysis import inherited_affinities
from pyrie.passes.stream.emitter import host_functions, replace


@dataclass(frozen=True)
class OutlineConstants(ModulePass):
    """Makes each constant with distinct elements, and each parameter, an immutable global that is set once, at load.

    before:  util.func @f() { %c = flow.tensor.constant dense<[1, 2]> : tensor<2xi32> ... }
    after:   util.global private @__constant_tensor_2xi32 {inlining_policy = #util.inline.never} = dense<[1, 2]> : tensor<2xi32>
             util.func @f() { %c = util.global.load immutable @__constant_tensor_2xi32 : tensor<2xi32> ... }

    Splats stay: a fill costs less than memory that is read. The global stands in front of the function, takes the affinity that held
    where the constant was, and is never inlined again. Legal because an immutable global is set before any function runs.
    """

    name = "iree-flow-outline-constants"

    def apply(self, context: Context, module: ModuleOp) -> None:
        symbols = SymbolTable(module)
        for function in list(host_functions(module)):
            for op, value in list(_outlinable(function)):
                type = op.results[0].type
                made = util.GlobalOp(_global_name(value, type), type, value, inlining_policy=util.InlineNeverAttr())
                made.attributes |= inherited_affinities(op)
                made.location = op.location
                load = util.GlobalLoadOp(symbols.insert(made, before=function), type, immutable=True)
                load.location = op.location
                assert op.parent is not None
                op.parent.insert_op_before(load, op)
                replace(op, [load.result])


def _outlinable(function: Operation) -> Iterator[tuple[Operation, Attribute]]:
    """The constants of the function that are worth memory of their own, and their values."""
    for op in function.walk():
        if isinstance(op, arith.ConstantOp | TensorConstantOp):
            value = op.properties["value"]
            if isinstance(value, NamedParameterAttr) or (isinstance(value, elements.ElementsAttr) and not elements.is_splat(value)):
                yield op, value


def _global_name(value: Attribute, type: Attribute) -> str:
    """What the global is called, before it is made unique: after the parameter's scope and key, or only after the type."""
    words = ["__constant"]
    if isinstance(value, NamedParameterAttr):
        scope = value.scope.data if isinstance(value.scope, StringAttr) else ""
        words = ["__parameter", *([scope] if scope else []), value.key.data]
    return re.sub(r"[^A-Za-z0-9_]", "_", "_".join([*words, str(type)])).removesuffix("_")
