"""Structured ops with a text of their own: fill, map, reduce, broadcast, transpose, contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, DenseArrayBase, TensorType, i64
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineMap
from xdsl.irdl import irdl_op_definition, opt_prop_def, prop_def
from xdsl.parser import Parser
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.folding import constant_attribute
from pyrie.dialects.linalg import bodies
from pyrie.dialects.linalg.attributes import ElementwiseKind, ElementwiseKindAttr
from pyrie.dialects.linalg.bodies import BodyBuilder
from pyrie.dialects.linalg.named import NamedOp
from pyrie.dialects.linalg.structured import (
    PARALLEL,
    REDUCTION,
    IteratorType,
    StructuredOp,
    YieldOp,
    element_of,
    parse_operands,
    parse_result_types,
    print_operands,
    print_result_types,
    result_types_of,
)
from pyrie.dialects.tensor import CollapseShapeOp, EmptyOp, ExpandShapeOp, ExtractSliceOp, PadOp
from pyrie.dialects.tensor.shapes import numbers

AXES = DenseArrayBase.constr(i64)


def _rank(value: SSAValue) -> int:
    return cast(TensorType, value.type).get_num_dims()


def _static(value: SSAValue) -> bool:
    return cast(TensorType, value.type).has_static_shape()


def _dims(rank: int, axes: Sequence[int]) -> AffineMap:
    return AffineMap(rank, 0, tuple(AffineDimExpr(axis) for axis in axes))


class FillOfReshape(RewritePattern):
    """A reshape, slice or same-valued pad of a fill is a smaller or larger fill."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, FillOp) or not op.res:
            return
        for use in list(op.res[0].uses):
            user = use.operation
            if isinstance(user, CollapseShapeOp) and _static(user.result):
                empty = EmptyOp((), user.result.type)
            elif isinstance(user, ExpandShapeOp):
                empty = EmptyOp(user.dynamic_output_shape, user.result.type)
            elif isinstance(user, ExtractSliceOp) and not user.dropped_axes():
                empty = EmptyOp(user.sizes, user.result.type)
            elif (
                isinstance(user, PadOp)
                and user.constant_padding() == op.inputs[0]
                and cast(TensorType, user.result.type).has_static_shape()
            ):
                empty = EmptyOp((), user.result.type)
            else:
                continue
            rewriter.replace(user, [empty, FillOp(op.inputs, [empty.tensor])])


@irdl_op_definition
class FillOp(NamedOp):
    """Every element becomes the scalar."""

    name = "linalg.fill"
    BODY: ClassVar = staticmethod(bodies.copy)

    def maps(self) -> tuple[AffineMap, ...]:
        rank = _rank(self.outputs[0])
        return (AffineMap(rank, 0, ()), AffineMap.identity(rank))

    def iterators(self) -> tuple[IteratorType, ...]:
        return (PARALLEL,) * _rank(self.outputs[0])

    def constant_value(self) -> Attribute | None:
        """The scalar, if it is a constant."""
        return constant_attribute(self.inputs[0])

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (*super().get_canonicalization_patterns(), FillOfReshape())


@irdl_op_definition
class ContractOp(NamedOp):
    """Any contraction: multiplies the inputs and accumulates along the dimensions that the output lacks."""

    name = "linalg.contract"
    BODY: ClassVar = staticmethod(bodies.multiply_accumulate)

    cast = opt_prop_def(Attribute)
    indexing_maps = prop_def(ArrayAttr[AffineMapAttr])

    @classmethod
    def default_maps(cls) -> tuple[AffineMap, ...]:
        return ()

    def maps(self) -> tuple[AffineMap, ...]:
        return tuple(map_.data for map_ in self.indexing_maps)

    def iterators(self) -> tuple[IteratorType, ...]:
        maps = self.maps()
        kept = maps[2].used_dims()
        return tuple(PARALLEL if dim in kept else REDUCTION for dim in range(maps[2].num_dims))


@irdl_op_definition
class CopyOp(NamedOp):
    """The input, converted to the output's element type."""

    name = "linalg.copy"
    BODY: ClassVar = staticmethod(bodies.copy)

    cast = opt_prop_def(Attribute)

    def maps(self) -> tuple[AffineMap, ...]:
        return (AffineMap.identity(_rank(self.outputs[0])),) * 2

    def iterators(self) -> tuple[IteratorType, ...]:
        return (PARALLEL,) * _rank(self.outputs[0])


