"""Gives public functions the calling convention of the runtime: buffer views instead of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.builder import Builder
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DictionaryAttr,
    FunctionType,
    IndexType,
    ModuleOp,
    StringAttr,
    TensorType,
    UnitAttr,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from pyrie.dialects import arith, hal, tensor, util
from pyrie.format.reflection import DECLARATION, REFLECTION
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable

STUB = "iree.abi.stub"
NAME, ENCODING = "iree.abi.name", "iree.abi.encoding"


@dataclass(frozen=True)
class WrapEntryPoints(ModulePass):
    """Puts a wrapper round each public function; the inliner then merges the two.

    before:  util.func public @f(%x: tensor<?xf32>) -> tensor<?xf32>
    after:   util.func public @f(%view: !hal.buffer_view) -> !hal.buffer_view attributes {iree.abi.stub, iree.reflection = {...}} {
               %n = hal.buffer_view.dim<%view : !hal.buffer_view>[0] : index
               %x = hal.tensor.import %view "input0" : !hal.buffer_view -> tensor<?xf32>{%n}
               %y = util.call @_f(%x) : (tensor<?xf32>) -> tensor<?xf32>
               %r = hal.tensor.export %y "output0" : tensor<?xf32>{%m} -> !hal.buffer_view

    The reflection holds the declaration as the user wrote it, which runtimes show and bind keyword arguments by. Callers inside of the
    module go on calling the function itself.
    """

    name: ClassVar[str] = "iree-abi-wrap-entry-points"

    def apply(self, context: Context, module: ModuleOp) -> None:
        symbols = SymbolTable(module)
        for op in list(module.ops):
            if isinstance(op, util.FuncOp) and op.is_public and op.body.blocks and STUB not in op.attributes:
                wrap(module, op, symbols)


def wrap(module: ModuleOp, function: util.FuncOp, symbols: SymbolTable) -> None:
    name = function.sym_name.data
    inner_name = f"_{name}"
    while symbols.lookup(inner_name) is not None:
        inner_name = f"_{inner_name}"
    wrapper = make_wrapper(function, inner_name)
    block = function.parent
    assert block is not None
    block.insert_op_before(wrapper, function)
    for op in module.walk():
        if isinstance(op, util.CallOp) and op.callee.root_reference.data == name and op.parent_op() is not wrapper:
            op.properties["callee"] = type(op.callee)(inner_name)
    function.properties["sym_name"] = StringAttr(inner_name)
    function.properties["sym_visibility"] = StringAttr("private")
    for key in [key for key in function.attributes if key.startswith("iree.")]:
        del function.attributes[key]
    for key in ("arg_attrs", "res_attrs"):
        function.properties.pop(key, None)


def make_wrapper(function: util.FuncOp, callee: str) -> util.FuncOp:
    inputs, outputs = function.function_type.inputs.data, function.function_type.outputs.data
    arguments, results = entries(function, "arg_attrs", "input", inputs), entries(function, "res_attrs", "output", outputs)
    block = Block(arg_types=[boundary_type(entry.type) for entry in arguments])
    builder = LocatedBuilder(function, block)
    values = [builder.imported(value, entry) for value, entry in zip(block.args, arguments, strict=True)]
    call = builder.insert(util.CallOp(callee, values, outputs))
    views = [builder.exported(value, entry) for value, entry in zip(call.results, results, strict=True)]
    builder.insert(util.ReturnOp(*views))

    kind = FunctionType.from_lists([value.type for value in block.args], [value.type for value in views])
    attributes: dict[str, Attribute] = {STUB: UnitAttr(), REFLECTION: reflection(function, arguments, results)}
    kept = {key: value for key, value in function.attributes.items() if not key.startswith("iree.")}
    wrapper = util.FuncOp(function.sym_name.data, kind, Region(block), visibility="public", attributes=kept | attributes)
    wrapper.location = function.location
    for key, list_ in (("arg_attrs", arguments), ("res_attrs", results)):
        if any(NAME in entry.attributes for entry in list_):
            named = ({NAME: entry.attributes[NAME]} if NAME in entry.attributes else {} for entry in list_)
            wrapper.properties[key] = ArrayAttr(DictionaryAttr(names) for names in named)
    return wrapper


@dataclass(frozen=True)
class Entry:
    """An argument or result: its name, its type, and the attributes the front end gave it."""

    name: str
    type: Attribute
    attributes: dict[str, Attribute]

    @property
    def text(self) -> str:
        shown = ", ".join(f"{key} = {value}" for key, value in self.attributes.items() if key != NAME)
        return f"%{self.name}: {self.type}" + (f" {{{shown}}}" if shown else "")


def entries(function: util.FuncOp, key: str, word: str, types: Sequence[Attribute]) -> list[Entry]:
    given = function.properties.get(key)
    dictionaries = [dict(d.data) for d in given] if isinstance(given, ArrayAttr) else [{}] * len(types)  # pyright: ignore
    result = []
    for i, (type, attributes) in enumerate(zip(types, dictionaries, strict=True)):
        name = attributes.get(NAME)
        result.append(Entry(name.data if isinstance(name, StringAttr) else f"{word}{i}", type, attributes))
    return result


def boundary_type(type: Attribute) -> Attribute:
    """What the runtime passes for a value of this type."""
    return hal.BufferViewType() if isinstance(type, TensorType) else type


def reflection(function: util.FuncOp, arguments: Sequence[Entry], results: Sequence[Entry]) -> DictionaryAttr:
    given = function.attributes.get(REFLECTION)
    attributes: dict[str, Attribute] = dict(given.data) if isinstance(given, DictionaryAttr) else {}
    if (abi := function.attributes.get("iree.abi")) is not None:
        attributes["iree.abi"] = abi
    signature = f"({', '.join(e.text for e in arguments)}) -> ({', '.join(e.text for e in results)})"
    declaration = StringAttr(f"sync func @{function.sym_name.data}{signature}")
    attributes[DECLARATION] = function.attributes.get(DECLARATION, declaration)
    return DictionaryAttr(attributes)


class LocatedBuilder(Builder):
    """Builds the wrapper's body at the location of the function."""

    def __init__(self, function: Operation, block: Block):
        super().__init__(InsertPoint.at_end(block))
        self.location = function.location

    def __call__(self, op: Operation) -> SSAValue:
        op.location = self.location
        return self.insert(op).results[0]

    def imported(self, value: SSAValue, entry: Entry) -> SSAValue:
        """The tensor in a buffer view, whose dynamic sizes are those of the view; other values as they are."""
        if not isinstance(entry.type, TensorType):
            return value
        dims = [self(hal.BufferViewDimOp(value, axis)) for axis in dynamic_axes(entry.type)]
        return self(hal.TensorImportOp(value, entry.type, dims, name=entry.name, encoding=entry.attributes.get(ENCODING)))

    def exported(self, value: SSAValue, entry: Entry) -> SSAValue:
        if not isinstance(entry.type, TensorType):
            return value
        dims = [
            self(tensor.DimOp(value, self(arith.ConstantOp.from_int_and_width(axis, IndexType())))) for axis in dynamic_axes(entry.type)
        ]
        encoding = entry.attributes.get(ENCODING)
        return self(hal.TensorExportOp(value, hal.BufferViewType(), dims, name=entry.name, encoding=encoding))


def dynamic_axes(type: TensorType) -> list[int]:
    return [axis for axis, size in enumerate(type.get_shape()) if size == DYNAMIC_INDEX]
