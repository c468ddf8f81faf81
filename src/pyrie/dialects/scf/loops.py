"""scf.for, scf.while and scf.forall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, ArrayAttr, DenseArrayBase, IndexType, SignlessIntegerConstraint, UnitAttr, i1, i64
from xdsl.dialects.utils import parse_dynamic_index_list_without_types, print_dynamic_index_list
from xdsl.interfaces import HasCanonicalizationPatternsInterface
from xdsl.ir import Attribute, Block, Operation, OpResult, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    VarConstraint,
    base,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.printer import Printer
from xdsl.traits import IsTerminator, NoTerminator, Pure, RecursiveMemoryEffect, SingleBlockImplicitTerminator
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.folding import constant_int
from pyrie.dialects.scf.terminators import YieldOp, ensure_yield, inline_single_block, yielded
from pyrie.dialects.tensor.shapes import MixedIndex, join, numbers, split, tied_destination

index = IndexType()


def _parse_assignments(parser: Parser) -> tuple[list[Parser.UnresolvedArgument], list[UnresolvedOperand]]:
    """`(%arg = %value, ...)`, or nothing."""

    def one() -> tuple[Parser.UnresolvedArgument, UnresolvedOperand]:
        argument = parser.parse_argument(expect_type=False)
        parser.parse_punctuation("=")
        return argument, parser.parse_unresolved_operand()

    pairs = parser.parse_optional_comma_separated_list(parser.Delimiter.PAREN, one) or []
    return [argument for argument, _ in pairs], [value for _, value in pairs]


def _print_assignments(printer: Printer, arguments: Sequence[SSAValue], values: Sequence[SSAValue]) -> None:
    def one(pair: tuple[SSAValue, SSAValue]) -> None:
        printer.print_ssa_value(pair[0])
        printer.print_string(" = ")
        printer.print_ssa_value(pair[1])

    printer.print_string("(")
    printer.print_list(list(zip(arguments, values, strict=True)), one)
    printer.print_string(")")


def _print_types(printer: Printer, values: Sequence[SSAValue]) -> None:
    printer.print_string("(")
    printer.print_list([value.type for value in values], printer.print_attribute)
    printer.print_string(")")


def position_of(value: SSAValue, values: Sequence[SSAValue]) -> int:
    """Where `value` stands in `values`."""
    return next(position for position, other in enumerate(values) if other is value)


def shape_root(value: SSAValue) -> SSAValue:
    """The value from which a tensor has its shape, as far as operands say."""
    while isinstance(value, OpResult):
        destination = tied_destination(value)
        if destination is None:
            return value
        value = destination
    return value


# ---- scf.for ------------------------------------------------------------------------------------------------------------


class KnownTripCount(RewritePattern):
    """A loop that never runs gives its initial values; one that runs once is its body."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, ForOp):
            return
        low, high, step = constant_int(op.lb), constant_int(op.ub), constant_int(op.step)
        if op.lb == op.ub or (low is not None and high is not None and low >= high):
            rewriter.replace(op, [], list(op.iter_args))
        elif low is not None and high is not None and step is not None and 0 < high - low <= step:
            inline_single_block(op, op.body, [op.lb, *op.iter_args], rewriter)


