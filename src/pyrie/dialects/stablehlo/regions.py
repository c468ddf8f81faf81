"""Ops with regions: reductions, windows, sort, scatter, map, and control flow."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.builder import Builder
from xdsl.dialects.builtin import (
    BoolAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    TensorType,
    i1,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    SameVariadicOperandSize,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_region_def,
    var_result_def,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.rewriter import InsertPoint
from xdsl.traits import IsTerminator, Pure, RecursiveMemoryEffect
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.stablehlo import shapes
from pyrie.dialects.stablehlo.assembly import dims_of, i64_array
from pyrie.dialects.stablehlo.attributes import ScatterDimensionNumbersAttr
from pyrie.dialects.stablehlo.contraction import PaddingPairs, padding_attribute, padding_of, window_numbers
from pyrie.dialects.stablehlo.elementwise import BINARY, AnyTensor, BinaryOp
from pyrie.dialects.stablehlo.movement import retyped
from pyrie.dialects.stablehlo.shapes import require_axes, require_shape, shape_of


@irdl_op_definition
class ReturnOp(IRDLOperation):
    """Ends a region and gives its results."""

    name = "stablehlo.return"
    results_ = var_operand_def()
    traits = traits_def(Pure(), IsTerminator())
    assembly_format = "$results_ attr-dict (`:` type($results_)^)?"

    def __init__(self, *values: SSAValue | Operation):
        super().__init__(operands=[values])


def scalar_of(type: Attribute) -> TensorType:
    """The 0-d tensor type of the elements of a tensor."""
    return retyped(type, ())


def binary_body(op: type[BinaryOp], type: Attribute) -> Region:
    """A region that combines two scalars of the element type of `type` with `op`."""
    block = Block(arg_types=[scalar_of(type)] * 2)
    builder = Builder(InsertPoint.at_end(block))
    builder.insert(ReturnOp(builder.insert(op(block.args[0], block.args[1])).results[0]))
    return Region(block)


def body_op(region: Region) -> BinaryOp | None:
    """The binary op that alone makes up a region applied to its two arguments in order, or None."""
    ops = list(region.blocks[0].ops) if len(region.blocks) == 1 else []
    if len(ops) != 2 or not isinstance(first := ops[0], BinaryOp) or not isinstance(ops[1], ReturnOp):
        return None
    plain = tuple(first.operands) == tuple(region.blocks[0].args) and tuple(ops[1].operands) == tuple(first.results)
    return first if plain else None


def require_returns(region: Region, types: Sequence[Attribute], what: str) -> None:
    """Raises unless the region returns values that can have the given types."""
    last = region.blocks[0].last_op if region.blocks else None
    if not isinstance(last, ReturnOp) or len(last.operands) != len(types):
        raise VerifyException(f"{what} must end in a stablehlo.return of {len(types)} value(s)")
    for value, type in zip(last.operands, types, strict=True):
        if isinstance(type, TensorType) and value.type != type:
            require_shape(f"a value returned from {what}", value.type, shape_of(type))


@irdl_op_definition
class ReduceOp(IRDLOperation):
    """Combines the elements along `dimensions`, from `init_values` on, with an associative body."""

    name = "stablehlo.reduce"
    inputs = var_operand_def(AnyTensor)
    init_values = var_operand_def(AnyTensor)
    dimensions = prop_def(DenseArrayBase.constr(i64))
    results_ = var_result_def(AnyTensor)
    body = region_def()
    irdl_options = (SameVariadicOperandSize(),)
    traits = traits_def(RecursiveMemoryEffect())

    def __init__(self, inputs: Sequence[SSAValue], inits: Sequence[SSAValue], dimensions: Sequence[int], body: Region):
        types = [retyped(value.type, shapes.without(shape_of(value.type), dimensions)) for value in inputs]
        super().__init__(operands=[inputs, inits], properties={"dimensions": i64_array(dimensions)}, regions=[body], result_types=[types])

    @classmethod
    def of(cls, op: type[BinaryOp], operand: SSAValue, init: SSAValue, dimensions: Sequence[int]) -> ReduceOp:
        """Reduces one tensor with a binary op."""
        return cls([operand], [init], dimensions, binary_body(op, operand.type))

    def verify_(self) -> None:
        dimensions = dims_of(self.dimensions)
        for value, result in zip(self.inputs, self.results, strict=True):
            require_axes("dimensions", dimensions, len(shape_of(value.type)))
            require_shape("the result", result.type, shapes.without(shape_of(value.type), dimensions))
        require_returns(self.body, [scalar_of(result.type) for result in self.results], "the body")

    @classmethod
    def parse(cls, parser: Parser) -> ReduceOp:
        def pair() -> tuple[UnresolvedOperand, UnresolvedOperand]:
            with parser.in_parens():
                value = parser.parse_unresolved_operand()
                parser.parse_keyword("init")
                parser.parse_punctuation(":")
                return value, parser.parse_unresolved_operand()

        position = parser.pos
        pairs = parser.parse_comma_separated_list(parser.Delimiter.NONE, pair)
        combiner: type[BinaryOp] | None = None
        if parser.parse_optional_keyword("applies"):
            combiner = _commutative_op(parser, parser.parse_identifier())
        parser.parse_keyword("across")
        parser.parse_keyword("dimensions")
        parser.parse_punctuation("=")
        dimensions = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type = parser.parse_function_type()
        operands = [value for value, _ in pairs] + [init for _, init in pairs]
        values = parser.resolve_operands(operands, type.inputs.data, position)
        body = binary_body(combiner, values[0].type) if combiner else cls._parse_reducer(parser)
        return cls.create(
            operands=values,
            properties={"dimensions": i64_array(dimensions)},
            attributes=attributes,
            regions=[body],
            result_types=type.outputs.data,
        )

    @staticmethod
    def _parse_reducer(parser: Parser) -> Region:
        parser.parse_keyword("reducer")
        values, inits = [], []
        while parser.parse_optional_punctuation("("):
            values.append(parser.parse_argument())
            parser.parse_punctuation(",")
            inits.append(parser.parse_argument())
            parser.parse_punctuation(")")
        return parser.parse_region([*values, *inits])

    def print(self, printer: Printer) -> None:
        def pair(values: tuple[SSAValue, SSAValue]) -> None:
            with printer.in_parens():
                printer.print_ssa_value(values[0])
                printer.print_string(" init: ")
                printer.print_ssa_value(values[1])

        pairs = list(zip(self.inputs, self.init_values, strict=True))
        printer.print_list(pairs, pair)
        combiner = body_op(self.body)
        compact = combiner is not None and combiner.COMMUTATIVE and combiner.result.type == scalar_of(self.inputs[0].type)
        if combiner is not None and compact:
            printer.print_string(f" applies {combiner.name}")
        printer.print_string(f" across dimensions = {list(dims_of(self.dimensions))}")
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_operation_type(self)
        if compact:
            return
        printer._print_new_line()
        printer.print_string(" reducer")
        block = self.body.block
        for i in range(len(pairs)):
            with printer.in_parens():
                printer.print_block_argument(block.args[i])
                printer.print_string(", ")
                printer.print_block_argument(block.args[i + len(pairs)])
            printer.print_string(" ")
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)


def _commutative_op(parser: Parser, name: str) -> type[BinaryOp]:
    named = [op for op in BINARY if op.COMMUTATIVE and op.name == name]
    if not named:
        parser.raise_error(f"'{name}' is not a commutative binary op of stablehlo")
    return named[0]


@irdl_op_definition
class ReduceWindowOp(IRDLOperation):
    """Combines the elements of each window, from `init_values` on, with an associative body."""

    name = "stablehlo.reduce_window"
    inputs = var_operand_def(AnyTensor)
    init_values = var_operand_def(AnyTensor)
    window_dimensions = prop_def(DenseArrayBase.constr(i64))
    window_strides = opt_prop_def(DenseArrayBase.constr(i64))
    base_dilations = opt_prop_def(DenseArrayBase.constr(i64))
    window_dilations = opt_prop_def(DenseArrayBase.constr(i64))
    padding = opt_prop_def(DenseIntOrFPElementsAttr)
    results_ = var_result_def(AnyTensor)
    body = region_def()
    irdl_options = (SameVariadicOperandSize(),)
    traits = traits_def(RecursiveMemoryEffect())

    def __init__(
        self,
        inputs: Sequence[SSAValue],
        inits: Sequence[SSAValue],
        body: Region,
        *,
        window: Sequence[int],
        strides: Sequence[int],
        padding: PaddingPairs,
        window_dilations: Sequence[int],
    ):
        ones = [1] * len(window)
        shape = shapes.windowed(shape_of(inputs[0].type), window, strides, padding, ones, window_dilations)
        super().__init__(
            operands=[inputs, inits],
            properties={
                "window_dimensions": i64_array(window),
                "window_strides": i64_array(strides),
                "window_dilations": i64_array(window_dilations),
                "padding": padding_attribute(padding),
            },
            regions=[body],
            result_types=[[retyped(value.type, shape) for value in inputs]],
        )

    def verify_(self) -> None:
        shape = shape_of(self.inputs[0].type)
        n = len(shape)
        expected = shapes.windowed(
            shape,
            dims_of(self.window_dimensions),
            window_numbers(self.window_strides, n),
            padding_of(self.padding, n),
            window_numbers(self.base_dilations, n),
            window_numbers(self.window_dilations, n),
        )
        for result in self.results:
            require_shape("the result", result.type, expected)
        require_returns(self.body, [scalar_of(result.type) for result in self.results], "the body")


@irdl_op_definition
class SelectAndScatterOp(IRDLOperation):
    """Adds each element of `source` to the place of the window that `select` prefers: the gradient of a pooling."""

    name = "stablehlo.select_and_scatter"
    operand = operand_def(AnyTensor)
    source = operand_def(AnyTensor)
    init_value = operand_def(AnyTensor)
    window_dimensions = opt_prop_def(DenseArrayBase.constr(i64))
    window_strides = opt_prop_def(DenseArrayBase.constr(i64))
    padding = opt_prop_def(DenseIntOrFPElementsAttr)
    result = result_def(AnyTensor)
    select = region_def()
    scatter = region_def()
    traits = traits_def(RecursiveMemoryEffect())

    def verify_(self) -> None:
        require_shape("the result", self.result.type, shape_of(self.operand.type))


@irdl_op_definition
class ScatterOp(IRDLOperation):
    """The inputs with `updates` combined into them at `scatter_indices`; updates that would fall outside are left out."""

    name = "stablehlo.scatter"
    inputs = var_operand_def(AnyTensor)
    scatter_indices = operand_def(AnyTensor)
    updates = var_operand_def(AnyTensor)
    scatter_dimension_numbers = prop_def(ScatterDimensionNumbersAttr)
    indices_are_sorted = opt_prop_def(BoolAttr)
    unique_indices = opt_prop_def(BoolAttr)
    results_ = var_result_def(AnyTensor)
    update_computation = region_def()
    irdl_options = (SameVariadicOperandSize(),)
    traits = traits_def(RecursiveMemoryEffect())

    def __init__(
        self,
        operand: SSAValue,
        indices: SSAValue,
        updates: SSAValue,
        numbers: ScatterDimensionNumbersAttr,
        body: Region,
        *,
        unique: bool = False,
    ):
        super().__init__(
            operands=[[operand], indices, [updates]],
            properties={"scatter_dimension_numbers": numbers, "unique_indices": IntegerAttr(int(unique), i1) if unique else None},
            regions=[body],
            result_types=[[operand.type]],
        )

    def verify_(self) -> None:
        for value, result in zip(self.inputs, self.results, strict=True):
            require_shape("the result", result.type, shape_of(value.type))
        require_returns(self.update_computation, [scalar_of(result.type) for result in self.results], "the update computation")


@irdl_op_definition
class SortOp(IRDLOperation):
    """Sorts tensors together along one dimension by a comparator of two elements of each."""

    name = "stablehlo.sort"
    inputs = var_operand_def(AnyTensor)
    dimension = opt_prop_def(IntegerAttr.constr(i64))
    is_stable = opt_prop_def(BoolAttr)
    results_ = var_result_def(AnyTensor)
    comparator = region_def()
    traits = traits_def(RecursiveMemoryEffect())

    def __init__(self, inputs: Sequence[SSAValue], dimension: int, comparator: Region, *, stable: bool = True):
        super().__init__(
            operands=[inputs],
            properties={"dimension": IntegerAttr(dimension, i64), "is_stable": IntegerAttr(int(stable), i1)},
            regions=[comparator],
            result_types=[[value.type for value in inputs]],
        )

    @property
    def axis(self) -> int:
        rank = len(shape_of(self.inputs[0].type))
        return (-1 if self.dimension is None else self.dimension.value.data) % max(rank, 1)

    def verify_(self) -> None:
        shape = shape_of(self.inputs[0].type)
        for value, result in zip(self.inputs, self.results, strict=True):
            require_shape("an input", value.type, shape)
            require_shape("a result", result.type, shape)
        require_returns(self.comparator, [TensorType(i1, [])], "the comparator")


@irdl_op_definition
class MapOp(IRDLOperation):
    """Applies a body to the elements of tensors of the same shape."""

    name = "stablehlo.map"
    inputs = var_operand_def(AnyTensor)
    dimensions = prop_def(DenseArrayBase.constr(i64))
    result = result_def(AnyTensor)
    computation = region_def()
    traits = traits_def(RecursiveMemoryEffect())


@irdl_op_definition
class WhileOp(IRDLOperation):
    """Runs `body` on its own results, beginning with the operands, as long as `cond` of them holds."""

    name = "stablehlo.while"
    operand = var_operand_def()
    results_ = var_result_def()
    cond = region_def()
    body = region_def()
    traits = traits_def(RecursiveMemoryEffect())

    def __init__(self, operands: Sequence[SSAValue], cond: Region, body: Region):
        super().__init__(operands=[operands], regions=[cond, body], result_types=[[value.type for value in operands]])

    def asm_block_argument_names(self, region: Region) -> Sequence[str | None]:
        return ["iterArg"] * len(region.block.args)

    def verify_(self) -> None:
        types = list(self.operand_types)
        if types != list(self.result_types):
            raise VerifyException("operands and results must have the same types")
        for name, region in (("cond", self.cond), ("body", self.body)):
            if [a.type for a in region.block.args] != types:
                raise VerifyException(f"the arguments of {name} must have the types of the operands")
        require_returns(self.cond, [TensorType(i1, [])], "cond")
        require_returns(self.body, types, "body")

    @classmethod
    def parse(cls, parser: Parser) -> WhileOp:
        def pair() -> tuple[Parser.UnresolvedArgument, UnresolvedOperand]:
            argument = parser.parse_argument(expect_type=False)
            parser.parse_punctuation("=")
            return argument, parser.parse_unresolved_operand()

        position = parser.pos
        pairs = parser.parse_comma_separated_list(parser.Delimiter.PAREN, pair)
        types: list[Attribute] = []
        if pairs:
            parser.parse_punctuation(":")
            types = list(parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type))
        if len(types) != len(pairs):
            parser.raise_error(f"{len(pairs)} operand(s) but {len(types)} type(s)")
        operands = parser.resolve_operands([value for _, value in pairs], types, position)
        attributes = parser.parse_optional_attr_dict_with_keyword()

        def region() -> Region:
            return parser.parse_region([argument.resolve(type) for (argument, _), type in zip(pairs, types, strict=True)])

        parser.parse_keyword("cond")
        cond = region()
        parser.parse_keyword("do")
        op = cls(operands, cond, region())
        op.attributes |= attributes.data if attributes else {}
        return op

    def print(self, printer: Printer) -> None:
        def pair(values: tuple[SSAValue, SSAValue]) -> None:
            printer.print_ssa_value(values[0])
            printer.print_string(" = ")
            printer.print_ssa_value(values[1])

        with printer.in_parens():
            printer.print_list(list(zip(self.body.block.args, self.operand, strict=True)), pair)
        if self.operand:
            printer.print_string(" : ")
            printer.print_list(self.operand_types, printer.print_attribute)
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer._print_new_line()
        printer.print_string("cond ")
        printer.print_region(self.cond, print_entry_block_args=False)
        printer.print_string(" do ")
        printer.print_region(self.body, print_entry_block_args=False)


@irdl_op_definition
class IfOp(IRDLOperation):
    """Runs one of two branches."""

    name = "stablehlo.if"
    pred = operand_def(AnyTensor)
    results_ = var_result_def()
    true_branch = region_def()
    false_branch = region_def()
    traits = traits_def(RecursiveMemoryEffect())

    def __init__(self, pred: SSAValue, result_types: Sequence[Attribute], true_branch: Region, false_branch: Region):
        super().__init__(operands=[pred], regions=[true_branch, false_branch], result_types=[result_types])

    def verify_(self) -> None:
        for name, region in (("the true branch", self.true_branch), ("the false branch", self.false_branch)):
            require_returns(region, self.result_types, name)


@irdl_op_definition
class CaseOp(IRDLOperation):
    """Runs the branch of the given index; an index out of range runs the last."""

    name = "stablehlo.case"
    index = operand_def(AnyTensor)
    results_ = var_result_def()
    branches = var_region_def()
    traits = traits_def(RecursiveMemoryEffect())

    def verify_(self) -> None:
        if not self.branches:
            raise VerifyException("needs at least one branch")
        for region in self.branches:
            require_returns(region, self.result_types, "a branch")


OPS: list[type[Operation]] = [
    CaseOp, IfOp, MapOp, ReduceOp, ReduceWindowOp, ReturnOp, ScatterOp, SelectAndScatterOp, SortOp, WhileOp,
]  # fmt: skip
