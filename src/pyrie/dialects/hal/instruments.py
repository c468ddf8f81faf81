"""Events that kernels write into a ring buffer while they run, for tools that look at dispatches from inside."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import IndexType, IntegerAttr, MemRefType, StringAttr, i8, i32
from xdsl.ir import SSAValue
from xdsl.irdl import (
    AnyAttr,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.hal.assembly import HALOp

WHERE = "`` `[` $buffer `:` type($buffer) `for` $workgroup_key `]`"


@irdl_op_definition
class InstrumentWorkgroupOp(HALOp):
    """Notes that a workgroup of a dispatch begins; the result is the key of its other events.

    Where several invocations make up a workgroup, only the first of them writes.
    """

    name = "hal.instrument.workgroup"

    buffer = operand_def(MemRefType)
    dispatch_id = operand_def(i32)
    workgroup_key = result_def(IndexType)

    assembly_format = "`` `[` $buffer `:` type($buffer) `]` `dispatch` `(` $dispatch_id `)` attr-dict `:` type($workgroup_key)"

    def __init__(self, buffer: SSAValue, dispatch_id: SSAValue):
        super().__init__(operands=[buffer, dispatch_id], result_types=[IndexType()])


@irdl_op_definition
class InstrumentPrintOp(HALOp):
    """Notes a line of text, formatted as printf does."""

    name = "hal.instrument.print"

    buffer = operand_def(MemRefType)
    workgroup_key = operand_def(IndexType)
    format = prop_def(StringAttr)
    values = var_operand_def()

    assembly_format = WHERE + " $format (`*` ` ` `(` $values^ `:` type($values) `)`)? attr-dict"


@irdl_op_definition
class InstrumentValueOp(HALOp):
    """Notes a scalar under a number of the kernel's own, and passes it on."""

    name = "hal.instrument.value"

    T: ClassVar = VarConstraint("T", AnyAttr())
    buffer = operand_def(MemRefType)
    workgroup_key = operand_def(IndexType)
    ordinal = prop_def(IntegerAttr)
    operand = operand_def(T)
    result = result_def(T)

    assembly_format = WHERE + " $ordinal `=` $operand attr-dict `:` type($operand)"

    def verify_(self) -> None:
        if self.ordinal.type != i8:
            raise VerifyException(f"the ordinal is an i8, not {self.ordinal.type}")


@irdl_op_definition
class InstrumentMemoryLoadOp(HALOp):
    """Notes that a value was loaded from memory, and passes it on."""

    name = "hal.instrument.memory.load"

    T: ClassVar = VarConstraint("T", AnyAttr())
    buffer = operand_def(MemRefType)
    workgroup_key = operand_def(IndexType)
    load_value = operand_def(T)
    base = operand_def(MemRefType)
    indices = var_operand_def(IndexType)
    result = result_def(T)

    traits = traits_def(Pure())
    assembly_format = WHERE + " $base `[` $indices `]` `,` $load_value attr-dict `:` type($base) `,` type($result)"


@irdl_op_definition
class InstrumentMemoryStoreOp(HALOp):
    """Notes that a value is about to be stored to memory, and passes it on."""

    name = "hal.instrument.memory.store"

    T: ClassVar = VarConstraint("T", AnyAttr())
    buffer = operand_def(MemRefType)
    workgroup_key = operand_def(IndexType)
    store_value = operand_def(T)
    base = operand_def(MemRefType)
    indices = var_operand_def(IndexType)
    result = result_def(T)

    traits = traits_def(Pure())
    assembly_format = WHERE + " $base `[` $indices `]` `,` $store_value attr-dict `:` type($base) `,` type($result)"