class InvariantIterationArguments(RewritePattern):
    """A value that every iteration hands on unchanged is not carried; nor is one that is never used."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, ForOp) or not op.iter_args:
            return
        carried, yields = op.body.block.args[1:], yielded(op.body)
        dropped = [
            yields[position] in (argument, op.iter_args[position]) or (not argument.uses and not op.res[position].uses)
            for position, argument in enumerate(carried)
        ]
        if not any(dropped):
            return
        for position, argument in enumerate(carried):
            if dropped[position]:
                rewriter.replace_all_uses_with(argument, op.iter_args[position])
                rewriter.replace_all_uses_with(op.res[position], op.iter_args[position])
        kept = [position for position, drop in enumerate(dropped) if not drop]
        block = op.body.block
        terminator = cast(Operation, block.last_op)
        rewriter.replace(terminator, YieldOp(*(terminator.operands[position] for position in kept)))
        for position in reversed(range(len(dropped))):
            if dropped[position]:
                rewriter.erase_block_argument(block.args[position + 1])
        op.body.detach_block(block)
        new = ForOp(op.lb, op.ub, op.step, [op.iter_args[position] for position in kept], block)
        new.attributes.update(op.attributes)
        results: list[SSAValue | None] = [None] * len(dropped)
        for position, result in zip(kept, new.res, strict=True):
            results[position] = result
        rewriter.replace(op, new, results)


@irdl_op_definition
class ForOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """Runs the body for lb, lb + step, ... below ub, carrying values from one iteration to the next."""

    name = "scf.for"

    T: ClassVar = VarConstraint("T", base(IndexType) | SignlessIntegerConstraint)

    lb = operand_def(T)
    ub = operand_def(T)
    step = operand_def(T)
    iter_args = var_operand_def()
    unsigned_cmp = opt_prop_def(UnitAttr, prop_name="unsignedCmp")
    res = var_result_def()
    body = region_def("single_block")

    traits = traits_def(SingleBlockImplicitTerminator(YieldOp), RecursiveMemoryEffect())

    def __init__(
        self,
        lb: SSAValue | Operation,
        ub: SSAValue | Operation,
        step: SSAValue | Operation,
        iter_args: Sequence[SSAValue | Operation],
        body: Region | Sequence[Operation] | Sequence[Block] | Block,
    ):
        super().__init__(
            operands=[lb, ub, step, iter_args],
            result_types=[[SSAValue.get(value).type for value in iter_args]],
            regions=[[body] if isinstance(body, Block) else body],
        )

    @classmethod
    def parse(cls, parser: Parser) -> ForOp:
        unsigned = parser.parse_optional_keyword("unsigned")
        variable = parser.parse_argument(expect_type=False)
        parser.parse_punctuation("=")
        bounds = [parser.parse_unresolved_operand()]
        for keyword in ("to", "step"):
            parser.parse_keyword(keyword)
            bounds.append(parser.parse_unresolved_operand())
        arguments, values, types = [], [], []
        if parser.parse_optional_keyword("iter_args"):
            arguments, values = _parse_assignments(parser)
            parser.parse_punctuation("->")
            types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
        type_: Attribute = parser.parse_type() if parser.parse_optional_punctuation(":") else index
        operands = parser.resolve_operands([*bounds, *values], [type_] * 3 + types, parser.pos)
        block_arguments = [a.resolve(t) for a, t in zip((variable, *arguments), (type_, *types), strict=True)]
        body = ensure_yield(parser.parse_region(block_arguments))
        op = cls(operands[0], operands[1], operands[2], operands[3:], body)
        if unsigned:
            op.properties["unsignedCmp"] = UnitAttr()
        op.attributes.update(parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        variable, *carried = self.body.block.args
        printer.print_string(" unsigned " if self.unsigned_cmp else " ")
        printer.print_ssa_value(variable)
        for word, value in (("=", self.lb), ("to", self.ub), ("step", self.step)):
            printer.print_string(f" {word} ")
            printer.print_ssa_value(value)
        if carried:
            printer.print_string(" iter_args")
            _print_assignments(printer, carried, self.iter_args)
            printer.print_string(" -> ")
            _print_types(printer, self.iter_args)
        printer.print_string(" ")
        if not isinstance(variable.type, IndexType):
            printer.print_string(" : ")
            printer.print_attribute(variable.type)
            printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False, print_empty_block=False, print_block_terminators=bool(carried))
        if self.attributes:
            printer.print_op_attributes(self.attributes)

    def verify_(self) -> None:
        types = [value.type for value in self.iter_args]
        arguments = [argument.type for argument in self.body.block.args]
        if arguments != [self.lb.type, *types] or [value.type for value in yielded(self.body)] != types:
            raise VerifyException(f"scf.for carries {[str(t) for t in types]}; its body takes or yields something else")

    def carried_from(self, argument: SSAValue) -> SSAValue | None:
        """The initial value of a carried tensor, where every iteration keeps its shape."""
        position = position_of(argument, self.body.block.args) - 1
        if position < 0 or shape_root(yielded(self.body)[position]) is not argument:
            return None
        return self.iter_args[position]

    def tied_destination(self, result: OpResult) -> SSAValue | None:
        return self.carried_from(self.body.block.args[result.index + 1])

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (KnownTripCount(), InvariantIterationArguments())


# ---- scf.while ----------------------------------------------------------------------------------------------------------


@irdl_op_definition
class ConditionOp(IRDLOperation):
    """Ends the before region of scf.while: whether to go on, and with which values."""

    name = "scf.condition"

    condition = operand_def(i1)
    args = var_operand_def()

    traits = traits_def(IsTerminator(), Pure())
    assembly_format = "`(` $condition `)` attr-dict ($args^ `:` type($args))?"

    def __init__(self, condition: SSAValue | Operation, *args: SSAValue | Operation):
        super().__init__(operands=(condition, args))


class WhileOfFalse(RewritePattern):
    """scf.while whose condition is constantly false -> its before region."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, WhileOp):
            return
        condition = cast(ConditionOp, op.before_region.block.last_op)
        if constant_int(condition.condition) == 0:
            rewriter.replace(condition, YieldOp(*condition.args))
            inline_single_block(op, op.before_region, op.arguments, rewriter)


