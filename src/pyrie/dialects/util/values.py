"""Values: null, casts, comparisons, integer ranges, alignment and what is assumed of integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, BoolAttr, IndexType, IntegerAttr, IntegerType, NoneAttr, StringAttr, SymbolRefAttr, i1
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, SSAValue, TypedAttribute
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    ParsePropInAttrDict,
    SameVariadicOperandSize,
    VarConstraint,
    base,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.irdl.declarative_assembly_format import ParsingState, TypeDirective, VariadicOperandVariable, irdl_custom_directive
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.pattern_rewriter import RewritePattern
from xdsl.printer import Printer
from xdsl.traits import ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import Directive, RangeList
from pyrie.dialects.folding import constant_int
from pyrie.dialects.util.attributes import IntAssumptionAttr, NullAttr

INDEX_OR_INTEGER = base(IndexType) | base(IntegerType)


@irdl_op_definition
class NullOp(IRDLOperation, HasFolderInterface):
    """A reference to nothing, or the zero of a type."""

    name = "util.null"

    result = result_def()

    traits = traits_def(Pure(), ConstantLike())
    assembly_format = "attr-dict `:` type($result)"

    def __init__(self, type: Attribute):
        super().__init__(result_types=[type])

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return (NullAttr(self.result.type),)


@irdl_op_definition
class CastOp(IRDLOperation, HasFolderInterface):
    """Reinterprets a reference or object as another type."""

    name = "util.cast"

    operand = operand_def()
    result = result_def()

    traits = traits_def(Pure())
    assembly_format = "$operand attr-dict `:` type($operand) `to` type($result)"

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        if self.operand.type == self.result.type:
            return (self.operand,)
        if isinstance(inner := self.operand.owner, CastOp) and inner.operand.type == self.result.type:
            return (inner.operand,)
        return None


class CompareOp(IRDLOperation, HasFolderInterface):
    """Compares two values of one type, references by identity."""

    T: ClassVar = VarConstraint("T", AnyAttr())
    lhs = operand_def(T)
    rhs = operand_def(T)
    result = result_def(i1)

    WHEN_EQUAL: ClassVar[bool]

    traits = traits_def(Pure())
    assembly_format = "operands attr-dict `:` type($lhs)"

    def __init__(self, lhs: SSAValue, rhs: SSAValue):
        super().__init__(operands=[lhs, rhs], result_types=[i1])

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        equal = self.lhs is self.rhs or (isinstance(self.lhs.owner, NullOp) and isinstance(self.rhs.owner, NullOp))
        if not equal:
            lhs, rhs = constant_int(self.lhs), constant_int(self.rhs)
            if lhs is None or rhs is None:
                return None
            equal = lhs == rhs
        return (BoolAttr.from_bool(equal == self.WHEN_EQUAL),)


@irdl_op_definition
class CmpEQOp(CompareOp):
    """Whether both are the same."""

    name = "util.cmp.eq"

    WHEN_EQUAL: ClassVar[bool] = True


@irdl_op_definition
class CmpNEOp(CompareOp):
    """Whether they differ."""

    name = "util.cmp.ne"

    WHEN_EQUAL: ClassVar[bool] = False


@irdl_op_definition
class NumericOptionalNarrowOp(IRDLOperation):
    """States that the values fit a narrower type, so that later passes may use it."""

    name = "util.numeric.optional_narrow"

    T: ClassVar = VarConstraint("T", AnyAttr())
    operand = operand_def(T)
    semantic_type = prop_def(AnyAttr())
    min_value = opt_prop_def(AnyAttr())
    max_value = opt_prop_def(AnyAttr())
    result = result_def(T)

    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$operand `:` type($operand) `as` $semantic_type attr-dict"


# ---- ranges ------------------------------------------------------------------------------------------------------------


class RangeOp(IRDLOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """The least or greatest of several values."""

    T: ClassVar = VarConstraint("T", INDEX_OR_INTEGER)
    arguments = var_operand_def(T)
    result = result_def(T)

    traits = traits_def(Pure())
    assembly_format = "$arguments attr-dict `:` type($result)"

    def __init__(self, arguments: Sequence[SSAValue], type: Attribute | None = None):
        super().__init__(operands=[arguments], result_types=[type or arguments[0].type])

    @staticmethod
    def choose(values: Sequence[int]) -> int:
        """The meaning of the op."""
        raise NotImplementedError

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.util.canonicalization import SimplifyRangeOperands

        return (SimplifyRangeOperands(),)

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        if len(set(self.arguments)) == 1:
            return (self.arguments[0],)
        constants = [constant_int(value) for value in self.arguments]
        known = [constant for constant in constants if constant is not None]
        if known and len(known) == len(constants):
            return (IntegerAttr(self.choose(known), self.result.type),)  # pyright: ignore[reportArgumentType]
        return None


@irdl_op_definition
class RangeMinOp(RangeOp):
    """The least of the values, unsigned."""

    name = "util.range.min"

    @staticmethod
    def choose(values: Sequence[int]) -> int:
        return min(values)


@irdl_op_definition
class RangeMaxOp(RangeOp):
    """The greatest of the values, unsigned."""

    name = "util.range.max"

    @staticmethod
    def choose(values: Sequence[int]) -> int:
        return max(values)


@irdl_op_definition
class RangeExtentsOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """The first and last element that any of the ranges covers."""

    name = "util.range.extents"

    T: ClassVar = VarConstraint("T", INDEX_OR_INTEGER)
    offsets = var_operand_def(T)
    lengths = var_operand_def(T)
    min = result_def(T)
    max = result_def(T)

    traits = traits_def(Pure())
    irdl_options = (SameVariadicOperandSize(),)
    custom_directives = (RangeList,)
    assembly_format = "custom<RangeList>($offsets, $lengths) attr-dict `:` type($min)"

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("min", "max")

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.util.canonicalization import ExpandRangeExtents

        return (ExpandRangeExtents(),)


# ---- addresses and sizes -----------------------------------------------------------------------------------------------


@irdl_op_definition
class AlignOp(IRDLOperation, HasFolderInterface):
    """Rounds up to a multiple of a power of two."""

    name = "util.align"

    T: ClassVar = VarConstraint("T", INDEX_OR_INTEGER)
    value = operand_def(T)
    alignment = operand_def(T)
    result = result_def(T)

    traits = traits_def(Pure())
    assembly_format = "$value `,` $alignment attr-dict `:` type($result)"

    def __init__(self, value: SSAValue, alignment: SSAValue):
        super().__init__(operands=[value, alignment], result_types=[value.type])

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        alignment = constant_int(self.alignment)
        if alignment == 1:
            return (self.value,)
        if isinstance(inner := self.value.owner, AlignOp) and inner.alignment is self.alignment:
            return (self.value,)
        value = constant_int(self.value)
        if value == 0:
            return (self.value,)
        if value is None or not alignment:
            return None
        return (IntegerAttr((value + alignment - 1) & -alignment, self.result.type),)  # pyright: ignore[reportArgumentType]


@irdl_op_definition
class SizeOfOp(IRDLOperation):
    """The size of a type in bytes, which may not be known before the target is."""

    name = "util.sizeof"

    sized_type = prop_def(AnyAttr(), prop_name="sizedType")
    size = result_def(IndexType)

    traits = traits_def(Pure())
    assembly_format = "$sizedType attr-dict-with-keyword"

    def __init__(self, sized_type: Attribute):
        super().__init__(properties={"sizedType": sized_type}, result_types=[IndexType()])


# ---- selection ---------------------------------------------------------------------------------------------------------


@irdl_custom_directive
class TypedValueList(Directive):
    """`[%a, %b]` of values of one type; parameters (ref(type($default)), $values, type($values))."""

    element_type: TypeDirective
    values: VariadicOperandVariable
    types: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        values = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_unresolved_operand)
        self.values.set(state, values)
        type = state.operand_types[self.element_type.inner.index][0]  # pyright: ignore
        self.types.set(state, [type] * len(values))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        with printer.in_square_brackets():
            printer.print_list(self.values.get(op), printer.print_ssa_value)


@irdl_op_definition
class SwitchOp(IRDLOperation, HasFolderInterface):
    """The value at an index of a list, or the default beyond its end."""

    name = "util.switch"

    T: ClassVar = VarConstraint("T", AnyAttr())
    index = operand_def(IndexType)
    default_value = operand_def(T)
    values = var_operand_def(T)
    result = result_def(T)

    traits = traits_def(Pure())
    custom_directives = (TypedValueList,)
    assembly_format = (
        "type($default_value) `from` custom<TypedValueList>(ref(type($default_value)), $values, type($values)) "
        "`at` $index `else` $default_value attr-dict `:` type($result)"
    )

    def __init__(self, index: SSAValue, default: SSAValue, values: Sequence[SSAValue]):
        super().__init__(operands=[index, default, values], result_types=[default.type])

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        if len({self.default_value, *self.values}) == 1:
            return (self.default_value,)
        at = constant_int(self.index)
        if at is None:
            return None
        return (self.values[at] if 0 <= at < len(self.values) else self.default_value,)


# ---- hints -------------------------------------------------------------------------------------------------------------


@irdl_op_definition
class AssumeIntOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """Integers with what is known of each: one assumption, or one for every place the function is called from."""

    name = "util.assume.int"

    arguments = var_operand_def(INDEX_OR_INTEGER)
    assumptions = prop_def(ArrayAttr[ArrayAttr[IntAssumptionAttr]])
    res = var_result_def(INDEX_OR_INTEGER)

    traits = traits_def(Pure())

    def __init__(self, arguments: Sequence[SSAValue], assumptions: Sequence[Sequence[IntAssumptionAttr]]):
        super().__init__(
            operands=[arguments],
            properties={"assumptions": ArrayAttr(ArrayAttr(row) for row in assumptions)},
            result_types=[[argument.type for argument in arguments]],
        )

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.util.canonicalization import SimplifyAssumptions

        return (SimplifyAssumptions(),)

    @classmethod
    def parse(cls, parser: Parser) -> AssumeIntOp:
        rows: list[list[IntAssumptionAttr]] = []
        operands: list[UnresolvedOperand] = []

        def assumption() -> IntAssumptionAttr:
            if (attribute := parser.parse_optional_attribute()) is not None:
                if not isinstance(attribute, IntAssumptionAttr):
                    parser.raise_error("expected #util.int.assumption")
                return attribute
            return IntAssumptionAttr.new(IntAssumptionAttr.parse_parameters(parser))

        def operand() -> None:
            operands.append(parser.parse_unresolved_operand())
            row = parser.parse_optional_comma_separated_list(parser.Delimiter.SQUARE, assumption)
            rows.append([assumption()] if row is None else row)

        position = parser.pos
        parser.parse_comma_separated_list(parser.Delimiter.NONE, operand)
        parser.parse_punctuation(":")
        types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        op = cls(parser.resolve_operands(operands, types, position), rows)
        op.attributes.update(parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        several = len(self.arguments) > 1
        printer.print_string(" ")
        for i, (argument, row) in enumerate(zip(self.arguments, self.assumptions, strict=True)):
            printer.print_string(", " if i else "")
            printer.print_string("\n" if several else "")
            printer.print_string("    " if several else "")
            printer.print_ssa_value(argument)
            if len(row) == 1:
                row.data[0].print_parameters(printer)
            else:
                with printer.in_square_brackets():
                    printer.print_list(row, lambda attribute: attribute.print_parameters(printer))
        printer.print_string("\n" if several else " ")
        printer.print_string("  : " if several else ": ")
        printer.print_list(self.operand_types, printer.print_attribute)
        printer.print_op_attributes(self.attributes)

    def verify_(self) -> None:
        if len(self.assumptions) != len(self.arguments):
            raise VerifyException(f"{len(self.arguments)} operands but assumptions for {len(self.assumptions)}")
        if len({len(row) for row in self.assumptions} - {0, 1}) > 1:
            raise VerifyException("operands have assumptions for different numbers of call sites")
        if tuple(self.operand_types) != tuple(self.result_types):
            raise VerifyException("results differ in type from operands")


@irdl_op_definition
class UnfoldableConstantOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """A constant that no pass may look into, for tests; canonicalization makes it a constant behind an optimization barrier."""

    name = "util.unfoldable_constant"

    value = prop_def(AnyAttr())
    result = result_def()

    def __init__(self, value: Attribute, type: Attribute | None = None):
        if type is None:
            type = value.get_type() if isinstance(value, TypedAttribute) else NoneAttr()
        super().__init__(properties={"value": value}, result_types=[type])

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.util.canonicalization import ExpandUnfoldableConstant

        return (ExpandUnfoldableConstant(),)

    @classmethod
    def parse(cls, parser: Parser) -> UnfoldableConstantOp:
        attributes = parser.parse_optional_attr_dict()
        value = parser.parse_attribute()
        type = None
        if isinstance(value, SymbolRefAttr):
            parser.parse_punctuation(":")
            type = parser.parse_type()
        elif not isinstance(value, TypedAttribute):
            type = getattr(value, "type", None)
            if type is None:
                parser.raise_error("expected a constant with a type")
        op = cls(value, type)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_op_attributes(self.attributes)
        printer.print_string(" ")
        printer.print_attribute(self.value)
        if isinstance(self.value, SymbolRefAttr):
            printer.print_string(" : ")
            printer.print_attribute(self.result.type)


@irdl_op_definition
class StatusCheckOkOp(IRDLOperation):
    """Fails the program with the message unless the status is ok (0)."""

    name = "util.status.check_ok"

    status = operand_def(IntegerType(32))
    message = opt_prop_def(StringAttr)

    assembly_format = "$status (`,` $message^)? attr-dict"

    def __init__(self, status: SSAValue, message: str | None = None):
        super().__init__(operands=[status], properties={"message": StringAttr(message) if message else None})
