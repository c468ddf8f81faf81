"""Ordinals: which number in the module's tables each symbol and type has."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import Attribute

from pyrie.dialects import vm
from pyrie.format.opcodes import IMPORT_BIT, Bank
from pyrie.passes.vm.bytecode.registers import bank_of
from pyrie.support.errors import CompileError
from pyrie.support.shape import align


class Symbols:
    """The tables of one `vm.module`, in the order of its text. Scalar globals are packed by size and counted in bytes."""

    def __init__(self, module: vm.ModuleOp):
        ops = list(module.body.block.ops)
        self.functions = [op for op in ops if isinstance(op, vm.FuncOp)]
        self.imports = [op for op in ops if isinstance(op, vm.ImportOp)]
        self.exports = [op for op in ops if isinstance(op, vm.ExportOp)]
        self.rodata = [op for op in ops if isinstance(op, vm.RodataOp)]
        global_ops = [op for op in ops if isinstance(op, vm.GlobalOp)]
        refs = [op for op in global_ops if bank_of(op.type_) is Bank.REF]
        self.global_refs = len(refs)
        self.global_bytes = 0
        self._ordinals: dict[str, int] = {}
        for table, mask in ((self.functions, 0), (self.imports, IMPORT_BIT), (self.rodata, 0)):
            self._ordinals.update((op.sym_name.data, mask | i) for i, op in enumerate(table))
        self._ordinals.update((op.symbol, i) for i, op in enumerate(refs))
        for size, wide in ((4, False), (8, True)):
            for op in global_ops:
                bank = bank_of(op.type_)
                if bank is not Bank.REF and bank.is_wide is wide:
                    self.global_bytes = align(self.global_bytes, size) + size
                    self._ordinals[op.symbol] = self.global_bytes - size
        self.types = _type_names(self.functions)
        self._types = {name: i for i, name in enumerate(self.types)}

    def ordinal(self, name: str) -> int:
        """The number of a symbol; of a scalar global its byte offset, of an import with the import bit. Raises CompileError."""
        if name not in self._ordinals:
            raise CompileError(f"symbol '@{name}' is not defined in this vm.module")
        return self._ordinals[name]

    def type_ordinal(self, type: Attribute) -> int:
        """The number of a type in the type table. Raises CompileError."""
        name = _type_name(type)
        if name not in self._types:
            raise CompileError(f"type {name} is not in the type table of this vm.module")
        return self._types[name]


def _type_name(type: Attribute) -> str:
    return str(type.object_type if isinstance(type, vm.RefType) else type)


def _type_names(functions: Iterable[vm.FuncOp]) -> tuple[str, ...]:
    """The type table: everything that an op of any function takes or gives, builtin types first, each group by name."""
    types: dict[str, Attribute] = {}
    pending = [v.type for f in functions for op in f.walk() for v in (*op.operands, *op.results)]
    while pending:
        type = pending.pop()
        name = _type_name(type)
        if name not in types:
            types[name] = type
            inner = type.object_type if isinstance(type, vm.RefType) else type
            if isinstance(inner, vm.ListType):
                pending.append(inner.element_type)
    return tuple(sorted(types, key=lambda name: (name.startswith("!"), name)))