@irdl_op_definition
class WhileOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """Runs `before`, and while its condition holds, `after` on what it passed on; gives what `before` passed on last."""

    name = "scf.while"

    arguments = var_operand_def()
    res = var_result_def()
    before_region = region_def("single_block")
    after_region = region_def("single_block")

    traits = traits_def(RecursiveMemoryEffect())

    def __init__(
        self,
        arguments: Sequence[SSAValue | Operation],
        result_types: Sequence[Attribute],
        before_region: Region | Sequence[Operation] | Sequence[Block],
        after_region: Region | Sequence[Operation] | Sequence[Block],
    ):
        super().__init__(operands=[arguments], result_types=[result_types], regions=[before_region, after_region])

    @classmethod
    def parse(cls, parser: Parser) -> WhileOp:
        pos = parser.pos
        arguments, values = _parse_assignments(parser)
        parser.parse_punctuation(":")
        type_ = parser.parse_function_type()
        inputs = type_.inputs.data
        if len(inputs) != len(values):
            parser.raise_error(f"{len(values)} initial values for {len(inputs)} types", pos)
        operands = parser.resolve_operands(values, inputs, pos)
        before = parser.parse_region([a.resolve(t) for a, t in zip(arguments, inputs, strict=True)])
        parser.parse_keyword("do")
        after = ensure_yield(parser.parse_region())
        op = cls(operands, type_.outputs.data, before, after)
        attributes = parser.parse_optional_attr_dict_with_keyword()
        if attributes is not None:
            op.attributes.update(attributes.data)
        return op

    def print(self, printer: Printer) -> None:
        if self.arguments:
            printer.print_string(" ")
            _print_assignments(printer, self.before_region.block.args, self.arguments)
        printer.print_string(" : ")
        printer.print_operation_type(self)
        printer.print_string(" ")
        printer.print_region(self.before_region, print_entry_block_args=False)
        printer.print_string(" do ")
        printer.print_region(self.after_region)
        if self.attributes:
            printer.print_op_attributes(self.attributes, print_keyword=True)

    def verify_(self) -> None:
        condition = self.before_region.block.last_op
        if not isinstance(condition, ConditionOp):
            raise VerifyException("the before region of scf.while must end in scf.condition")
        passed = [value.type for value in condition.args]
        taken = [argument.type for argument in self.after_region.block.args]
        if not passed == taken == [result.type for result in self.res]:
            raise VerifyException(f"scf.while passes on {[str(t) for t in passed]}; its after region takes {[str(t) for t in taken]}")
        carried = [value.type for value in self.arguments]
        before = [argument.type for argument in self.before_region.block.args]
        if not carried == before == [value.type for value in yielded(self.after_region)]:
            raise VerifyException(f"scf.while carries {[str(t) for t in carried]}; its before region takes {[str(t) for t in before]}")

    def carried_from(self, argument: SSAValue) -> SSAValue | None:
        """The initial value of a tensor that the loop carries, where every iteration keeps its shape."""
        before, after = list(self.before_region.block.args), list(self.after_region.block.args)
        passed = cast(ConditionOp, self.before_region.block.last_op).args
        root = shape_root(passed[position_of(argument, after)]) if argument in after else argument
        if root not in before:
            return None
        position = position_of(root, before)
        carried = shape_root(yielded(self.after_region)[position])
        if carried not in after or shape_root(passed[position_of(carried, after)]) is not root:
            return None
        return self.arguments[position]

    def tied_destination(self, result: OpResult) -> SSAValue | None:
        return self.carried_from(self.after_region.block.args[result.index])

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (WhileOfFalse(),)


# ---- scf.forall ---------------------------------------------------------------------------------------------------------


