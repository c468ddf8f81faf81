"""The affine dialect as index arithmetic: maps applied to indices, and indices split and joined by a basis."""

from __future__ import annotations

import abc
from collections.abc import Sequence

from xdsl.dialects.builtin import DYNAMIC_INDEX, AffineMapAttr, DenseArrayBase, IndexType, IntegerAttr, UnitAttr, i64
from xdsl.dialects.utils import parse_dynamic_index_list_without_types, print_dynamic_index_list
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, Dialect, Operation, SSAValue
from xdsl.ir.affine import AffineConstantExpr, AffineDimExpr, AffineMap, AffineSymExpr
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.folding import constant_int
from pyrie.dialects.tensor.shapes import MixedIndex, join, numbers, split

index = IndexType()


class ConstantOperands(RewritePattern):
    """Puts constant operands into the map."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, MapOp):
            return
        numbers = [constant_int(operand) for operand in op.map_operands]
        if not numbers or all(number is None for number in numbers) or all(number is not None for number in numbers):
            return
        map_, dims = op.map.data, op.map.data.num_dims
        kept = [value for value, number in zip(op.map_operands, numbers, strict=True) if number is None]
        new_dims, new_syms = [], []
        dim_count = sym_count = 0
        for position, number in enumerate(numbers):
            target = new_dims if position < dims else new_syms
            if number is not None:
                target.append(AffineConstantExpr(number))
            elif position < dims:
                target.append(AffineDimExpr(dim_count))
                dim_count += 1
            else:
                target.append(AffineSymExpr(sym_count))
                sym_count += 1
        results = tuple(result.replace_dims_and_symbols(new_dims, new_syms) for result in map_.results)
        rewriter.replace(op, type(op)(kept, AffineMapAttr(AffineMap(dim_count, sym_count, results))))


class MapOp(IRDLOperation, HasFolderInterface, HasCanonicalizationPatternsInterface, abc.ABC):
    """Base of the ops that apply a map to indices: `map(%dims)[%symbols]`."""

    map_operands = var_operand_def(IndexType)
    map = prop_def(AffineMapAttr)
    result = result_def(IndexType)

    traits = traits_def(Pure())

    def __init__(self, map_operands: Sequence[SSAValue | Operation], affine_map: AffineMapAttr | AffineMap):
        map_ = AffineMapAttr(affine_map) if isinstance(affine_map, AffineMap) else affine_map
        super().__init__(operands=[map_operands], properties={"map": map_}, result_types=[index])

    @classmethod
    def parse(cls, parser: Parser) -> MapOp:
        pos = parser.pos
        map_ = parser.parse_attribute()
        if not isinstance(map_, AffineMapAttr):
            parser.raise_error("expected an affine map", pos)
        operands = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: parser.parse_operand(index))
        symbols = parser.parse_optional_comma_separated_list(parser.Delimiter.SQUARE, lambda: parser.parse_operand(index))
        op = cls([*operands, *(symbols or [])], map_)
        op.attributes.update(parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        dims = self.map.data.num_dims
        printer.print_string(" ")
        printer.print_attribute(self.map)
        printer.print_string("(")
        printer.print_list(self.map_operands[:dims], printer.print_ssa_value)
        printer.print_string(")")
        if len(self.map_operands) > dims:
            printer.print_string("[")
            printer.print_list(self.map_operands[dims:], printer.print_ssa_value)
            printer.print_string("]")
        if self.attributes:
            printer.print_op_attributes(self.attributes)

    def verify_(self) -> None:
        map_ = self.map.data
        if len(self.map_operands) != map_.num_dims + map_.num_symbols:
            raise VerifyException(f"{len(self.map_operands)} operands for {map_}")

    @staticmethod
    @abc.abstractmethod
    def combine(results: Sequence[int]) -> int:
        """The op's result from those of its map."""

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        map_ = self.map.data
        if len(map_.results) == 1:
            match map_.results[0]:
                case AffineDimExpr(position):
                    return (self.map_operands[position],)
                case AffineSymExpr(position):
                    return (self.map_operands[map_.num_dims + position],)
        numbers = [constant_int(operand) for operand in self.map_operands]
        known = [number for number in numbers if number is not None]
        if len(known) != len(numbers):
            return None
        values = map_.eval(known[: map_.num_dims], known[map_.num_dims :])
        return (IntegerAttr(self.combine(values), index),)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (ConstantOperands(),)


@irdl_op_definition
class ApplyOp(MapOp):
    """The one result of a map."""

    name = "affine.apply"

    @staticmethod
    def combine(results: Sequence[int]) -> int:
        return results[0]

    def verify_(self) -> None:
        super().verify_()
        if len(self.map.data.results) != 1:
            raise VerifyException(f"affine.apply needs a map of one result, not {self.map.data}")


@irdl_op_definition
class MinOp(MapOp):
    """The smallest result of a map."""

    name = "affine.min"

    @staticmethod
    def combine(results: Sequence[int]) -> int:
        return min(results)


@irdl_op_definition
class MaxOp(MapOp):
    """The largest result of a map."""

    name = "affine.max"

    @staticmethod
    def combine(results: Sequence[int]) -> int:
        return max(results)


