"""Branches, calls, failure and debugging: the ops whose structure is their own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    DictionaryAttr,
    FlatSymbolRefAttrConstr,
    IntegerType,
    StringAttr,
    SymbolRefAttr,
    TupleType,
    VectorType,
    i16,
    i32,
)
from xdsl.ir import Attribute, Block, SSAValue
from xdsl.irdl import (
    AnyAttr,
    AttrSizedOperandSegments,
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    successor_def,
    traits_def,
    var_operand_def,
    var_result_def,
    var_successor_def,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import IsTerminator, Pure, ReturnLike

from pyrie.dialects.vm.regular import ANY_REFERENCE
from pyrie.dialects.vm.structure import print_results
from pyrie.dialects.vm.types import reference_name

FIXED = -1  # in segment sizes: an argument that is not variadic
BRANCH = "$dest (`(` $dest_operands^ `:` type($dest_operands) `)`)? attr-dict"


class _BranchOp(IRDLOperation):
    """Base of the ops that go to one block with operands."""

    def __init__(self, dest: Block, operands: Sequence[SSAValue] = ()):
        super().__init__(operands=[operands], successors=[dest])


@irdl_op_definition
class BranchOp(_BranchOp):
    """Goes to `dest`."""

    name = "vm.br"
    dest_operands = var_operand_def()
    dest = successor_def()
    traits = traits_def(IsTerminator(), Pure())
    assembly_format = BRANCH


@irdl_op_definition
class YieldOp(_BranchOp):
    """Suspends the invocation, and goes on at `dest` when it is resumed."""

    name = "vm.yield"
    dest_operands = var_operand_def()
    dest = successor_def()
    traits = traits_def(IsTerminator())
    assembly_format = BRANCH


@irdl_op_definition
class BreakOp(_BranchOp):
    """Stops in the debugger, then goes to `dest`."""

    name = "vm.break"
    dest_operands = var_operand_def()
    dest = successor_def()
    traits = traits_def(IsTerminator())
    assembly_format = BRANCH


@irdl_op_definition
class CondBranchOp(IRDLOperation):
    """Goes to one of two blocks."""

    name = "vm.cond_br"

    condition = operand_def(i32)
    true_operands = var_operand_def()
    false_operands = var_operand_def()
    true_dest = successor_def()
    false_dest = successor_def()

    traits = traits_def(IsTerminator(), Pure())
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "$condition `,` $true_dest (`(` $true_operands^ `:` type($true_operands) `)`)? `,` "
        "$false_dest (`(` $false_operands^ `:` type($false_operands) `)`)? attr-dict"
    )

    def __init__(
        self,
        condition: SSAValue,
        true_dest: Block,
        true_operands: Sequence[SSAValue],
        false_dest: Block,
        false_operands: Sequence[SSAValue],
    ):
        super().__init__(operands=[condition, true_operands, false_operands], successors=[true_dest, false_dest])


@irdl_op_definition
class CondBreakOp(IRDLOperation):
    """Stops in the debugger if `condition` is not zero, then goes to `dest`."""

    name = "vm.cond_break"

    condition = operand_def(i32)
    dest_operands = var_operand_def()
    dest = successor_def()

    traits = traits_def(IsTerminator())
    assembly_format = "$condition `,` " + BRANCH


@irdl_op_definition
class BranchTableOp(IRDLOperation):
    """Goes to the case numbered `index`, or to the default."""

    name = "vm.br_table"

    index = operand_def(i32)
    default_operands = var_operand_def()
    case_operands = var_operand_def()
    case_operand_segments = prop_def(DenseArrayBase[IntegerType])
    default_dest = successor_def()
    case_dests = var_successor_def()

    traits = traits_def(IsTerminator(), Pure())
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        index: SSAValue,
        default: tuple[Block, Sequence[SSAValue]],
        cases: Sequence[tuple[Block, Sequence[SSAValue]]],
    ):
        sizes = DenseArrayBase.from_list(i32, [len(operands) for _, operands in cases])
        super().__init__(
            operands=[index, default[1], [value for _, operands in cases for value in operands]],
            successors=[default[0], [block for block, _ in cases]],
            properties={"case_operand_segments": sizes},
        )

    def cases(self) -> list[tuple[Block, Sequence[SSAValue]]]:
        """Each case's block and operands, in order."""
        operands = list(self.case_operands)
        sizes = [int(size) for size in self.case_operand_segments.get_values()]
        starts = [sum(sizes[:i]) for i in range(len(sizes))]
        return [(block, operands[s : s + n]) for block, s, n in zip(self.case_dests, starts, sizes, strict=True)]

    @classmethod
    def parse(cls, parser: Parser) -> BranchTableOp:
        index = parser.resolve_operand(parser.parse_unresolved_operand(), i32)

        def target() -> tuple[Block, Sequence[SSAValue]]:
            parser.parse_punctuation(":")
            block = parser.parse_successor()
            if not parser.parse_optional_punctuation("("):
                return block, ()
            operands = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_unresolved_operand)
            parser.parse_punctuation(":")
            types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
            parser.parse_punctuation(")")
            return block, parser.resolve_operands(operands, types, parser.pos)

        cases = []
        with parser.in_braces():
            parser.parse_keyword("default")
            default = target()
            while parser.parse_optional_punctuation(","):
                parser.parse_integer(allow_boolean=False, allow_negative=False)
                cases.append(target())
        return cls(index, default, cases)

    def print(self, printer: Printer) -> None:
        def target(block: Block, operands: Sequence[SSAValue]) -> None:
            printer.print_block_name(block)
            if operands:
                with printer.in_parens():
                    printer.print_list(operands, printer.print_ssa_value)
                    printer.print_string(" : ")
                    printer.print_list([v.type for v in operands], printer.print_attribute)

        printer.print_string(" ")
        printer.print_ssa_value(self.index)
        printer.print_string(" {")
        with printer.indented():
            printer.print_string("\ndefault: ")
            target(self.default_dest, self.default_operands)
            for number, (block, operands) in enumerate(self.cases()):
                printer.print_string(f",\n{number}: ")
                target(block, operands)
        printer.print_string("\n}")


