"""What all structured ops share: inputs, outputs, indexing maps, iterators and a scalar body; and linalg.generic itself.

A structured op loops over its iteration space, reads one element of each operand where the operand's indexing map says, runs its body
on them, and writes what the body yields to the outputs. Named ops are such ops whose maps and body follow from their name.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar, cast

from xdsl.dialects.builtin import I64, AffineMapAttr, ArrayAttr, IndexType, IntegerAttr, ShapedType, StringAttr, TensorType, i64
from xdsl.dialects.linalg.attrs import IteratorType, IteratorTypeAttr
from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, Block, Operation, OpResult, Region, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.pattern_rewriter import RewritePattern
from xdsl.printer import Printer
from xdsl.traits import EffectInstance, IsTerminator, MemoryEffect, MemoryEffectKind, Pure, RecursiveMemoryEffect
from xdsl.utils.exceptions import VerifyException

PARALLEL, REDUCTION, WINDOW = IteratorType.PARALLEL, IteratorType.REDUCTION, IteratorType.WINDOW


@irdl_op_definition
class YieldOp(AbstractYieldOperation[Attribute]):
    """Ends the body of a structured op with the elements it writes."""

    name = "linalg.yield"
    traits = traits_def(IsTerminator(), Pure())


@irdl_op_definition
class IndexOp(IRDLOperation, HasFolderInterface):
    """The position in one dimension of the iteration space of the enclosing structured op."""

    name = "linalg.index"

    dim = prop_def(IntegerAttr[I64])
    result = result_def(IndexType)

    traits = traits_def(Pure())
    assembly_format = "$dim attr-dict `:` type($result)"

    def __init__(self, dim: int):
        super().__init__(properties={"dim": IntegerAttr(dim, i64)}, result_types=[IndexType()])

    def verify_(self) -> None:
        loops = self.parent_op()
        if not isinstance(loops, StructuredOp):
            raise VerifyException("linalg.index stands outside of a structured op")
        if not 0 <= self.dim.value.data < len(loops.iterators()):
            raise VerifyException(f"linalg.index {self.dim.value.data} in an iteration space of {len(loops.iterators())} dimensions")

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return None


class StructuredEffects(MemoryEffect):
    """On tensors none but those of the body; on memrefs, reads of the operands and writes to the outputs."""

    @classmethod
    def get_effects(cls, op: Operation) -> set[EffectInstance] | None:
        if len(op.results) < len(cast(StructuredOp, op).outputs):
            return {EffectInstance(MemoryEffectKind.READ), EffectInstance(MemoryEffectKind.WRITE)}
        inner = RecursiveMemoryEffect.get_effects(op)
        return None if inner is None else set(inner)


class StructuredOp(IRDLOperation, HasCanonicalizationPatternsInterface, abc.ABC):
    """Base of the structured ops. Subclasses say what `maps` and `iterators` are and how their own part of the text reads."""

    inputs = var_operand_def()
    outputs = var_operand_def()
    res = var_result_def()
    body = region_def("single_block")

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(StructuredEffects())

    @abc.abstractmethod
    def maps(self) -> tuple[AffineMap, ...]:
        """The indexing map of each operand, inputs first."""

    @abc.abstractmethod
    def iterators(self) -> tuple[IteratorType, ...]:
        """The kind of each loop."""

    def tied_destination(self, result: OpResult) -> SSAValue:
        return self.outputs[result.index]

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.linalg.canonicalization import FoldCastProducers

        return (FoldCastProducers(),)

    def asm_block_argument_names(self, region: Region) -> tuple[str, ...]:
        return ("in",) * len(self.inputs) + ("out",) * len(self.outputs)

    def verify_(self) -> None:
        maps, loops = self.maps(), len(self.iterators())
        if len(maps) != len(self.operands):
            raise VerifyException(f"{len(maps)} indexing maps for {len(self.operands)} operands")
        for position, (map_, operand) in enumerate(zip(maps, self.operands, strict=True)):
            rank = operand.type.get_num_dims() if isinstance(operand.type, ShapedType) else 0
            if map_.num_dims != loops or len(map_.results) != rank:
                raise VerifyException(f"indexing map {map_} of operand {position} does not lead from {loops} loops to {operand.type}")
        tensors = [value.type for value in self.outputs if isinstance(value.type, TensorType)]
        if tensors != [result.type for result in self.res]:
            raise VerifyException(f"results {[str(r.type) for r in self.res]} do not match the outputs {[str(t) for t in tensors]}")
        block, elements = self.body.block, [element_of(operand.type) for operand in self.operands]
        if [argument.type for argument in block.args] != elements:
            raise VerifyException(f"the body takes {[str(a.type) for a in block.args]}; the operands hold {[str(e) for e in elements]}")
        last = block.last_op
        if not isinstance(last, YieldOp) or [v.type for v in last.operands] != elements[len(self.inputs) :]:
            raise VerifyException("the body must end in a linalg.yield of one element for each output")


def element_of(type_: Attribute) -> Attribute:
    """The element type of a shaped type; a scalar's own type."""
    return type_.get_element_type() if isinstance(type_, ShapedType) else type_  # pyright: ignore[reportAttributeAccessIssue]


def result_types_of(outputs: Sequence[SSAValue]) -> list[Attribute]:
    """A structured op has a result for each output that is a tensor."""
    return [value.type for value in outputs if isinstance(value.type, TensorType)]


# ---- the text `ins(%a : t) outs(%b : t) -> t` ---------------------------------------------------------------------------


