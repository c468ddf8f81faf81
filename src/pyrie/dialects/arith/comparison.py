"""arith.cmpi, arith.cmpf and arith.select."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.arith import CMPF_COMPARISON_OPERATIONS, CMPI_COMPARISON_OPERATIONS, FastMathFlagsAttr
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ShapedType, TensorType, VectorType, container_of, i1, i64
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import AnyAttr, IRDLOperation, VarConstraint, base, irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.parser import Parser
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.arith.floats import FLOAT_LIKE, NO_FAST_MATH
from pyrie.dialects.arith.integers import INTEGER_LIKE, ConstantOp, XOrIOp
from pyrie.dialects.folding import constant_attribute, constant_int, fold_elementwise, splat_number

BOOL_LIKE = container_of(base(IntegerType))


def bool_type_like(type_: Attribute) -> Attribute:
    """i1, or a tensor or vector of i1 of the shape of `type_`."""
    if isinstance(type_, TensorType):
        return TensorType(i1, type_.get_shape(), type_.encoding)
    if isinstance(type_, VectorType):
        return VectorType(i1, type_.get_shape(), type_.scalable_dims)
    return i1


class ComparisonOp(IRDLOperation, HasFolderInterface, abc.ABC):
    """Base of the comparisons: a predicate, two operands of one type, and i1 elements as the result."""

    PREDICATES: ClassVar[Sequence[str]] = ()

    @classmethod
    def predicate_number(cls, predicate: int | str) -> int:
        """The number of a predicate such as `slt`."""
        if isinstance(predicate, int):
            return predicate
        if predicate not in cls.PREDICATES:
            raise VerifyException(f"{cls.name} has no predicate '{predicate}'; there are {', '.join(cls.PREDICATES)}")
        return cls.PREDICATES.index(predicate)

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return fold_elementwise(self)


# predicates that hold for equal operands
_TRUE_FOR_EQUAL = {"eq", "sle", "sge", "ule", "uge"}
_SWAPPED = {
    "eq": "eq",
    "ne": "ne",
    "slt": "sgt",
    "sle": "sge",
    "sgt": "slt",
    "sge": "sle",
    "ult": "ugt",
    "ule": "uge",
    "ugt": "ult",
    "uge": "ule",
}


class ConstantToTheRight(RewritePattern):
    """cmpi slt, c, x -> cmpi sgt, x, c."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if isinstance(op, CmpiOp) and constant_attribute(op.lhs) is not None and constant_attribute(op.rhs) is None:
            rewriter.replace(op, CmpiOp(op.rhs, op.lhs, _SWAPPED[CMPI_COMPARISON_OPERATIONS[op.predicate.value.data]]))


@irdl_op_definition
class CmpiOp(ComparisonOp, HasCanonicalizationPatternsInterface):
    """Compares integers."""

    name = "arith.cmpi"

    T: ClassVar = VarConstraint("T", INTEGER_LIKE)

    predicate = prop_def(IntegerAttr)
    lhs = operand_def(T)
    rhs = operand_def(T)
    result = result_def(BOOL_LIKE)

    traits = traits_def(Pure())
    PREDICATES: ClassVar = CMPI_COMPARISON_OPERATIONS

    def __init__(self, operand1: Operation | SSAValue, operand2: Operation | SSAValue, arg: int | str):
        super().__init__(
            operands=[operand1, operand2],
            result_types=[bool_type_like(SSAValue.get(operand1).type)],
            properties={"predicate": IntegerAttr(self.predicate_number(arg), i64)},
        )

    @classmethod
    def parse(cls, parser: Parser) -> CmpiOp:
        predicate = parser.parse_identifier("a predicate")
        if predicate not in cls.PREDICATES:
            parser.raise_error(f"unknown predicate '{predicate}'; there are {', '.join(cls.PREDICATES)}")
        operands, attributes, _ = _parse_compared(parser)
        op = cls(operands[0], operands[1], predicate)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {CMPI_COMPARISON_OPERATIONS[self.predicate.value.data]}, ")
        _print_compared(printer, self, self.lhs, self.rhs)

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        predicate = CMPI_COMPARISON_OPERATIONS[self.predicate.value.data]
        if self.lhs == self.rhs and not isinstance(self.result.type, ShapedType):
            return (IntegerAttr.from_bool(predicate in _TRUE_FOR_EQUAL),)
        if self.lhs.type == i1:
            right = constant_int(self.rhs)
            if right is not None and (predicate, bool(right)) in (("eq", True), ("ne", False)):
                return (self.lhs,)
        return super().fold()

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (ConstantToTheRight(),)


