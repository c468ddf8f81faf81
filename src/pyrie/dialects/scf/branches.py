"""scf.if, scf.index_switch and scf.execute_region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import DenseArrayBase, IndexType, i1, i64
from xdsl.interfaces import HasCanonicalizationPatternsInterface
from xdsl.ir import Attribute, Block, Operation, OpResult, Region, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, region_def, traits_def, var_region_def, var_result_def
from xdsl.parser import Parser
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.printer import Printer
from xdsl.traits import RecursivelySpeculatable, RecursiveMemoryEffect, SingleBlockImplicitTerminator
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.arith import SelectOp
from pyrie.dialects.folding import constant_int
from pyrie.dialects.scf.terminators import YieldOp, ensure_yield, inline_single_block, parse_types_in_parens, yielded
from pyrie.dialects.tensor.shapes import numbers


def _verify_yields(op: Operation, region: Region) -> None:
    types = [value.type for value in yielded(region)]
    if types != [result.type for result in op.results]:
        raise VerifyException(f"{op.name} gives {[str(r.type) for r in op.results]} but a region yields {[str(t) for t in types]}")


class IfOfConstant(RewritePattern):
    """scf.if true -> the then region."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        condition = constant_int(op.cond) if isinstance(op, IfOp) else None
        if not isinstance(op, IfOp) or condition is None:
            return
        region = op.true_region if condition else op.false_region
        if region.blocks:
            inline_single_block(op, region, (), rewriter)
        else:
            rewriter.erase(op)


class IfOfValuesFromOutside(RewritePattern):
    """A result whose two values come from outside of the regions is a select; regions then left empty vanish."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, IfOp) or not op.results or not op.false_region.blocks:
            return
        blocks = (op.true_region.block, op.false_region.block)
        for result, a, b in zip(op.results, yielded(op.true_region), yielded(op.false_region), strict=True):
            inside = any(_defined_in(value, block) for value, block in zip((a, b), blocks, strict=True))
            if inside or not result.uses:
                continue
            if a == b:
                rewriter.replace_all_uses_with(result, a)
            elif all(block.first_op is block.last_op for block in blocks):
                select = SelectOp(op.cond, a, b)
                rewriter.insert(select)
                rewriter.replace_all_uses_with(result, select.result)


def _defined_in(value: SSAValue, block: Block) -> bool:
    owner = value.owner
    return owner is block or (isinstance(owner, Operation) and owner.parent is block)


class DropUnusedResults(RewritePattern):
    """Results nobody uses are not yielded."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, IfOp) or all(result.uses for result in op.results):
            return
        kept = [position for position, result in enumerate(op.results) if result.uses]
        for region in (op.true_region, op.false_region):
            terminator = region.block.last_op
            assert terminator is not None
            rewriter.replace(terminator, YieldOp(*(terminator.operands[position] for position in kept)))
        regions = [region.block for region in (op.true_region, op.false_region)]
        moved = [Region(), Region()]
        for block, region in zip(regions, moved, strict=True):
            cast(Region, block.parent).detach_block(block)
            region.add_block(block)
        new = IfOp(op.cond, [op.results[position].type for position in kept], moved[0], moved[1])
        new.attributes.update(op.attributes)
        results: list[SSAValue | None] = [None] * len(op.results)
        for position, result in zip(kept, new.results, strict=True):
            results[position] = result
        rewriter.replace(op, new, results)


@irdl_op_definition
class IfOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """Runs one of two regions."""

    name = "scf.if"

    cond = operand_def(i1)
    output = var_result_def()
    true_region = region_def("single_block")
    false_region = region_def()

    traits = traits_def(SingleBlockImplicitTerminator(YieldOp), RecursiveMemoryEffect(), RecursivelySpeculatable())

    def __init__(
        self,
        cond: SSAValue | Operation,
        return_types: Sequence[Attribute],
        true_region: Region | Sequence[Block] | Sequence[Operation],
        false_region: Region | Sequence[Block] | Sequence[Operation] | None = None,
        attr_dict: dict[str, Attribute] | None = None,
    ):
        regions = [true_region, Region() if false_region is None else false_region]
        super().__init__(operands=[cond], result_types=[return_types], regions=regions, attributes=attr_dict)

    @classmethod
    def parse(cls, parser: Parser) -> IfOp:
        condition = parser.parse_operand(i1)
        types = parse_types_in_parens(parser)
        then = ensure_yield(parser.parse_region())
        otherwise = ensure_yield(parser.parse_region()) if parser.parse_optional_keyword("else") else Region()
        return cls(condition, types, then, otherwise, parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.cond)
        if self.output:
            printer.print_string(" -> (")
            printer.print_list([result.type for result in self.output], printer.print_attribute)
            printer.print_string(")")
        printer.print_string(" ")
        printer.print_region(self.true_region, print_entry_block_args=False, print_block_terminators=bool(self.output))
        if self.false_region.blocks:
            printer.print_string(" else ")
            printer.print_region(self.false_region, print_entry_block_args=False, print_block_terminators=bool(self.output))
        if self.attributes:
            printer.print_op_attributes(self.attributes)

    def verify_(self) -> None:
        if self.output and not self.false_region.blocks:
            raise VerifyException("scf.if with results needs an else region")
        for region in (self.true_region, self.false_region):
            if region.blocks:
                _verify_yields(self, region)

    def tied_destination(self, result: OpResult) -> SSAValue | None:
        return None

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (IfOfConstant(), IfOfValuesFromOutside(), DropUnusedResults())