@irdl_op_definition
class ElementwiseOp(StructuredOp):
    """One function at every position: `linalg.elementwise <add> ins(...) outs(...)`."""

    name = "linalg.elementwise"

    kind = prop_def(ElementwiseKindAttr)
    indexing_maps = prop_def(ArrayAttr[AffineMapAttr])

    def __init__(
        self,
        kind: ElementwiseKind,
        inputs: Sequence[SSAValue | Operation],
        outputs: Sequence[SSAValue | Operation],
        maps: ArrayAttr[AffineMapAttr] | None = None,
    ):
        inputs, outputs = [SSAValue.get(value) for value in inputs], [SSAValue.get(value) for value in outputs]
        if maps is None:
            maps = ArrayAttr([AffineMapAttr(AffineMap.identity(_rank(outputs[0])))] * (len(inputs) + 1))
        arity, body = bodies.elementwise(str(kind))
        if arity != len(inputs):
            raise VerifyException(f"linalg.elementwise '{kind}' takes {arity} inputs, given {len(inputs)}")
        builder = BodyBuilder([element_of(value.type) for value in (*inputs, *outputs)], {})
        super().__init__(
            operands=[inputs, outputs],
            result_types=[result_types_of(outputs)],
            properties={"kind": ElementwiseKindAttr(kind), "indexing_maps": maps},
            regions=[body(builder)],
        )

    def maps(self) -> tuple[AffineMap, ...]:
        return tuple(map_.data for map_ in self.indexing_maps)

    def iterators(self) -> tuple[IteratorType, ...]:
        return (PARALLEL,) * self.maps()[-1].num_dims

    @classmethod
    def parse(cls, parser: Parser) -> ElementwiseOp:
        maps = None
        if parser.parse_optional_keyword("kind"):  # the older spelling: kind=#linalg.elementwise_kind<add>
            parser.parse_punctuation("=")
            kind = cast(ElementwiseKindAttr, parser.parse_attribute()).data
        else:
            kind = ElementwiseKindAttr.parse_parameter(parser)
        if parser.parse_optional_keyword("indexing_maps"):
            parser.parse_punctuation("=")
            maps = cast(ArrayAttr[AffineMapAttr], parser.parse_attribute())
        attributes = parser.parse_optional_attr_dict()
        inputs, outputs = parse_operands(parser, "ins"), parse_operands(parser, "outs")
        parse_result_types(parser)
        op = cls(cast(ElementwiseKind, kind), inputs, outputs, maps)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        self.kind.print_parameter(printer)
        if any(map_ != AffineMap.identity(map_.num_dims) for map_ in self.maps()):
            printer.print_string(" indexing_maps = ")
            printer.print_attribute(self.indexing_maps)
        if self.attributes:
            printer.print_op_attributes(self.attributes)
        print_operands(printer, "ins", self.inputs)
        print_operands(printer, "outs", self.outputs)
        print_result_types(printer, self.res)


class RegionOp(StructuredOp):
    """Base of map and reduce: a body in the text, short (`{ arith.addf }`) where it is one op on the arguments."""

    ARGUMENTS: ClassVar[tuple[str, str]]

    @classmethod
    def parse_short_body(cls, parser: Parser) -> tuple[type[Operation], dict[str, Attribute]] | None:
        """`{ dialect.op {attributes} }`, or None if the body is a region."""
        if not parser.parse_optional_punctuation("{"):
            return None
        name = parser.parse_identifier("an op name")
        op_type = parser.ctx.get_op(name)
        attributes = dict(parser.parse_optional_attr_dict())
        parser.parse_punctuation("}")
        return op_type, attributes

    def asm_block_argument_names(self, region: Region) -> tuple[str, ...]:
        return (self.ARGUMENTS[0],) * len(self.inputs) + (self.ARGUMENTS[1],) * len(self.outputs)

    def short_body(self, order: Sequence[SSAValue]) -> Operation | None:
        """The one op of the body if it takes `order` and yields its result."""
        ops = list(self.body.block.ops)
        if len(ops) != 2 or tuple(ops[0].operands) != tuple(order) or len(ops[0].results) != 1 or ops[0].regions:
            return None
        return ops[0] if tuple(ops[1].operands) == tuple(ops[0].results) else None

    def print_body(self, printer: Printer) -> None:
        with printer.indented():
            printer.print_string("\n(")
            printer.print_list(self.body.block.args, printer.print_block_argument)
            printer.print_string(") ")
            printer.print_region(self.body, print_entry_block_args=False)

    @classmethod
    def parse_long_body(cls, parser: Parser) -> Region:
        arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_argument)
        return parser.parse_region(arguments)

    @staticmethod
    def print_short(printer: Printer, op: Operation) -> None:
        printer.print_string(f" {{ {op.name}")
        shown = {**op.properties, **op.attributes}
        if "none" in str(shown.get("fastmath", "")):
            shown.pop("fastmath")
        if "none" in str(shown.get("overflowFlags", "")):
            shown.pop("overflowFlags")
        if shown:
            printer.print_string(" ")
            printer.print_attr_dict(shown)
        printer.print_string(" }")