@irdl_op_definition
class CmpfOp(ComparisonOp):
    """Compares floats; `o` predicates are false and `u` predicates true when an operand is NaN."""

    name = "arith.cmpf"

    T: ClassVar = VarConstraint("T", FLOAT_LIKE)

    predicate = prop_def(IntegerAttr)
    lhs = operand_def(T)
    rhs = operand_def(T)
    fastmath = prop_def(FastMathFlagsAttr, default_value=NO_FAST_MATH)
    result = result_def(BOOL_LIKE)

    traits = traits_def(Pure())
    PREDICATES: ClassVar = CMPF_COMPARISON_OPERATIONS

    def __init__(
        self,
        operand1: SSAValue | Operation,
        operand2: SSAValue | Operation,
        arg: int | str,
        fastmath: FastMathFlagsAttr = NO_FAST_MATH,
    ):
        super().__init__(
            operands=[operand1, operand2],
            result_types=[bool_type_like(SSAValue.get(operand1).type)],
            properties={"predicate": IntegerAttr(self.predicate_number(arg), i64), "fastmath": fastmath},
        )

    @classmethod
    def parse(cls, parser: Parser) -> CmpfOp:
        predicate = parser.parse_identifier("a predicate")
        if predicate not in cls.PREDICATES:
            parser.raise_error(f"unknown predicate '{predicate}'; there are {', '.join(cls.PREDICATES)}")
        operands, attributes, fastmath = _parse_compared(parser)
        op = cls(operands[0], operands[1], predicate, fastmath)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {CMPF_COMPARISON_OPERATIONS[self.predicate.value.data]}, ")
        _print_compared(printer, self, self.lhs, self.rhs, self.fastmath)


def _parse_compared(parser: Parser) -> tuple[Sequence[SSAValue], dict[str, Attribute], FastMathFlagsAttr]:
    parser.parse_punctuation(",")
    lhs = parser.parse_unresolved_operand()
    parser.parse_punctuation(",")
    rhs = parser.parse_unresolved_operand()
    fastmath = NO_FAST_MATH
    if parser.parse_optional_keyword("fastmath"):
        fastmath = FastMathFlagsAttr(FastMathFlagsAttr.parse_parameter(parser))
    attributes = parser.parse_optional_attr_dict()
    parser.parse_punctuation(":")
    type_ = parser.parse_type()
    return parser.resolve_operands([lhs, rhs], [type_, type_], parser.pos), attributes, fastmath


def _print_compared(printer: Printer, op: Operation, lhs: SSAValue, rhs: SSAValue, fastmath: FastMathFlagsAttr = NO_FAST_MATH) -> None:
    printer.print_ssa_value(lhs)
    printer.print_string(", ")
    printer.print_ssa_value(rhs)
    if fastmath != NO_FAST_MATH:
        printer.print_string(" fastmath")
        fastmath.print_parameter(printer)
    if op.attributes:
        printer.print_op_attributes(op.attributes)
    printer.print_string(" : ")
    printer.print_attribute(lhs.type)


class NegatedCondition(RewritePattern):
    """select (xori %c, true), a, b -> select %c, b, a; and select %c, false, true -> xori %c, true."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, SelectOp) or op.cond.type != i1:
            return
        negation = op.cond.owner
        if isinstance(negation, XOrIOp) and constant_int(negation.rhs) == 1:
            rewriter.replace(op, SelectOp(negation.lhs, op.rhs, op.lhs))
        elif op.result.type == i1 and constant_int(op.lhs) == 0 and constant_int(op.rhs) == 1:
            true = ConstantOp(IntegerAttr.from_bool(True))
            rewriter.replace(op, [true, XOrIOp(op.cond, true)])


@irdl_op_definition
class SelectOp(IRDLOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """`lhs` where the condition holds, else `rhs`; a scalar condition chooses whole values."""

    name = "arith.select"

    T: ClassVar = VarConstraint("T", AnyAttr())

    cond = operand_def(BOOL_LIKE)
    lhs = operand_def(T)
    rhs = operand_def(T)
    result = result_def(T)

    traits = traits_def(Pure())

    def __init__(self, operand1: Operation | SSAValue, operand2: Operation | SSAValue, operand3: Operation | SSAValue):
        super().__init__(operands=[operand1, operand2, operand3], result_types=[SSAValue.get(operand2).type])

    @classmethod
    def parse(cls, parser: Parser) -> SelectOp:
        pos = parser.pos
        operands = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_unresolved_operand)
        if len(operands) != 3:
            parser.raise_error("expected a condition and two values", pos)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type_ = parser.parse_type()
        condition_type: Attribute = i1
        if parser.parse_optional_punctuation(","):
            condition_type, type_ = type_, parser.parse_type()
        op = cls(*parser.resolve_operands(operands, [condition_type, type_, type_], pos))
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_ssa_value)
        if self.attributes:
            printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        if self.cond.type != i1:
            printer.print_attribute(self.cond.type)
            printer.print_string(", ")
        printer.print_attribute(self.result.type)

    def verify_(self) -> None:
        if self.cond.type != i1 and self.cond.type != bool_type_like(self.result.type):
            raise VerifyException(f"the condition is {self.cond.type}; it must be i1 or {bool_type_like(self.result.type)}")

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        if self.lhs == self.rhs:
            return (self.lhs,)
        condition = splat_number(constant_attribute(self.cond))
        if condition is not None:
            return (self.lhs if condition else self.rhs,)
        if self.result.type == i1 and constant_int(self.lhs) == 1 and constant_int(self.rhs) == 0:
            return (self.cond,)
        return None

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (NegatedCondition(),)
