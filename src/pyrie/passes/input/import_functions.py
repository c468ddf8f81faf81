"""Turns func into util functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp
from xdsl.ir import Operation, Region
from xdsl.rewriter import Rewriter

from pyrie.dialects import func, util
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass


@dataclass(frozen=True)
class ImportPublic(ModulePass):
    """Functions, calls and returns of the front ends become those of `util`; a function without visibility is public.

    before:  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }
    after:   util.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> { util.return %x : tensor<4xf32> }

    Legal because both mean the same; `util.func` can also say which results share the storage of which arguments.
    """

    name: ClassVar[str] = "iree-import-public"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in list(module.walk()):
            if (replacement := converted(op)) is not None:
                replacement.location = op.location
                Rewriter.replace_op(op, replacement)


def converted(op: Operation) -> Operation | None:
    match op:
        case func.FuncOp():
            visibility = op.sym_visibility.data if op.sym_visibility else "public"
            body = Region()
            op.body.move_blocks(body)
            function = util.FuncOp(op.sym_name.data, op.function_type, body, visibility=visibility, attributes=op.attributes)
            for name in ("arg_attrs", "res_attrs"):
                attributes = op.properties.get(name)
                if isinstance(attributes, ArrayAttr) and any(isinstance(a, DictionaryAttr) and a.data for a in attributes):
                    function.properties[name] = attributes
            return function
        case func.CallOp():
            return util.CallOp(op.callee.root_reference.data, list(op.arguments), list(op.result_types))
        case func.ReturnOp():
            return util.ReturnOp(*op.arguments)
    return None