class _CallOp(IRDLOperation):
    def asm_result_names(self) -> tuple[str | None, ...]:
        return tuple(reference_name(r.type) for r in self.results) if len(self.results) == 1 else (None,) * len(self.results)


@irdl_op_definition
class CallOp(_CallOp):
    """Calls a function or an import without variadic arguments."""

    name = "vm.call"

    callee = prop_def(FlatSymbolRefAttrConstr)
    arguments = var_operand_def()
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    results_ = var_result_def()

    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$callee `(` $arguments `)` attr-dict `:` functional-type($arguments, $results_)"

    def __init__(self, callee: str, arguments: Sequence[SSAValue], result_types: Sequence[Attribute]):
        super().__init__(operands=[arguments], result_types=[result_types], properties={"callee": SymbolRefAttr(callee)})


def segment_sizes_attr(sizes: Sequence[int]) -> DenseIntOrFPElementsAttr:
    """The attribute that holds how many values (or tuples of values) each argument stands for; FIXED for one value."""
    return DenseIntOrFPElementsAttr.from_list(VectorType(i16, [len(sizes)]), list(sizes))


def _segments(sizes: Attribute, types: ArrayAttr) -> list[tuple[int, Attribute]]:
    """Size (FIXED or a count) and type of each argument of a variadic call."""
    assert isinstance(sizes, DenseIntOrFPElementsAttr)
    return list(zip((int(s) for s in sizes.get_values()), types.data, strict=True))