def parse_operands(parser: Parser, keyword: str) -> list[SSAValue]:
    """`keyword(%a, %b : t, t)`, or nothing."""
    if not parser.parse_optional_keyword(keyword):
        return []
    parser.parse_punctuation("(")
    pos = parser.pos
    names = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_unresolved_operand)
    parser.parse_punctuation(":")
    types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
    parser.parse_punctuation(")")
    return list(parser.resolve_operands(names, types, pos))


def print_operands(printer: Printer, keyword: str, values: Sequence[SSAValue]) -> None:
    """` keyword(%a, %b : t, t)`, or nothing."""
    if values:
        printer.print_string(f" {keyword}(")
        printer.print_list(values, printer.print_ssa_value)
        printer.print_string(" : ")
        printer.print_list([value.type for value in values], printer.print_attribute)
        printer.print_string(")")


def parse_result_types(parser: Parser) -> list[Attribute]:
    """`-> t`, `-> (t, t)`, or nothing."""
    if not parser.parse_optional_punctuation("->"):
        return []
    types = parser.parse_optional_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
    return list(types) if types is not None else [parser.parse_type()]


def print_result_types(printer: Printer, results: Sequence[SSAValue]) -> None:
    """` -> t`, ` -> (t, t)`, or nothing."""
    if len(results) == 1:
        printer.print_string(" -> ")
        printer.print_attribute(results[0].type)
    elif results:
        printer.print_string(" -> (")
        printer.print_list([result.type for result in results], printer.print_attribute)
        printer.print_string(")")


# ---- linalg.generic -----------------------------------------------------------------------------------------------------


@irdl_op_definition
class GenericOp(StructuredOp):
    """A structured op that spells out its maps, iterators and body."""

    name = "linalg.generic"

    indexing_maps = prop_def(ArrayAttr[AffineMapAttr])
    iterator_types = prop_def(ArrayAttr[IteratorTypeAttr])
    doc = opt_prop_def(StringAttr)
    library_call = opt_prop_def(StringAttr)

    IN_BRACES: ClassVar = ("doc", "indexing_maps", "iterator_types", "library_call")

    def __init__(
        self,
        inputs: Sequence[SSAValue | Operation],
        outputs: Sequence[SSAValue | Operation],
        body: Region | Block,
        indexing_maps: Sequence[AffineMap | AffineMapAttr],
        iterator_types: Sequence[IteratorType | IteratorTypeAttr],
        result_types: Sequence[Attribute] | None = None,
        doc: StringAttr | None = None,
        library_call: StringAttr | None = None,
    ):
        if result_types is None:
            result_types = result_types_of([SSAValue.get(value) for value in outputs])
        super().__init__(
            operands=[inputs, outputs],
            result_types=[result_types],
            properties={
                "indexing_maps": ArrayAttr(AffineMapAttr(m) if isinstance(m, AffineMap) else m for m in indexing_maps),
                "iterator_types": ArrayAttr(IteratorTypeAttr(t) if isinstance(t, IteratorType) else t for t in iterator_types),
                "doc": doc,
                "library_call": library_call,
            },
            regions=[Region(body) if isinstance(body, Block) else body],
        )

    def maps(self) -> tuple[AffineMap, ...]:
        return tuple(map_.data for map_ in self.indexing_maps)

    def iterators(self) -> tuple[IteratorType, ...]:
        return tuple(kind.data for kind in self.iterator_types)

    @classmethod
    def parse(cls, parser: Parser) -> GenericOp:
        pos = parser.pos
        attributes = parser.parse_optional_attr_dict()
        maps, kinds = attributes.pop("indexing_maps", None), attributes.pop("iterator_types", None)
        if not isinstance(maps, ArrayAttr) or not isinstance(kinds, ArrayAttr):
            parser.raise_error("expected indexing_maps and iterator_types", pos)
        iterators = []
        for kind in cast(ArrayAttr[Attribute], kinds):
            if isinstance(kind, StringAttr) and kind.data in (PARALLEL, REDUCTION, WINDOW):
                kind = IteratorTypeAttr(IteratorType(kind.data))
            if not isinstance(kind, IteratorTypeAttr):
                parser.raise_error(f"unknown iterator type {kind}", pos)
            iterators.append(kind)
        inputs, outputs = parse_operands(parser, "ins"), parse_operands(parser, "outs")
        extra = {}
        if parser.parse_optional_keyword("attrs"):
            parser.parse_punctuation("=")
            extra = parser.parse_optional_attr_dict()
        body = parser.parse_region()
        types = parse_result_types(parser)
        doc, library_call = (cast(StringAttr, attributes.pop(name, None)) for name in ("doc", "library_call"))
        op = cls(inputs, outputs, body, cast(ArrayAttr[AffineMapAttr], maps).data, iterators, types, doc, library_call)
        op.attributes.update(attributes | extra)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" {")
        present = [name for name in self.IN_BRACES if name in self.properties]
        for position, name in enumerate(present):
            printer.print_string(f"{', ' if position else ''}{name} = ")
            if name == "iterator_types":
                printer.print_string("[" + ", ".join(f'"{kind}"' for kind in self.iterators()) + "]")
            else:
                printer.print_attribute(self.properties[name])
        printer.print_string("}")
        print_operands(printer, "ins", self.inputs)
        print_operands(printer, "outs", self.outputs)
        if self.attributes:
            printer.print_string(" attrs =  ")  # two blanks, as MLIR has it
            printer.print_attr_dict(dict(sorted(self.attributes.items())))
        printer.print_string(" ")
        printer.print_region(self.body)
        print_result_types(printer, self.res)
