"""The `reference` target backend: kernels stay linalg on tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute, Operation

from pyrie.codegen.reference.executable import FORMAT, Export, save
from pyrie.codegen.target import Binary, TargetOptions
from pyrie.dialects import func, hal
from pyrie.dialects.iree_tensor_ext import DispatchWorkgroupCountFromSliceOp
from pyrie.dialects.tensor.basics import index_constant
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.support.errors import CompileError


class ReferenceBackend:
    """Makes executables of IR text. See `pyrie.codegen.target.TargetBackend`."""

    name = "reference"

    def executable_targets(self, options: TargetOptions) -> tuple[Attribute, ...]:
        """One target, whatever the machine."""
        return (hal.ExecutableTargetAttr(StringAttr(self.name), StringAttr(FORMAT), DictionaryAttr({})),)

    def configure(self, context: Context, variant: Operation) -> None:
        """There is one strategy: interpret."""

    def translate(self, context: Context, variant: Operation) -> None:
        """The whole grid is one workgroup."""
        for op in [op for op in variant.walk() if isinstance(op, DispatchWorkgroupCountFromSliceOp)]:
            block = op.parent
            assert block is not None
            one = index_constant(1)
            block.insert_op_before(one, op)
            for result in op.results:
                result.replace_all_uses_with(one.result)
            op.detach()
            op.erase()

    def serialize(self, context: Context, variant: Operation, objects: Sequence[tuple[str, bytes]] = ()) -> Binary:
        assert isinstance(variant, hal.ExecutableVariantOp)
        if objects:
            raise unsupported_at(variant, "needs object files", hint="the reference backend runs IR only")
        exports = sorted(variant.exports, key=lambda export: export.ordinal.value.data if export.ordinal is not None else 0)
        if not exports:
            raise CompileError("an executable variant without exports")
        modules = [op for op in variant.regions[0].block.ops if isinstance(op, ModuleOp)]
        functions = [op for module in modules for op in module.body.block.ops if isinstance(op, func.FuncOp)]
        entries = [Export(e.sym_name.data, e.layout.constants.data, len(cast(ArrayAttr, e.layout.bindings).data)) for e in exports]
        return Binary(FORMAT, save(functions, entries), is_element_aligned=True)