@irdl_op_definition
class CallVariadicOp(_CallOp):
    """Calls an import with variadic arguments: `@f(%a, [%b, %c], [(%d, %e), (%f, %g)])`.

    `segment_sizes` holds for each argument FIXED or how often it is given, `segment_types` its type (a tuple for grouped values).
    """

    name = "vm.call.variadic"

    callee = prop_def(FlatSymbolRefAttrConstr)
    segment_sizes = prop_def(AnyAttr())
    segment_types = prop_def(ArrayAttr)
    arguments = var_operand_def()
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    results_ = var_result_def()

    def __init__(
        self,
        callee: str,
        sizes: Sequence[int],
        types: Sequence[Attribute],
        arguments: Sequence[SSAValue],
        result_types: Sequence[Attribute],
    ):
        super().__init__(
            operands=[arguments],
            result_types=[result_types],
            properties={"callee": SymbolRefAttr(callee), "segment_sizes": segment_sizes_attr(sizes), "segment_types": ArrayAttr(types)},
        )

    def segments(self) -> list[tuple[int, Attribute]]:
        """Each argument's size (FIXED or a count) and type."""
        return _segments(self.segment_sizes, self.segment_types)

    @classmethod
    def parse(cls, parser: Parser) -> CallVariadicOp:
        callee = parser.parse_symbol_name().data
        operands: list[UnresolvedOperand] = []
        flat_sizes: list[int] = []

        def member() -> None:
            if parser.parse_optional_punctuation("("):
                parser.parse_comma_separated_list(parser.Delimiter.NONE, lambda: operands.append(parser.parse_unresolved_operand()))
                parser.parse_punctuation(")")
            else:
                operands.append(parser.parse_unresolved_operand())

        def argument() -> None:
            before = len(operands)
            if parser.parse_optional_comma_separated_list(parser.Delimiter.SQUARE, member) is not None:
                flat_sizes.append(len(operands) - before)
            else:
                operands.append(parser.parse_unresolved_operand())
                flat_sizes.append(FIXED)

        position = parser.pos
        parser.parse_comma_separated_list(parser.Delimiter.PAREN, argument)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        sizes: list[int] = []
        types: list[Attribute] = []
        flat_types: list[Attribute] = []

        def argument_type() -> None:
            type = parser.parse_type()
            if len(types) == len(flat_sizes):
                parser.raise_error(f"there are more types than the {len(flat_sizes)} arguments")
            flat = flat_sizes[len(types)]
            types.append(type)
            if not parser.parse_optional_punctuation("..."):
                sizes.append(FIXED)
                flat_types.append(type)
                return
            members = type.types.data if isinstance(type, TupleType) else (type,)
            sizes.append(flat // max(len(members), 1))
            flat_types.extend(tuple(members) * sizes[-1])

        parser.parse_comma_separated_list(parser.Delimiter.PAREN, argument_type)
        results: list[Attribute] = []
        if parser.parse_optional_punctuation("->"):
            listed = parser.parse_optional_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
            results = [*listed] if listed is not None else [parser.parse_type()]
        op = cls(callee, sizes, types, parser.resolve_operands(operands, flat_types, position), results)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        values = iter(self.arguments)

        def argument(segment: tuple[int, Attribute]) -> None:
            size, type = segment
            if size == FIXED:
                printer.print_ssa_value(next(values))
                return
            width = len(type.types.data) if isinstance(type, TupleType) else 0
            with printer.in_square_brackets():
                for i in range(size):
                    printer.print_string(", " if i else "")
                    if width:
                        with printer.in_parens():
                            printer.print_list([next(values) for _ in range(width)], printer.print_ssa_value)
                    else:
                        printer.print_ssa_value(next(values))

        def argument_type(segment: tuple[int, Attribute]) -> None:
            printer.print_attribute(segment[1])
            printer.print_string(" ..." if segment[0] != FIXED else "")

        printer.print_string(" ")
        printer.print_attribute(self.callee)
        with printer.in_parens():
            printer.print_list(self.segments(), argument)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        with printer.in_parens():
            printer.print_list(self.segments(), argument_type)
        print_results(printer, [r.type for r in self.results])


class _YieldableCallOp(IRDLOperation):
    """Base of the calls that may suspend: they end their block, and `dest` receives the results as arguments."""

    def _print_tail(self, printer: Printer, arguments: Sequence[SSAValue], result_types: ArrayAttr, dest: Block) -> None:
        printer.print_string(" : ")
        with printer.in_parens():
            printer.print_list([v.type for v in arguments], printer.print_attribute)
        printer.print_string(" -> ")
        printer.print_block_name(dest)
        printer.print_string(" ")
        with printer.in_parens():
            printer.print_list(result_types, printer.print_attribute)


def _parse_tail(parser: Parser) -> tuple[Sequence[Attribute], Block, ArrayAttr]:
    parser.parse_punctuation(":")
    types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
    parser.parse_punctuation("->")
    dest = parser.parse_successor()
    return types, dest, ArrayAttr(parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type))


