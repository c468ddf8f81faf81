"""Checks that end the invocation when they fail, and the barrier that optimizations do not see through."""

from __future__ import annotations

from typing import Any

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import AnyAttr, IRDLOperation, VarConstraint, irdl_op_definition, operand_def, opt_prop_def, var_operand_def, var_result_def
from xdsl.parser import Parser
from xdsl.printer import Printer


class CheckOp(IRDLOperation):
    """Base of the checks; `message` goes with the failure."""

    @property
    def text(self) -> str | None:
        message = self.properties.get("message")
        return message.data if isinstance(message, StringAttr) else None


def _check(mnemonic: str, doc: str, *, operands: tuple[str, ...]) -> type[CheckOp]:
    members: dict[str, Any] = {
        "__doc__": doc,
        "__module__": __name__,
        "name": f"vm.check.{mnemonic}",
        "message": opt_prop_def(StringAttr),
        "assembly_format": f"{' `,` '.join(f'${o}' for o in operands)} (`,` $message^)? attr-dict `:` type(${operands[0]})",
        **{o: operand_def(VarConstraint("T", AnyAttr())) for o in operands},
    }
    return irdl_op_definition(type(f"Check{mnemonic.title().replace('_', '')}Op", (CheckOp,), members))


CHECKS: dict[str, type[CheckOp]] = {
    "eq": _check("eq", "Fails unless both values are equal.", operands=("lhs", "rhs")),
    "nearly_eq": _check("nearly_eq", "Fails unless both values are equal up to rounding.", operands=("lhs", "rhs")),
    "ne": _check("ne", "Fails if both values are equal.", operands=("lhs", "rhs")),
    "nz": _check("nz", "Fails if the value is zero or null.", operands=("value",)),
}


@irdl_op_definition
class OptimizationBarrierOp(IRDLOperation):
    """Its results are its operands, but nothing may make use of that."""

    name = "vm.optimization_barrier"

    arguments = var_operand_def()
    results_ = var_result_def()

    def __init__(self, *arguments: SSAValue):
        super().__init__(operands=[arguments], result_types=[[a.type for a in arguments]])

    @classmethod
    def parse(cls, parser: Parser) -> OptimizationBarrierOp:
        attributes = parser.parse_optional_attr_dict()
        position = parser.pos
        operands = parser.parse_optional_undelimited_comma_separated_list(
            parser.parse_optional_unresolved_operand, parser.parse_unresolved_operand
        )
        types = []
        if operands:
            parser.parse_punctuation(":")
            types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        op = cls(*parser.resolve_operands(operands or [], types, position))
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_op_attributes(self.attributes)
        if self.arguments:
            printer.print_string(" ")
            printer.print_list(self.arguments, printer.print_ssa_value)
            printer.print_string(" : ")
            printer.print_list([a.type for a in self.arguments], printer.print_attribute)
