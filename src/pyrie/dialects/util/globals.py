"""Globals: declared, loaded, stored, and reached through their address."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from xdsl.dialects.builtin import FlatSymbolRefAttrConstr, StringAttr, SymbolNameConstraint, SymbolRefAttr, TensorType, UnitAttr
from xdsl.interfaces import HasCanonicalizationPatternsInterface
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.pattern_rewriter import RewritePattern
from xdsl.traits import EffectInstance, MemoryEffect, MemoryEffectKind, MemoryWriteEffect, Pure, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import SymbolVisibility, TypeOrAttr
from pyrie.dialects.util.types import PtrType
from pyrie.ir.symbol_table import SymbolTable


class GlobalReadEffect(MemoryEffect):
    """Reads the global, unless it is immutable: then nothing can tell."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        assert isinstance(op, GlobalLoadOp | GlobalLoadIndirectOp)
        return set() if op.is_immutable is not None else {EffectInstance(MemoryEffectKind.READ)}


@irdl_op_definition
class GlobalOp(IRDLOperation):
    """A value that lives as long as the program. One that is not mutable is stored by initializers only."""

    name = "util.global"

    sym_visibility = opt_prop_def(StringAttr)
    sym_name = prop_def(SymbolNameConstraint())
    type = prop_def(AnyAttr())
    is_mutable = opt_prop_def(UnitAttr)
    initial_value = opt_prop_def(AnyAttr())
    inlining_policy = opt_prop_def(AnyAttr())

    traits = traits_def(SymbolOpInterface())
    irdl_options = (ParsePropInAttrDict(),)
    custom_directives = (SymbolVisibility, TypeOrAttr)
    assembly_format = (
        "custom<SymbolVisibility>($sym_visibility) (`mutable` $is_mutable^)? $sym_name attr-dict custom<TypeOrAttr>($type, $initial_value)"
    )

    def __init__(
        self,
        name: str,
        type: Attribute,
        initial_value: Attribute | None = None,
        *,
        mutable: bool = False,
        visibility: str | None = "private",
        inlining_policy: Attribute | None = None,
    ):
        super().__init__(
            properties={
                "sym_visibility": StringAttr(visibility) if visibility else None,
                "sym_name": StringAttr(name),
                "type": type,
                "is_mutable": UnitAttr() if mutable else None,
                "initial_value": initial_value,
                "inlining_policy": inlining_policy,
            }
        )


@irdl_op_definition
class GlobalAddressOp(IRDLOperation):
    """The address of a global."""

    name = "util.global.address"

    is_immutable = opt_prop_def(UnitAttr)
    global_ = prop_def(FlatSymbolRefAttrConstr, prop_name="global")
    result = result_def(PtrType)

    traits = traits_def(Pure())
    assembly_format = "(`immutable` $is_immutable^)? $global attr-dict `:` type($result)"

    def asm_result_names(self) -> tuple[str | None, ...]:
        return (f"ptr_{self.global_.string_value()}",)


@irdl_op_definition
class GlobalLoadOp(IRDLOperation):
    """The value of a global; `immutable` promises that no store can follow."""

    name = "util.global.load"

    is_immutable = opt_prop_def(UnitAttr)
    global_ = prop_def(FlatSymbolRefAttrConstr, prop_name="global")
    result = result_def()

    traits = traits_def(GlobalReadEffect())
    assembly_format = "(`immutable` $is_immutable^)? $global attr-dict `:` type($result)"

    def __init__(self, name: str, type: Attribute, *, immutable: bool = False):
        super().__init__(properties={"global": SymbolRefAttr(name), "is_immutable": UnitAttr() if immutable else None}, result_types=[type])

    @property
    def global_name(self) -> str:
        return self.global_.string_value()

    def asm_result_names(self) -> tuple[str | None, ...]:
        return (self.global_name,)

    def verify_symbols(self, table: SymbolTable) -> None:
        declared = _declared(table, self.global_name)
        if self.is_immutable is not None and declared.is_mutable is not None:
            raise VerifyException(f'is marked as immutable but the global "{self.global_name}" is mutable')
        if not _agree(declared.type, self.result.type):
            raise VerifyException(f"global \"{self.global_name}\" is '{declared.type}' but load is '{self.result.type}'")


@irdl_op_definition
class GlobalLoadIndirectOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """The value of the global at an address."""

    name = "util.global.load.indirect"

    is_immutable = opt_prop_def(UnitAttr)
    global_ = operand_def(PtrType)
    result = result_def()

    traits = traits_def(GlobalReadEffect())
    assembly_format = "(`immutable` $is_immutable^)? $global_ attr-dict `:` type($global_) `->` type($result)"

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.util.canonicalization import LoadOfAddress

        return (LoadOfAddress(),)

    def verify_(self) -> None:
        _verify_pointee(self.global_, self.result.type, "load")


@irdl_op_definition
class GlobalStoreOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """Sets a global."""

    name = "util.global.store"

    value = operand_def()
    global_ = prop_def(FlatSymbolRefAttrConstr, prop_name="global")

    traits = traits_def(MemoryWriteEffect())
    assembly_format = "$value `,` $global attr-dict `:` type($value)"

    def __init__(self, value: SSAValue, name: str):
        super().__init__(operands=[value], properties={"global": SymbolRefAttr(name)})

    @property
    def global_name(self) -> str:
        return self.global_.string_value()

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.util.canonicalization import DropStoreOfLoad

        return (DropStoreOfLoad(),)

    def verify_symbols(self, table: SymbolTable) -> None:
        declared = _declared(table, self.global_name)
        if declared.type != self.value.type:
            raise VerifyException(f"global \"{self.global_name}\" is '{declared.type}' but store is '{self.value.type}'")


@irdl_op_definition
class GlobalStoreIndirectOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """Sets the global at an address."""

    name = "util.global.store.indirect"

    value = operand_def()
    global_ = operand_def(PtrType)

    traits = traits_def(MemoryWriteEffect())
    assembly_format = "$value `,` $global_ attr-dict `:` type($value) `->` type($global_)"

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.util.canonicalization import StoreToAddress

        return (StoreToAddress(),)

    def verify_(self) -> None:
        _verify_pointee(self.global_, self.value.type, "store")


def _agree(declared: Attribute, loaded: Attribute) -> bool:
    """Whether a global of a type may be loaded as another: the same, or a tensor of which less or more of the shape is known."""
    if isinstance(declared, TensorType) and isinstance(loaded, TensorType):
        return declared.element_type == loaded.element_type and declared.get_num_dims() == loaded.get_num_dims()
    return declared == loaded


def _declared(table: SymbolTable, name: str) -> GlobalOp:
    found = table.lookup(name)
    if not isinstance(found, GlobalOp):
        raise VerifyException(f"undefined global: @{name}")
    return found


def _verify_pointee(pointer: SSAValue, type: Attribute, access: str) -> None:
    assert isinstance(pointer.type, PtrType)
    if pointer.type.target_type != type:
        raise VerifyException(f"global pointer is '{pointer.type.target_type}' but {access} is '{type}'")