def _parse_operands(parser: Parser) -> list[UnresolvedOperand]:
    return parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_unresolved_operand)


@irdl_op_definition
class CallYieldableOp(_YieldableCallOp):
    """Calls a function that may suspend; goes on at `dest` with its results."""

    name = "vm.call.yieldable"

    callee = prop_def(FlatSymbolRefAttrConstr)
    arguments = var_operand_def()
    yielded_types = prop_def(ArrayAttr, prop_name="result_types")
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    dest = successor_def()

    traits = traits_def(IsTerminator())

    def __init__(self, callee: str, arguments: Sequence[SSAValue], result_types: Sequence[Attribute], dest: Block):
        super().__init__(
            operands=[arguments],
            successors=[dest],
            properties={"callee": SymbolRefAttr(callee), "result_types": ArrayAttr(result_types)},
        )

    @classmethod
    def parse(cls, parser: Parser) -> CallYieldableOp:
        callee = parser.parse_symbol_name().data
        position = parser.pos
        operands = _parse_operands(parser)
        attributes = parser.parse_optional_attr_dict()
        types, dest, results = _parse_tail(parser)
        op = cls(callee, parser.resolve_operands(operands, types, position), results.data, dest)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_attribute(self.callee)
        with printer.in_parens():
            printer.print_list(self.arguments, printer.print_ssa_value)
        printer.print_op_attributes(self.attributes)
        self._print_tail(printer, self.arguments, self.yielded_types, self.dest)


@irdl_op_definition
class CallVariadicYieldableOp(_YieldableCallOp):
    """Calls an import that may suspend, with variadic arguments (see `vm.call.variadic`); goes on at `dest` with its results."""

    name = "vm.call.variadic.yieldable"

    callee = prop_def(FlatSymbolRefAttrConstr)
    segment_sizes = prop_def(AnyAttr())
    segment_types = prop_def(ArrayAttr)
    arguments = var_operand_def()
    yielded_types = prop_def(ArrayAttr, prop_name="result_types")
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    dest = successor_def()

    traits = traits_def(IsTerminator())

    def __init__(
        self,
        callee: str,
        sizes: Sequence[int],
        types: Sequence[Attribute],
        arguments: Sequence[SSAValue],
        result_types: Sequence[Attribute],
        dest: Block,
    ):
        super().__init__(
            operands=[arguments],
            successors=[dest],
            properties={
                "callee": SymbolRefAttr(callee),
                "segment_sizes": segment_sizes_attr(sizes),
                "segment_types": ArrayAttr(types),
                "result_types": ArrayAttr(result_types),
            },
        )

    def segments(self) -> list[tuple[int, Attribute]]:
        """Each argument's size (FIXED or a count) and type."""
        return _segments(self.segment_sizes, self.segment_types)

    @classmethod
    def parse(cls, parser: Parser) -> CallVariadicYieldableOp:
        callee = parser.parse_symbol_name().data
        position = parser.pos
        operands = _parse_operands(parser)
        inherent: dict[str, Attribute] = {}

        def one() -> None:
            key = parser.parse_identifier()
            parser.parse_punctuation("=")
            inherent[key] = parser.parse_attribute()

        if parser.parse_optional_punctuation("<"):
            braces = parser.parse_optional_punctuation("{") is not None
            parser.parse_comma_separated_list(parser.Delimiter.NONE, one)
            if braces:
                parser.parse_punctuation("}")
            parser.parse_punctuation(">")
        attributes = parser.parse_optional_attr_dict()
        inherent.update({key: attributes.pop(key) for key in ("segment_sizes", "segment_types") if key in attributes})
        sizes, segment_types = inherent.get("segment_sizes"), inherent.get("segment_types")
        if not isinstance(sizes, DenseIntOrFPElementsAttr) or not isinstance(segment_types, ArrayAttr):
            parser.raise_error("expected segment_sizes and segment_types", position)
        types, dest, results = _parse_tail(parser)
        values = parser.resolve_operands(operands, types, position)
        op = cls(callee, [int(s) for s in sizes.get_values()], segment_types.data, values, results.data, dest)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_attribute(self.callee)
        with printer.in_parens():
            printer.print_list(self.arguments, printer.print_ssa_value)
        printer.print_string(" <segment_sizes = ")
        printer.print_attribute(self.segment_sizes)
        printer.print_string(", segment_types = ")
        printer.print_attribute(self.segment_types)
        printer.print_string(">")
        printer.print_op_attributes(self.attributes)
        self._print_tail(printer, self.arguments, self.yielded_types, self.dest)