def _short_region(op_type: type[Operation], attributes: dict[str, Attribute], block: Block, operands: Sequence[SSAValue]) -> Region:
    inner = op_type.create(operands=operands, result_types=[block.args[-1].type], properties=attributes)
    block.add_ops([inner, YieldOp(inner)])
    return Region(block)


@irdl_op_definition
class MapOp(RegionOp):
    """Applies a body to corresponding elements of the inputs."""

    name = "linalg.map"
    ARGUMENTS: ClassVar = ("in", "init")

    def __init__(self, inputs: Sequence[SSAValue | Operation], init: SSAValue | Operation, body: Region):
        init = SSAValue.get(init)
        super().__init__(operands=[inputs, [init]], result_types=[result_types_of([init])], regions=[body])

    def maps(self) -> tuple[AffineMap, ...]:
        return (AffineMap.identity(_rank(self.outputs[0])),) * len(self.operands)

    def iterators(self) -> tuple[IteratorType, ...]:
        return (PARALLEL,) * _rank(self.outputs[0])

    @classmethod
    def parse(cls, parser: Parser) -> MapOp:
        short = cls.parse_short_body(parser)
        inputs, outputs = parse_operands(parser, "ins"), parse_operands(parser, "outs")
        attributes = parser.parse_optional_attr_dict()
        if short is None:
            body = cls.parse_long_body(parser)
        else:
            block = Block(arg_types=[element_of(value.type) for value in (*inputs, *outputs)])
            body = _short_region(*short, block, block.args[:-1])
        op = cls(inputs, outputs[0], body)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        short = self.short_body(self.body.block.args[:-1])
        if short is not None:
            self.print_short(printer, short)
        print_operands(printer, "ins", self.inputs)
        print_operands(printer, "outs", self.outputs)
        if self.attributes:
            printer.print_op_attributes(self.attributes)
        if short is None:
            self.print_body(printer)

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("mapped",) * len(self.res)


@irdl_op_definition
class ReduceOp(RegionOp):
    """Reduces the inputs along `dimensions` with a body that combines an element and the value so far."""

    name = "linalg.reduce"
    ARGUMENTS: ClassVar = ("in", "init")

    dimensions = prop_def(AXES)

    def __init__(
        self, inputs: Sequence[SSAValue | Operation], inits: Sequence[SSAValue | Operation], body: Region, dimensions: Sequence[int]
    ):
        super().__init__(
            operands=[inputs, inits],
            result_types=[result_types_of([SSAValue.get(init) for init in inits])],
            properties={"dimensions": DenseArrayBase.from_list(i64, dimensions)},
            regions=[body],
        )

    def axes(self) -> tuple[int, ...]:
        """The reduced axes."""
        return numbers(self.dimensions)

    def maps(self) -> tuple[AffineMap, ...]:
        rank, axes = _rank(self.inputs[0]), self.axes()
        kept = _dims(rank, [axis for axis in range(rank) if axis not in axes])
        return (AffineMap.identity(rank),) * len(self.inputs) + (kept,) * len(self.outputs)

    def iterators(self) -> tuple[IteratorType, ...]:
        return tuple(REDUCTION if axis in self.axes() else PARALLEL for axis in range(_rank(self.inputs[0])))

    @classmethod
    def parse(cls, parser: Parser) -> ReduceOp:
        short = cls.parse_short_body(parser)
        inputs, outputs = parse_operands(parser, "ins"), parse_operands(parser, "outs")
        dimensions = _parse_axes(parser, "dimensions")
        attributes = parser.parse_optional_attr_dict()
        if short is None:
            body = cls.parse_long_body(parser)
        else:  # the value so far comes first
            block = Block(arg_types=[element_of(value.type) for value in (*inputs, *outputs)])
            body = _short_region(*short, block, [block.args[-1], *block.args[:-1]])
        op = cls(inputs, outputs, body, dimensions)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        args = self.body.block.args
        short = self.short_body([args[-1], *args[:-1]]) if len(self.outputs) == 1 else None
        if short is not None:
            self.print_short(printer, short)
        print_operands(printer, "ins", self.inputs)
        print_operands(printer, "outs", self.outputs)
        _print_axes(printer, "dimensions", self.axes())
        if self.attributes:
            printer.print_op_attributes(self.attributes)
        if short is None:
            self.print_body(printer)

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("reduced",) * len(self.res)