class SwitchOfConstant(RewritePattern):
    """scf.index_switch of a constant -> the region of its case."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, IndexSwitchOp) or (number := constant_int(op.arg)) is None:
            return
        cases = list(numbers(op.cases))
        region = op.case_regions[cases.index(number)] if number in cases else op.default_region
        inline_single_block(op, region, (), rewriter)


@irdl_op_definition
class IndexSwitchOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """Runs the region of the case that equals the index, else the default region."""

    name = "scf.index_switch"

    arg = operand_def(IndexType)
    cases = prop_def(DenseArrayBase.constr(i64))
    output = var_result_def()
    default_region = region_def("single_block")
    case_regions = var_region_def("single_block")

    traits = traits_def(RecursiveMemoryEffect(), SingleBlockImplicitTerminator(YieldOp))

    def __init__(
        self,
        arg: SSAValue | Operation,
        cases: DenseArrayBase,
        default_region: Region,
        case_regions: Sequence[Region],
        result_types: Sequence[Attribute],
        attr_dict: dict[str, Attribute] | None = None,
    ):
        super().__init__(
            operands=[arg],
            properties={"cases": cases},
            regions=[default_region, case_regions],
            result_types=[result_types],
            attributes=attr_dict,
        )

    @classmethod
    def parse(cls, parser: Parser) -> IndexSwitchOp:
        arg = parser.parse_operand(IndexType())
        attributes = parser.parse_optional_attr_dict()
        types: list[Attribute] = []
        if parser.parse_optional_punctuation("->"):
            types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        numbers, regions = [], []
        while parser.parse_optional_keyword("case"):
            numbers.append(parser.parse_integer())
            regions.append(ensure_yield(parser.parse_region()))
        parser.parse_keyword("default")
        default = ensure_yield(parser.parse_region())
        return cls(arg, DenseArrayBase.from_list(i64, numbers), default, regions, types, dict(attributes))

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.arg)
        if self.attributes:
            printer.print_op_attributes(self.attributes)
        if self.output:
            printer.print_string(" -> ")
            printer.print_list([result.type for result in self.output], printer.print_attribute)
        printer.print_string(" ")
        for number, region in zip(numbers(self.cases), self.case_regions, strict=True):
            printer.print_string(f"\ncase {number} ")
            printer.print_region(region, print_entry_block_args=False)
        printer.print_string("\ndefault ")  # whose yield is left out when it yields nothing, unlike those of the cases
        printer.print_region(self.default_region, print_entry_block_args=False, print_block_terminators=bool(self.output))

    def verify_(self) -> None:
        values = numbers(self.cases)
        if len(values) != len(self.case_regions) or len(set(values)) != len(values):
            raise VerifyException(f"cases {list(values)} for {len(self.case_regions)} regions")
        for region in (self.default_region, *self.case_regions):
            _verify_yields(self, region)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (SwitchOfConstant(),)


class InlineSingleBlock(RewritePattern):
    """scf.execute_region of one block -> its ops."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if isinstance(op, ExecuteRegionOp) and len(op.region.blocks) == 1 and isinstance(op.region.block.last_op, YieldOp):
            inline_single_block(op, op.region, (), rewriter)


@irdl_op_definition
class ExecuteRegionOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """Runs a region of any number of blocks once."""

    name = "scf.execute_region"

    outs = var_result_def()
    region = region_def()

    traits = traits_def(RecursiveMemoryEffect())

    def __init__(self, result_types: Sequence[Attribute], region: Region):
        super().__init__(result_types=[result_types], regions=[region])

    @classmethod
    def parse(cls, parser: Parser) -> ExecuteRegionOp:
        types = parse_types_in_parens(parser)
        op = cls(types, parser.parse_region())
        op.attributes.update(parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        if self.outs:
            printer.print_string(" -> ")
            many = len(self.outs) > 1
            printer.print_string("(" if many else "")
            printer.print_list([result.type for result in self.outs], printer.print_attribute)
            printer.print_string(")" if many else "")
        printer.print_string(" ")
        printer.print_region(self.region, print_entry_block_args=False)
        if self.attributes:
            printer.print_op_attributes(self.attributes)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (InlineSingleBlock(),)
