"""The named structured ops, from one table.

A row gives the loops (parallel ones, then `|`, then reductions), and what each operand is indexed by, the last being the output.
`oh~kh` is a window: `oh * strides[i] + kh * dilations[i]`, i counting the windows of the row. Scalar operands are indexed by `()`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, DenseIntOrFPElementsAttr, TensorType, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.ir.affine import AffineConstantExpr, AffineDimExpr, AffineExpr, AffineMap
from xdsl.irdl import irdl_op_definition, opt_prop_def
from xdsl.parser import Parser
from xdsl.printer import Printer

from pyrie.dialects.linalg import bodies
from pyrie.dialects.linalg.bodies import Body, BodyBuilder
from pyrie.dialects.linalg.structured import (
    PARALLEL,
    REDUCTION,
    IteratorType,
    StructuredOp,
    element_of,
    parse_operands,
    parse_result_types,
    print_operands,
    print_result_types,
    result_types_of,
)
from pyrie.ir import elements


@dataclass(frozen=True)
class Row:
    """One named op."""

    name: str
    loops: str
    operands: tuple[str, ...]
    body: Body
    maps_may_differ: bool = False  # has an `indexing_maps` of its own, for transposed and broadcast operands

    @property
    def windows(self) -> int:
        return max(operand.count("~") for operand in self.operands)


def _contractions() -> list[Row]:
    mac, quantized = bodies.multiply_accumulate, bodies.multiply_accumulate_quantized
    return [
        Row("matmul", "m n | k", ("m k", "k n", "m n"), mac, True),
        Row("batch_matmul", "b m n | k", ("b m k", "b k n", "b m n"), mac, True),
        Row("batch_reduce_matmul", "m n | b k", ("b m k", "b k n", "m n"), mac, True),
        Row("quantized_matmul", "m n | k", ("m k", "k n", "()", "()", "m n"), quantized),
        Row("quantized_batch_matmul", "b m n | k", ("b m k", "b k n", "()", "()", "b m n"), quantized),
        Row("mmt4d", "m n | k m0 n0 k0", ("m k m0 k0", "n k n0 k0", "m n m0 n0"), mac),
        Row("batch_mmt4d", "b m n | k m0 n0 k0", ("b m k m0 k0", "b n k n0 k0", "b m n m0 n0"), mac),
        Row("matvec", "m | n", ("m n", "n", "m"), mac),
        Row("vecmat", "n | m", ("m", "m n", "n"), mac),
        Row("batch_matvec", "b m | k", ("b m k", "b k", "b m"), mac),
        Row("batch_vecmat", "b n | k", ("b k", "b k n", "b n"), mac),
        Row("dot", "| m", ("m", "m", "()"), mac),
    ]


def _convolutions() -> list[Row]:
    mac, quantized = bodies.multiply_accumulate, bodies.multiply_accumulate_quantized
    plain = [
        ("conv_1d", "ow | kw", "ow~kw", "kw", "ow"),
        ("conv_2d", "oh ow | kh kw", "oh~kh ow~kw", "kh kw", "oh ow"),
        ("conv_3d", "od oh ow | kd kh kw", "od~kd oh~kh ow~kw", "kd kh kw", "od oh ow"),
        ("conv_1d_nwc_wcf", "n ow f | kw c", "n ow~kw c", "kw c f", "n ow f"),
        ("conv_1d_ncw_fcw", "n f ow | c kw", "n c ow~kw", "f c kw", "n f ow"),
        ("conv_2d_nhwc_hwcf", "n oh ow f | kh kw c", "n oh~kh ow~kw c", "kh kw c f", "n oh ow f"),
        ("conv_2d_nhwc_fhwc", "n oh ow f | kh kw c", "n oh~kh ow~kw c", "f kh kw c", "n oh ow f"),
        ("conv_2d_nchw_fchw", "n f oh ow | c kh kw", "n c oh~kh ow~kw", "f c kh kw", "n f oh ow"),
        ("conv_2d_ngchw_fgchw", "n g f oh ow | c kh kw", "n g c oh~kh ow~kw", "f g c kh kw", "n g f oh ow"),
        ("conv_2d_ngchw_gfchw", "n g f oh ow | c kh kw", "n g c oh~kh ow~kw", "g f c kh kw", "n g f oh ow"),
        ("conv_2d_nhwgc_gfhwc", "n oh ow g f | kh kw c", "n oh~kh ow~kw g c", "g f kh kw c", "n oh ow g f"),
        ("conv_3d_ndhwc_dhwcf", "n od oh ow f | kd kh kw c", "n od~kd oh~kh ow~kw c", "kd kh kw c f", "n od oh ow f"),
        ("conv_3d_ncdhw_fcdhw", "n f od oh ow | c kd kh kw", "n c od~kd oh~kh ow~kw", "f c kd kh kw", "n f od oh ow"),
        ("depthwise_conv_1d_nwc_wc", "n ow c | kw", "n ow~kw c", "kw c", "n ow c"),
        ("depthwise_conv_1d_ncw_cw", "n ow c | kw", "n c ow~kw", "c kw", "n c ow"),
        ("depthwise_conv_1d_nwc_wcm", "n ow c m | kw", "n ow~kw c", "kw c m", "n ow c m"),
        ("depthwise_conv_2d_nhwc_hwc", "n oh ow c | kh kw", "n oh~kh ow~kw c", "kh kw c", "n oh ow c"),
        ("depthwise_conv_2d_nchw_chw", "n oh ow c | kh kw", "n c oh~kh ow~kw", "c kh kw", "n c oh ow"),
        ("depthwise_conv_2d_nhwc_hwcm", "n oh ow c m | kh kw", "n oh~kh ow~kw c", "kh kw c m", "n oh ow c m"),
        ("depthwise_conv_3d_ndhwc_dhwc", "n od oh ow c | kd kh kw", "n od~kd oh~kh ow~kw c", "kd kh kw c", "n od oh ow c"),
        ("depthwise_conv_3d_ncdhw_cdhw", "n od oh ow c | kd kh kw", "n c od~kd oh~kh ow~kw", "c kd kh kw", "n c od oh ow"),
        ("depthwise_conv_3d_ndhwc_dhwcm", "n od oh ow c m | kd kh kw", "n od~kd oh~kh ow~kw c", "kd kh kw c m", "n od oh ow c m"),
    ]
    with_zero_points = {
        "conv_2d_nhwc_hwcf", "conv_2d_nhwc_fhwc", "conv_2d_nchw_fchw", "conv_2d_ngchw_gfchw", "conv_2d_nhwgc_gfhwc", "conv_3d_ndhwc_dhwcf",
        "depthwise_conv_2d_nhwc_hwc", "depthwise_conv_2d_nhwc_hwcm",
    }  # fmt: skip
    rows = [Row(name, loops, (image, kernel, out), mac) for name, loops, image, kernel, out in plain]
    rows += [
        Row(f"{name}_q", loops, (image, kernel, "()", "()", out), quantized)
        for name, loops, image, kernel, out in plain
        if name in with_zero_points
    ]
    return rows


def _poolings() -> list[Row]:
    layouts = {
        "nhwc": ("n oh ow c | kh kw", "n oh~kh ow~kw c", "kh kw", "n oh ow c"),
        "nchw": ("n c oh ow | kh kw", "n c oh~kh ow~kw", "kh kw", "n c oh ow"),
        "nwc": ("n ow c | kw", "n ow~kw c", "kw", "n ow c"),
        "ncw": ("n c ow | kw", "n c ow~kw", "kw", "n c ow"),
        "ndhwc": ("n od oh ow c | kd kh kw", "n od~kd oh~kh ow~kw c", "kd kh kw", "n od oh ow c"),
    }
    kinds = {
        "sum": ("add", ("nhwc", "nchw", "nwc", "ncw", "ndhwc")),
        "max": ("max_signed", ("nhwc", "nchw", "nwc", "ncw", "ndhwc")),
        "max_unsigned": ("max_unsigned", ("nhwc", "nwc")),
        "min": ("min_signed", ("nhwc", "nwc", "ndhwc")),
        "min_unsigned": ("min_unsigned", ("nhwc", "nwc")),
    }
    return [
        Row(f"pooling_{layout}_{kind}", layouts[layout][0], layouts[layout][1:], bodies.pool(function))
        for kind, (function, of) in kinds.items()
        for layout in of
    ]


ROWS: tuple[Row, ...] = (*_contractions(), *_convolutions(), *_poolings())


@cache
def _row_maps(row: Row, strides: tuple[int, ...], dilations: tuple[int, ...]) -> tuple[AffineMap, ...]:
    loops = row.loops.replace("|", " ").split()
    dims = {name: AffineDimExpr(position) for position, name in enumerate(loops)}
    maps = []
    for operand in row.operands:
        results: list[AffineExpr] = []
        window = 0
        for term in operand.replace("()", "").split():
            position, _, tap = term.partition("~")
            if not tap:
                results.append(dims[position])
                continue
            results.append(_scaled(dims[position], strides[window]) + _scaled(dims[tap], dilations[window]))
            window += 1
        maps.append(AffineMap(len(loops), 0, tuple(results)))
    return tuple(maps)


def _scaled(expression: AffineExpr, factor: int) -> AffineExpr:
    return expression if factor == 1 else expression * AffineConstantExpr(factor)


@cache
def _row_iterators(row: Row) -> tuple[IteratorType, ...]:
    parallel, _, reductions = row.loops.partition("|")
    if "mmt4d" in row.name:  # the inner tiles m0 n0 are parallel, though they stand behind k
        return tuple(REDUCTION if name in ("k", "k0") else PARALLEL for name in row.loops.replace("|", " ").split())
    return (PARALLEL,) * len(parallel.split()) + (REDUCTION,) * len(reductions.split())


class NamedOp(StructuredOp):
    """Base of the ops of the table: text and constructor."""

    PRINTED: ClassVar[tuple[str, ...]] = ("cast", "dilations", "strides")  # properties that stand in the braces

    @classmethod
    def build_body(cls, element_types: Sequence[Attribute], attributes: dict[str, Attribute]) -> BodyBuilder:
        return BodyBuilder(element_types, attributes)

    def __init__(
        self,
        inputs: Sequence[SSAValue | Operation],
        outputs: Sequence[SSAValue | Operation],
        result_types: Sequence[Attribute] | None = None,
        properties: dict[str, Attribute] | None = None,
        attributes: dict[str, Attribute] | None = None,
    ):
        inputs, outputs = [SSAValue.get(value) for value in inputs], [SSAValue.get(value) for value in outputs]
        properties = self.with_defaults(properties or {})
        builder = BodyBuilder([element_of(value.type) for value in (*inputs, *outputs)], properties)
        super().__init__(
            operands=[inputs, outputs],
            result_types=[result_types_of(outputs) if result_types is None else result_types],
            properties=properties,
            attributes=attributes or {},
            regions=[type(self).BODY(builder)],
        )

    BODY: ClassVar[Body]

    @classmethod
    def with_defaults(cls, properties: dict[str, Attribute]) -> dict[str, Attribute]:
        """Fills in what the text leaves out."""
        return properties

    @classmethod
    def default_maps(cls) -> tuple[AffineMap, ...] | None:
        """The maps that are not printed, for ops with `indexing_maps`."""
        return None

    @classmethod
    def parse(cls, parser: Parser) -> NamedOp:
        properties: dict[str, Attribute] = {}
        if cls.default_maps() is not None and parser.parse_optional_keyword("indexing_maps"):
            parser.parse_punctuation("=")
            properties["indexing_maps"] = parser.parse_attribute()
        attributes = dict(parser.parse_optional_attr_dict())
        for name in cls.PRINTED:
            if name in attributes:
                properties[name] = attributes.pop(name)
        inputs, outputs = parse_operands(parser, "ins"), parse_operands(parser, "outs")
        return cls(inputs, outputs, parse_result_types(parser), properties, attributes)

    def print(self, printer: Printer) -> None:
        default = self.default_maps()
        if default is not None and self.maps() != default:
            printer.print_string(" indexing_maps = ")
            printer.print_attribute(self.properties["indexing_maps"])
        shown = {name: self.properties[name] for name in self.PRINTED if name in self.properties} | self.attributes
        if shown:
            printer.print_string(" ")
            printer.print_attr_dict(dict(sorted(shown.items())))
        print_operands(printer, "ins", self.inputs)
        print_operands(printer, "outs", self.outputs)
        print_result_types(printer, self.res)


class TableOp(NamedOp):
    """Base of the contractions, convolutions and poolings."""

    ROW: ClassVar[Row]

    cast = opt_prop_def(Attribute)

    def maps(self) -> tuple[AffineMap, ...]:
        return _row_maps(self.ROW, (), ())

    def iterators(self) -> tuple[IteratorType, ...]:
        return _row_iterators(self.ROW)


class MappedOp(NamedOp):
    """Base of the contractions that may have maps of their own."""

    ROW: ClassVar[Row]

    cast = opt_prop_def(Attribute)
    indexing_maps = opt_prop_def(ArrayAttr[AffineMapAttr])

    @classmethod
    def default_maps(cls) -> tuple[AffineMap, ...]:
        return _row_maps(cls.ROW, (), ())

    @classmethod
    def with_defaults(cls, properties: dict[str, Attribute]) -> dict[str, Attribute]:
        return {"indexing_maps": ArrayAttr(AffineMapAttr(map_) for map_ in cls.default_maps()), **properties}

    def maps(self) -> tuple[AffineMap, ...]:
        maps = self.indexing_maps
        return tuple(map_.data for map_ in maps) if maps is not None else self.default_maps()

    def iterators(self) -> tuple[IteratorType, ...]:
        return _row_iterators(self.ROW)


class WindowedOp(NamedOp):
    """Base of the convolutions and poolings: `strides` and `dilations`."""

    ROW: ClassVar[Row]

    strides = opt_prop_def(DenseIntOrFPElementsAttr)
    dilations = opt_prop_def(DenseIntOrFPElementsAttr)
    cast = opt_prop_def(Attribute)

    @classmethod
    def with_defaults(cls, properties: dict[str, Attribute]) -> dict[str, Attribute]:
        ones = elements.from_numpy(np.ones(cls.ROW.windows, np.int64), TensorType(i64, [cls.ROW.windows]))
        return {"dilations": ones, "strides": ones, **properties}

    def window(self, name: str) -> tuple[int, ...]:
        """The strides or dilations, one for each windowed dimension."""
        attribute = self.properties.get(name)
        if attribute is None:
            return (1,) * self.ROW.windows
        return tuple(int(number) for number in elements.to_numpy(attribute))

    def maps(self) -> tuple[AffineMap, ...]:
        return _row_maps(self.ROW, self.window("strides"), self.window("dilations"))

    def iterators(self) -> tuple[IteratorType, ...]:
        return _row_iterators(self.ROW)


def class_name(name: str) -> str:
    """`conv_2d_nhwc_hwcf` -> `Conv2DNhwcHwcfOp`."""
    words = (word.upper() if re.fullmatch(r"\dd", word) else word.capitalize() for word in name.split("_"))
    return "".join(words) + "Op"


def _define(name: str, base: type[NamedOp], **fields: object) -> type[NamedOp]:
    annotations = dict.fromkeys(fields, ClassVar[object])
    namespace = {"name": f"linalg.{name}", "__module__": __name__, "__annotations__": annotations, **fields}
    return irdl_op_definition(type(class_name(name), (base,), namespace))


def _base_of(row: Row) -> type[NamedOp]:
    return MappedOp if row.maps_may_differ else WindowedOp if row.windows else TableOp


NAMED_OPS: dict[str, type[NamedOp]] = {row.name: _define(row.name, _base_of(row), ROW=row, BODY=staticmethod(row.body)) for row in ROWS}

MatmulOp, BatchMatmulOp = NAMED_OPS["matmul"], NAMED_OPS["batch_matmul"]
MatvecOp, VecmatOp, DotOp, Mmt4DOp = NAMED_OPS["matvec"], NAMED_OPS["vecmat"], NAMED_OPS["dot"], NAMED_OPS["mmt4d"]