@irdl_op_definition
class InParallelOp(IRDLOperation):
    """Ends the body of scf.forall: how each thread's results go into the shared ones."""

    name = "scf.forall.in_parallel"

    region = region_def("single_block")

    traits = traits_def(IsTerminator(), NoTerminator())

    def __init__(self, region: Region | None = None):
        super().__init__(regions=[region or Region(Block())])

    @classmethod
    def parse(cls, parser: Parser) -> InParallelOp:
        region = parser.parse_region()
        if not region.blocks:
            region.add_block(Block())
        op = cls(region)
        op.attributes.update(parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_region(self.region, print_entry_block_args=False, print_empty_block=False)
        if self.attributes:
            printer.print_op_attributes(self.attributes)


@irdl_op_definition
class ForallOp(IRDLOperation):
    """Runs the body for every point of a grid, in any order or at once; tensors are shared through `shared_outs`."""

    name = "scf.forall"

    dynamic_lower_bound = var_operand_def(IndexType)
    dynamic_upper_bound = var_operand_def(IndexType)
    dynamic_step = var_operand_def(IndexType)
    outputs = var_operand_def()
    static_lower_bound = prop_def(DenseArrayBase.constr(i64), prop_name="staticLowerBound")
    static_upper_bound = prop_def(DenseArrayBase.constr(i64), prop_name="staticUpperBound")
    static_step = prop_def(DenseArrayBase.constr(i64), prop_name="staticStep")
    mapping = opt_prop_def(ArrayAttr)
    res = var_result_def()
    body = region_def("single_block")

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(RecursiveMemoryEffect(), SingleBlockImplicitTerminator(InParallelOp))

    def __init__(
        self,
        lower: Sequence[MixedIndex],
        upper: Sequence[MixedIndex],
        step: Sequence[MixedIndex],
        outputs: Sequence[SSAValue | Operation],
        body: Region,
        mapping: ArrayAttr | None = None,
    ):
        parts = [split(values) for values in (lower, upper, step)]
        names = ("staticLowerBound", "staticUpperBound", "staticStep")
        super().__init__(
            operands=[*(dynamic for dynamic, _ in parts), outputs],
            result_types=[[SSAValue.get(value).type for value in outputs]],
            properties={**{name: static for name, (_, static) in zip(names, parts, strict=True)}, "mapping": mapping},
            regions=[body],
        )

    def lower_bounds(self) -> list[MixedIndex]:
        return join(self.dynamic_lower_bound, self.static_lower_bound)

    def upper_bounds(self) -> list[MixedIndex]:
        return join(self.dynamic_upper_bound, self.static_upper_bound)

    def steps(self) -> list[MixedIndex]:
        return join(self.dynamic_step, self.static_step)

    def is_normalized(self) -> bool:
        """Whether every dimension counts 0, 1, 2, ..."""
        return all(low == 0 for low in self.lower_bounds()) and all(step == 1 for step in self.steps())

    @classmethod
    def parse(cls, parser: Parser) -> ForallOp:
        variables = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: parser.parse_argument(expect_type=False))

        def bounds() -> list[MixedIndex]:
            values, static = parse_dynamic_index_list_without_types(parser, dynamic_index=DYNAMIC_INDEX, delimiter=Parser.Delimiter.PAREN)
            dynamic = parser.resolve_operands(values, [index] * len(values), parser.pos)
            return join(dynamic, DenseArrayBase.from_list(i64, static))

        if parser.parse_optional_keyword("in"):
            upper = bounds()
            lower, step = [0] * len(upper), [1] * len(upper)
        else:
            parser.parse_punctuation("=")
            lower = bounds()
            parser.parse_keyword("to")
            upper = bounds()
            parser.parse_keyword("step")
            step = bounds()
        arguments, outputs, types = [], [], []
        if parser.parse_optional_keyword("shared_outs"):
            arguments, values = _parse_assignments(parser)
            parser.parse_punctuation("->")
            types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
            outputs = parser.resolve_operands(values, types, parser.pos)
        block_arguments = [variable.resolve(index) for variable in variables]
        block_arguments += [argument.resolve(type_) for argument, type_ in zip(arguments, types, strict=True)]
        body = parser.parse_region(block_arguments)
        if not isinstance(body.block.last_op, InParallelOp):
            body.block.add_op(InParallelOp())
        attributes = dict(parser.parse_optional_attr_dict())
        mapping = attributes.pop("mapping", None)
        op = cls(lower, upper, step, outputs, body, cast(ArrayAttr, mapping))
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        rank = len(self.static_upper_bound)
        variables, shared = self.body.block.args[:rank], self.body.block.args[rank:]

        def bounds(word: str, dynamic: Sequence[SSAValue], static: DenseArrayBase) -> None:
            printer.print_string(f" {word} ")
            values = numbers(static)
            print_dynamic_index_list(printer, DYNAMIC_INDEX, dynamic, values, delimiter=Parser.Delimiter.PAREN)

        printer.print_string(" (")
        printer.print_list(variables, printer.print_ssa_value)
        printer.print_string(")")
        if self.is_normalized():
            bounds("in", self.dynamic_upper_bound, self.static_upper_bound)
        else:
            bounds("=", self.dynamic_lower_bound, self.static_lower_bound)
            bounds("to", self.dynamic_upper_bound, self.static_upper_bound)
            bounds("step", self.dynamic_step, self.static_step)
        if shared:
            printer.print_string(" shared_outs")
            _print_assignments(printer, shared, self.outputs)
            printer.print_string(" -> ")
            _print_types(printer, self.outputs)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False, print_block_terminators=bool(shared))
        shown = {**({"mapping": self.mapping} if self.mapping is not None else {}), **self.attributes}
        if shown:
            printer.print_op_attributes(shown)

    def verify_(self) -> None:
        rank = len(self.static_upper_bound)
        if not rank == len(self.static_lower_bound) == len(self.static_step) or len(self.body.block.args) != rank + len(self.outputs):
            raise VerifyException(f"scf.forall over {rank} dimensions with {len(self.body.block.args)} block arguments")

    def tied_destination(self, result: OpResult) -> SSAValue:
        return self.outputs[result.index]
