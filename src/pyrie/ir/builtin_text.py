"""The text of builtin attributes and types, one function each; `FORMATTERS` says which prints what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.dialects.builtin import (
    AffineMapAttr,
    AffineSetAttr,
    ArrayAttr,
    CallSiteLoc,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    DictionaryAttr,
    FileLineColLoc,
    FloatAttr,
    FunctionType,
    FusedLoc,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    NameLoc,
    NoneAttr,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    UnknownLoc,
    VectorType,
    f64,
)
from xdsl.ir import Attribute

from pyrie.ir.affine import format_map, format_set
from pyrie.ir.elements import is_splat, to_numpy
from pyrie.ir.literals import format_element, format_elements, format_float, format_key, format_string
from pyrie.ir.resources import ResourceAttr

if TYPE_CHECKING:
    from pyrie.ir.printer import Printer

HEX_ABOVE = 100  # elements of a dense constant that are still written out
LOCATIONS = (UnknownLoc, FileLineColLoc, NameLoc, FusedLoc, CallSiteLoc)


def integer_text(attribute: IntegerAttr) -> str:
    value, type_ = attribute.value.data, attribute.type
    if isinstance(type_, IntegerType):
        width = type_.width.data
        if width == 1 and type_.signedness.data.name == "SIGNLESS":
            return "true" if value else "false"
        if type_.signedness.data.name == "UNSIGNED":
            return str(value % (1 << width))
        if value >= 1 << (width - 1):
            return str(value - (1 << width))
    return str(value)


def _print_integer(printer: Printer, attribute: IntegerAttr) -> None:
    text = integer_text(attribute)
    printer.print_string(text)
    if text not in ("true", "false"):
        printer.print_string(" : ")
        printer.print_attribute(attribute.type)


def _print_float(printer: Printer, attribute: FloatAttr) -> None:
    printer.print_string(f"{format_float(attribute.value.data, attribute.type)} : ")
    printer.print_attribute(attribute.type)


def _print_array(printer: Printer, attribute: ArrayAttr) -> None:
    printer.print_string("[")
    for index, element in enumerate(attribute.data):
        if index:
            printer.print_string(", ")
        if type(element) is IntegerAttr and _is_i64(element.type):  # i64 and f64 go without saying inside of an array
            printer.print_string(integer_text(element))
        elif type(element) is FloatAttr and element.type == f64 and not (text := format_float(element.value.data, f64)).startswith("0x"):
            printer.print_string(text)
        else:
            printer.print_attribute(element)
    printer.print_string("]")


def _is_i64(type_: Attribute) -> bool:
    return isinstance(type_, IntegerType) and type_.width.data == 64 and type_.signedness.data.name == "SIGNLESS"


def _print_dictionary(printer: Printer, attribute: DictionaryAttr) -> None:
    printer.print_attr_dict(attribute.data)


def _print_symbol(printer: Printer, attribute: SymbolRefAttr) -> None:
    parts = [attribute.root_reference.data, *(reference.data for reference in attribute.nested_references)]
    printer.print_string("::".join(f"@{format_key(part)}" for part in parts))


def _print_dense_array(printer: Printer, attribute: DenseArrayBase) -> None:
    element = attribute.elt_type
    values = ", ".join(format_element(value, element) for value in np.asarray(to_numpy(attribute)))
    printer.print_string(f"array<{element}: {values}>" if values else f"array<{element}>")


def dense_text(attribute: DenseIntOrFPElementsAttr) -> str:
    element = attribute.get_element_type()
    values = to_numpy(attribute)
    if values.size == 0:
        return "dense<>"
    if is_splat(attribute):
        return f"dense<{format_element(values.flat[0], element)}>"
    if values.size <= HEX_ABOVE:
        return f"dense<{format_elements(values, element)}>"
    if isinstance(element, IntegerType) and element.width.data < 8:
        values = values.astype(np.uint8) & ((1 << element.width.data) - 1)
        return f'dense<"0x{values.astype(np.uint8).tobytes().hex().upper()}">'
    return f'dense<"0x{attribute.data.data.hex().upper()}">'


def _print_dense(printer: Printer, attribute: DenseIntOrFPElementsAttr) -> None:
    printer.print_string(dense_text(attribute) + " : ")
    printer.print_attribute(attribute.type)


def _print_resource(printer: Printer, attribute: ResourceAttr) -> None:
    printer.print_resource(attribute)
    printer.print_string(" : ")
    printer.print_attribute(attribute.type)


def _dimensions(shape: Sequence[int]) -> str:
    return "".join("?x" if size < 0 else f"{size}x" for size in shape)


def _print_tensor(printer: Printer, attribute: TensorType) -> None:
    printer.print_string("tensor<" + _dimensions(attribute.get_shape()))
    printer.print_attribute(attribute.element_type)
    if not isinstance(attribute.encoding, NoneAttr):
        printer.print_string(", ")
        printer.print_attribute(attribute.encoding)
    printer.print_string(">")


def _print_memref(printer: Printer, attribute: MemRefType) -> None:
    printer.print_string("memref<" + _dimensions(attribute.get_shape()))
    printer.print_attribute(attribute.element_type)
    layout = attribute.layout
    identity = isinstance(layout, NoneAttr) or (
        isinstance(layout, AffineMapAttr) and layout.data == layout.data.identity(layout.data.num_dims)
    )
    if not identity:
        printer.print_string(", ")
        printer.print_attribute(layout)
    if not isinstance(attribute.memory_space, NoneAttr):
        printer.print_string(", ")
        printer.print_attribute(attribute.memory_space)
    printer.print_string(">")


def _print_vector(printer: Printer, attribute: VectorType) -> None:
    scalable = attribute.get_scalable_dims()
    dims = "".join(f"[{size}]x" if is_scalable else f"{size}x" for size, is_scalable in zip(attribute.get_shape(), scalable, strict=True))
    printer.print_string("vector<" + dims)
    printer.print_attribute(attribute.element_type)
    printer.print_string(">")


def _print_function_type(printer: Printer, attribute: FunctionType) -> None:
    printer.print_function_type(attribute.inputs.data, attribute.outputs.data)


def _print_name_location(printer: Printer, attribute: NameLoc) -> None:
    printer.print_string(format_string(attribute.desc.data))
    if not isinstance(attribute.location, NoneAttr | UnknownLoc):
        printer.print_string("(")
        printer.print_attribute(attribute.location)
        printer.print_string(")")


def _print_fused_location(printer: Printer, attribute: FusedLoc) -> None:
    printer.print_string("fused")
    if not isinstance(attribute.metadata, NoneAttr):
        printer.print_string("<")
        printer.print_attribute(attribute.metadata)
        printer.print_string(">")
    printer.print_string("[")
    printer.print_list(attribute.locations, printer.print_attribute)  # pyright: ignore[reportArgumentType]
    printer.print_string("]")


def _print_callsite(printer: Printer, attribute: CallSiteLoc) -> None:
    printer.print_string("callsite(")
    printer.print_attribute(attribute.callee)
    printer.print_string(" at ")
    printer.print_attribute(attribute.caller)
    printer.print_string(")")


FORMATTERS: dict[type, Callable[[Printer, Any], None]] = {
    IntegerAttr: _print_integer,
    FloatAttr: _print_float,
    ArrayAttr: _print_array,
    DictionaryAttr: _print_dictionary,
    SymbolRefAttr: _print_symbol,
    StringAttr: lambda printer, attribute: printer.print_string(format_string(attribute.data)),
    DenseArrayBase: _print_dense_array,
    DenseIntOrFPElementsAttr: _print_dense,
    ResourceAttr: _print_resource,
    TensorType: _print_tensor,
    MemRefType: _print_memref,
    VectorType: _print_vector,
    FunctionType: _print_function_type,
    IndexType: lambda printer, attribute: printer.print_string("index"),
    AffineMapAttr: lambda printer, attribute: printer.print_string(f"affine_map<{format_map(attribute.data)}>"),
    AffineSetAttr: lambda printer, attribute: printer.print_string(f"affine_set<{format_set(attribute.data)}>"),
    UnknownLoc: lambda printer, attribute: printer.print_string("unknown"),
    FileLineColLoc: lambda printer, a: printer.print_string(f"{format_string(a.filename.data)}:{a.line.data}:{a.column.data}"),
    NameLoc: _print_name_location,
    FusedLoc: _print_fused_location,
    CallSiteLoc: _print_callsite,
}