def _parse_axes(parser: Parser, keyword: str) -> list[int]:
    parser.parse_keyword(keyword)
    parser.parse_punctuation("=")
    return parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer)


def _print_axes(printer: Printer, keyword: str, axes: Sequence[int]) -> None:
    printer.print_string(f" {keyword} = [{', '.join(str(axis) for axis in axes)}] ")


class MovementOp(StructuredOp):
    """Base of transpose and broadcast: one input, one output, elements copied, one list of axes."""

    KEYWORD: ClassVar[str]

    def __init__(self, input: SSAValue | Operation, init: SSAValue | Operation, axes: Sequence[int]):
        input, init = SSAValue.get(input), SSAValue.get(init)
        super().__init__(
            operands=[[input], [init]],
            result_types=[result_types_of([init])],
            properties={self.KEYWORD: DenseArrayBase.from_list(i64, axes)},
            regions=[bodies.copy(BodyBuilder([element_of(input.type), element_of(init.type)], {}))],
        )

    def axes(self) -> tuple[int, ...]:
        return numbers(cast(DenseArrayBase, self.properties[self.KEYWORD]))

    def iterators(self) -> tuple[IteratorType, ...]:
        return (PARALLEL,) * _rank(self.outputs[0])

    @classmethod
    def parse(cls, parser: Parser) -> MovementOp:
        pos = parser.pos
        inputs, outputs = parse_operands(parser, "ins"), parse_operands(parser, "outs")
        if len(inputs) != 1 or len(outputs) != 1:
            parser.raise_error("expected one input and one output", pos)
        op = cls(inputs[0], outputs[0], _parse_axes(parser, cls.KEYWORD))
        op.attributes.update(parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        print_operands(printer, "ins", self.inputs)
        print_operands(printer, "outs", self.outputs)
        _print_axes(printer, self.KEYWORD, self.axes())
        if self.attributes:
            printer.print_op_attributes(self.attributes)


@irdl_op_definition
class TransposeOp(MovementOp):
    """Axis `i` of the output is axis `permutation[i]` of the input."""

    name = "linalg.transpose"
    KEYWORD: ClassVar = "permutation"

    permutation = prop_def(AXES)

    def maps(self) -> tuple[AffineMap, ...]:
        rank = _rank(self.outputs[0])
        position = {axis: loop for loop, axis in enumerate(self.axes())}
        return (_dims(rank, [position[axis] for axis in range(rank)]), AffineMap.identity(rank))

    def verify_(self) -> None:
        if sorted(self.axes()) != list(range(_rank(self.outputs[0]))):
            raise VerifyException(f"{list(self.axes())} is not a permutation of the axes of {self.outputs[0].type}")
        super().verify_()

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("transposed",) * len(self.res)


@irdl_op_definition
class BroadcastOp(MovementOp):
    """Repeats the input along `dimensions` of the output."""

    name = "linalg.broadcast"
    KEYWORD: ClassVar = "dimensions"

    dimensions = prop_def(AXES)

    def maps(self) -> tuple[AffineMap, ...]:
        rank = _rank(self.outputs[0])
        return (_dims(rank, [axis for axis in range(rank) if axis not in self.axes()]), AffineMap.identity(rank))

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("broadcasted",) * len(self.res)