@irdl_op_definition
class ReturnOp(IRDLOperation):
    """Ends the function with results."""

    name = "vm.return"
    arguments = var_operand_def()
    traits = traits_def(IsTerminator(), ReturnLike(), Pure())
    assembly_format = "attr-dict ($arguments^ `:` type($arguments))?"

    def __init__(self, *arguments: SSAValue):
        super().__init__(operands=[arguments])


@irdl_op_definition
class FailOp(IRDLOperation):
    """Ends the invocation with a status other than OK."""

    name = "vm.fail"
    status = operand_def(i32)
    message = opt_prop_def(StringAttr)
    traits = traits_def(IsTerminator())
    assembly_format = "$status (`,` $message^)? attr-dict"

    def __init__(self, status: SSAValue, message: str | None = None):
        super().__init__(operands=[status], properties={"message": StringAttr(message) if message else None})


@irdl_op_definition
class CondFailOp(IRDLOperation):
    """Ends the invocation with `status` if `condition` is not zero; expands to a branch and `vm.fail`."""

    name = "vm.cond_fail"
    condition = operand_def(i32)
    status = operand_def(i32)
    message = opt_prop_def(StringAttr)

    def __init__(self, condition: SSAValue, status: SSAValue, message: str | None = None):
        super().__init__(operands=[condition, status], properties={"message": StringAttr(message) if message else None})

    @classmethod
    def parse(cls, parser: Parser) -> CondFailOp:
        condition = status = parser.resolve_operand(parser.parse_unresolved_operand(), i32)
        message = None
        if parser.parse_optional_punctuation(","):
            if (operand := parser.parse_optional_unresolved_operand()) is None:
                message = parser.parse_str_literal()
            else:
                status = parser.resolve_operand(operand, i32)
                message = parser.parse_str_literal() if parser.parse_optional_punctuation(",") else None
        op = cls(condition, status, message)
        op.attributes.update(parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        values = [self.status] if self.condition is self.status else [self.condition, self.status]
        printer.print_list(values, printer.print_ssa_value)
        if self.message is not None:
            printer.print_string(", ")
            printer.print_attribute(self.message)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class ImportResolvedOp(IRDLOperation):
    """Whether an optional import was found when the module was loaded."""

    name = "vm.import.resolved"
    import_ = prop_def(FlatSymbolRefAttrConstr, prop_name="import")
    result = result_def(i32)
    traits = traits_def(Pure())
    assembly_format = "$import attr-dict `:` type($result)"

    def asm_result_names(self) -> tuple[str, ...]:
        return (re.sub(r"\W", "_", f"has_{self.import_.string_value()}", flags=re.ASCII),)


@irdl_op_definition
class DiscardRefsOp(IRDLOperation):
    """Releases references that are not used from here on."""

    name = "vm.discard.refs"
    refs = var_operand_def(ANY_REFERENCE)
    assembly_format = "($refs^ `:` type($refs))? attr-dict"

    def __init__(self, refs: Sequence[SSAValue]):
        super().__init__(operands=[refs])


@irdl_op_definition
class AssignRefOp(IRDLOperation):
    """Another reference to the same object."""

    name = "vm.assign.ref"
    source = operand_def(ANY_REFERENCE)
    result = result_def(ANY_REFERENCE)
    traits = traits_def(Pure())
    assembly_format = "$source attr-dict `:` type($source) `->` type($result)"


@irdl_op_definition
class TraceOp(IRDLOperation):
    """Records an event and values in the trace."""

    name = "vm.trace"
    event_name = prop_def(StringAttr)
    arguments = var_operand_def()
    assembly_format = "$event_name `(` $arguments `)` attr-dict `:` type($arguments)"


@irdl_op_definition
class PrintOp(IRDLOperation):
    """Prints a message and values."""

    name = "vm.print"
    message = prop_def(StringAttr)
    arguments = var_operand_def()
    assembly_format = "$message `(` $arguments `)` attr-dict `:` type($arguments)"