def _parse_mixed(parser: Parser, delimiter: Parser.Delimiter) -> tuple[Sequence[SSAValue], DenseArrayBase]:
    values, static = parse_dynamic_index_list_without_types(parser, dynamic_index=DYNAMIC_INDEX, delimiter=delimiter)
    resolved = parser.resolve_operands(values, [index] * len(values), parser.pos)
    return resolved, DenseArrayBase.from_list(i64, static)


def _print_mixed(printer: Printer, dynamic: Sequence[SSAValue], static: DenseArrayBase) -> None:
    print_dynamic_index_list(
        printer, DYNAMIC_INDEX, dynamic, numbers(static), delimiter=Parser.Delimiter.PAREN  # pyright: ignore[reportArgumentType]
    )  # fmt: skip


@irdl_op_definition
class DelinearizeIndexOp(IRDLOperation, HasFolderInterface):
    """Splits a linear index into one for each element of a basis, the last varying fastest."""

    name = "affine.delinearize_index"

    linear_index = operand_def(IndexType)
    dynamic_basis = var_operand_def(IndexType)
    static_basis = prop_def(DenseArrayBase.constr(i64))
    multi_index = var_result_def(IndexType)

    traits = traits_def(Pure())

    def __init__(self, linear_index: SSAValue | Operation, basis: Sequence[MixedIndex], count: int | None = None):
        dynamic, static = split(basis)
        count = len(basis) if count is None else count
        super().__init__(operands=[linear_index, dynamic], properties={"static_basis": static}, result_types=[[index] * count])

    def basis(self) -> list[MixedIndex]:
        """The sizes; one fewer than the results when the outermost is not bounded."""
        return join(self.dynamic_basis, self.static_basis)

    @classmethod
    def parse(cls, parser: Parser) -> DelinearizeIndexOp:
        linear = parser.parse_operand(index)
        parser.parse_keyword("into")
        dynamic, static = _parse_mixed(parser, Parser.Delimiter.PAREN)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        op = cls(linear, join(dynamic, static), len(types))
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.linear_index)
        printer.print_string(" into ")
        _print_mixed(printer, self.dynamic_basis, self.static_basis)
        if self.attributes:
            printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_list([result.type for result in self.multi_index], printer.print_attribute)

    def verify_(self) -> None:
        if len(self.multi_index) - len(self.static_basis) not in (0, 1):
            raise VerifyException(f"{len(self.multi_index)} indices from a basis of {len(self.static_basis)} sizes")

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        number, basis = constant_int(self.linear_index), self.basis()
        if number is None or not all(isinstance(size, int) for size in basis):
            return None
        bounded = basis[1:] if len(basis) == len(self.multi_index) else basis
        digits = []
        for size in reversed([size for size in bounded if isinstance(size, int)]):
            if size <= 0:
                return None
            number, digit = divmod(number, size)
            digits.append(IntegerAttr(digit, index))
        return (IntegerAttr(number, index), *reversed(digits))


@irdl_op_definition
class LinearizeIndexOp(IRDLOperation, HasFolderInterface):
    """Joins indices into a linear one by a basis, the last varying fastest."""

    name = "affine.linearize_index"

    multi_index = var_operand_def(IndexType)
    dynamic_basis = var_operand_def(IndexType)
    static_basis = prop_def(DenseArrayBase.constr(i64))
    disjoint = opt_prop_def(UnitAttr)
    linear_index = result_def(IndexType)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure())

    def __init__(self, multi_index: Sequence[SSAValue | Operation], basis: Sequence[MixedIndex], disjoint: bool = False):
        dynamic, static = split(basis)
        properties = {"static_basis": static, "disjoint": UnitAttr() if disjoint else None}
        super().__init__(operands=[multi_index, dynamic], properties=properties, result_types=[index])

    def basis(self) -> list[MixedIndex]:
        """The sizes; one fewer than the indices when the outermost is not bounded."""
        return join(self.dynamic_basis, self.static_basis)

    @classmethod
    def parse(cls, parser: Parser) -> LinearizeIndexOp:
        disjoint = parser.parse_optional_keyword("disjoint") is not None
        indices = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: parser.parse_operand(index))
        parser.parse_keyword("by")
        dynamic, static = _parse_mixed(parser, Parser.Delimiter.PAREN)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        parser.parse_type()
        op = cls(indices, join(dynamic, static), disjoint)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" disjoint [" if self.disjoint else " [")
        printer.print_list(self.multi_index, printer.print_ssa_value)
        printer.print_string("] by ")
        _print_mixed(printer, self.dynamic_basis, self.static_basis)
        if self.attributes:
            printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.linear_index.type)

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        basis = self.basis()
        numbers = [constant_int(value) for value in self.multi_index]
        if not numbers or any(number is None for number in numbers) or not all(isinstance(size, int) for size in basis):
            return None
        total = 0
        for number, size in zip(numbers, [1, *basis][-len(numbers) :], strict=True):
            total = total * size + number  # pyright: ignore[reportOperatorIssue]
        return (IntegerAttr(total, index),)


DIALECT = Dialect("affine", [ApplyOp, MinOp, MaxOp, DelinearizeIndexOp, LinearizeIndexOp])
