"""Walks an ONNX graph in order and builds the entry function `@main`."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, ValueInfoProto
from onnx.inliner import inline_selected_functions
from xdsl.dialects.builtin import DYNAMIC_INDEX, ArrayAttr, DictionaryAttr, FunctionType, ModuleOp, StringAttr, TensorType
from xdsl.ir import Attribute, Block, Region

from pyrie.dialects import func
from pyrie.dialects.registry import make_context
from pyrie.importers.onnx import folding, loading
from pyrie.importers.onnx.builder import Builder
from pyrie.importers.onnx.registry import Handler, find, supported
from pyrie.importers.onnx.values import Dim, Size, Value, constant
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import verify
from pyrie.ir.elements import element_type
from pyrie.ir.locations import named
from pyrie.support import limits
from pyrie.support.errors import InputError, PyrieError, UnsupportedError

ENTRY = "main"


def import_onnx(source: loading.Source, context: Context | None = None) -> ModuleOp:
    """The model as a module of StableHLO with the entry `@main`: inputs in graph order without initialisers, results in graph order.

    Symbolic dimensions are read from the inputs at run time; equal symbols must be equal sizes. Raises InputError for damaged
    models and UnsupportedError, naming the node, for operators and attributes that are not there yet.
    """
    model, name, folder = loading.load_model(source)
    importer = GraphImporter(inlined(model, name), name, folder)
    module = importer.run()
    (context or make_context()).get_optional_op("stablehlo.add")  # the dialects of the result are loaded
    try:
        verify(module)
    except PyrieError as error:
        raise InputError(
            f"does not make sense: {error.message}", location=f"{name}: {error.location}" if error.location else name
        ) from error
    return module


def inlined(model: ModelProto, name: str) -> ModelProto:
    """The model with its own functions inlined, and those operators that have no row here but a definition in simpler operators.

    Definitions that cannot be inlined, for lack of types, are left; their operators are refused later by name.
    """
    local = {(f.domain, f.name) for f in model.functions}
    versions = opset_versions(model)
    missing = [node for node in model.graph.node if find(node.domain, node.op_type, versions.get(node.domain, 0)) is None]
    defined = {(node.domain, node.op_type) for node in missing if definition(node, versions.get(node.domain, 0)) is not None}
    if defined - local:
        with suppress(Exception):  # the inliner says what it does not like in many ways
            return inline_selected_functions(with_defaults(model, versions), sorted(local | defined), inline_schema_functions=True)
    if not local:
        return model
    try:
        return inline_selected_functions(model, sorted(local))
    except Exception as error:
        raise InputError(f"has functions that cannot be inlined: {error}", location=name) from error


def definition(node: NodeProto, version: int) -> Any:
    """The schema of an operator that it spells out in other operators, or None."""
    try:
        schema: Any = onnx.defs.get_schema(node.op_type, version, node.domain)
    except onnx.defs.SchemaError:
        return None
    return schema if schema.has_function or schema.has_context_dependent_function else None


def with_defaults(model: ModelProto, versions: dict[str, int]) -> ModelProto:
    """A copy in which operators with a definition have all their attributes: the inliner takes absent ones for unset."""
    filled = ModelProto()
    filled.CopyFrom(model)
    for node in filled.graph.node:
        schema = definition(node, versions.get(node.domain, 0))
        given = {a.name for a in node.attribute}
        for attribute_name, attribute in sorted(schema.attributes.items()) if schema is not None else ():
            if attribute_name not in given and attribute.default_value.type != AttributeProto.UNDEFINED:
                node.attribute.append(attribute.default_value)
    return filled


@dataclass(frozen=True)
class UnsupportedNode:
    """A node that cannot be imported, and why."""

    node: str
    operator: str
    version: int
    reason: str

    def __str__(self) -> str:
        return f"node '{self.node}' ({self.operator}, opset {self.version}): {self.reason}"


def unsupported_nodes(source: loading.Source) -> list[UnsupportedNode]:
    """Every node whose operator, version or attributes are not supported, without importing anything. Raises InputError."""
    model, name, _ = loading.load_model(source)
    model = inlined(model, name)
    versions = opset_versions(model)
    found = []
    for node in model.graph.node:
        version = versions.get(node.domain, 0)
        if (reason := why_unsupported(node, version)) is not None:
            found.append(UnsupportedNode(node_name(node), operator_name(node), version, reason))
    return found


def why_unsupported(node: NodeProto, version: int) -> str | None:
    handler = find(node.domain, node.op_type, version)
    if handler is None:
        return "the operator is not supported" + _oldest(node)
    unknown = sorted({a.name for a in node.attribute} - handler.attributes)
    if unknown:
        return f"attribute{'s' if len(unknown) > 1 else ''} {', '.join(unknown)} not supported"
    return None


def _oldest(node: NodeProto) -> str:
    domain = "" if node.domain == "ai.onnx" else node.domain
    for known_domain, name, since in supported():
        if (known_domain, name) == (domain, node.op_type):
            return f" before opset {since}"
    return ""


def operator_name(node: NodeProto) -> str:
    return f"{node.domain}.{node.op_type}" if node.domain else node.op_type


def node_name(node: NodeProto) -> str:
    """What the user calls the node: its name, else that of its first output."""
    return node.name or next((o for o in node.output if o), node.op_type)


def opset_versions(model: ModelProto) -> dict[str, int]:
    versions = {entry.domain: entry.version for entry in model.opset_import}
    if "ai.onnx" in versions:
        versions.setdefault("", versions["ai.onnx"])
    return versions


class GraphImporter:
    """Imports one model. `values` holds what each tensor name of the graph is so far."""

    def __init__(self, model: ModelProto, name: str, folder: Path | None):
        self.model, self.name, self.folder = model, name, folder
        self.versions = opset_versions(model)
        self.block = Block()
        self.builder = Builder(self.block)
        self.values: dict[str, Value] = {}
        self.symbols: dict[str, Dim] = {}
        newest = onnx.defs.onnx_opset_version()
        if self.versions.get("", 1) > newest:
            raise UnsupportedError(f"opset {self.versions['']} is newer than {newest}, the newest known", location=name)

    def run(self) -> ModuleOp:
        graph = self.model.graph
        if graph.sparse_initializer:
            raise UnsupportedError("sparse initialisers are not supported", location=self.name, hint="supported: dense ones")
        initialized = set()
        for tensor in graph.initializer:
            initialized.add(tensor.name)
            self.values[tensor.name] = constant(loading.tensor_array(tensor, self.name, self.folder))
        inputs = [info for info in graph.input if info.name not in initialized]
        for info in inputs:
            self.add_input(info)
        self.read_symbols(inputs)
        for node in graph.node:
            self.import_node(node)
        return self.finish(graph, inputs)

    # ---- inputs and outputs ----

    def add_input(self, info: ValueInfoProto) -> None:
        """A new argument of the entry; its dynamic sizes are read when all arguments are there."""
        what = f"{self.name}: input '{info.name}'"
        if info.type.WhichOneof("value") != "tensor_type":
            raise UnsupportedError("is not a tensor", location=what, hint="supported: tensors of numbers and booleans")
        kind = info.type.tensor_type
        if not kind.HasField("shape"):
            raise UnsupportedError("has no shape", location=what, hint="give each input its rank; unknown sizes may be symbols")
        try:
            element = element_type(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type))
        except (KeyError, PyrieError) as error:
            raise UnsupportedError(f"has the element type {kind.elem_type}, which is not supported", location=what) from error
        sizes = []
        for dim in kind.shape.dim:
            static = dim.WhichOneof("value") == "dim_value"
            if static and dim.dim_value < 0:
                raise InputError(f"has the size {dim.dim_value}", location=what)
            sizes.append(dim.dim_value if static else -1)
        if len(sizes) > limits.MAX_TENSOR_RANK or info.name in self.values:
            raise InputError("is declared twice or has too many dimensions", location=what)
        shape = [n if n >= 0 else DYNAMIC_INDEX for n in sizes]
        argument = self.block.insert_arg(TensorType(element, shape), len(self.block.args))
        argument.location = named(info.name)
        self.values[info.name] = Value(element, tuple(sizes), ssa=argument, name=info.name)

    def read_symbols(self, inputs: Iterable[ValueInfoProto]) -> None:
        """Reads each symbolic size once, from the first argument that has it; the others must agree."""
        first: dict[str, str] = {}
        for info in inputs:
            value = self.values[info.name]
            assert value.ssa is not None
            sizes: list[Size] = list(value.sizes)
            for axis, dim in enumerate(info.type.tensor_type.shape.dim):
                if dim.WhichOneof("value") == "dim_value":
                    continue
                symbol = dim.dim_param
                self.builder.location = named(info.name)
                size = self.symbols.get(symbol) if symbol else None
                if size is None:
                    size = self.builder.dim(value.ssa, axis)
                    if symbol:
                        self.symbols[symbol] = size
                        first[symbol] = f"dimension {axis} of '{info.name}'"
                elif symbol in first:
                    self.builder.location = named(symbol)
                    words = f"'{symbol}' is the size of dimension {axis} of '{info.name}' and of {first[symbol]}: they must be equal"
                    self.builder.require_equal(self.builder.dim(value.ssa, axis), size, words)
                sizes[axis] = size
            value.sizes = tuple(sizes)

    def finish(self, graph: GraphProto, inputs: list[ValueInfoProto]) -> ModuleOp:
        results = []
        for info in graph.output:
            value = self.lookup(info.name, f"{self.name}: output '{info.name}'")
            self.builder.location = named(info.name)
            results.append(self.builder.ssa(value))
        if not results:
            raise InputError("has no outputs", location=self.name)
        self.block.add_op(func.ReturnOp(*results))
        kind = FunctionType.from_lists([a.type for a in self.block.args], [r.type for r in results])
        entry = func.FuncOp(ENTRY, kind, Region(self.block))
        entry.location = named(graph.name or ENTRY)
        entry.properties["arg_attrs"] = abi_names(info.name for info in inputs)
        entry.properties["res_attrs"] = abi_names(info.name for info in graph.output)
        return ModuleOp([entry])

    def lookup(self, name: str, what: str) -> Value:
        if name not in self.values:
            raise InputError(f"tensor '{name}' is used before any node or input makes it", location=what)
        return self.values[name]

    # ---- nodes ----

    def import_node(self, node: NodeProto) -> None:
        version = self.versions.get(node.domain, 0)
        what = f"{self.name}: node '{node_name(node)}' ({operator_name(node)}, opset {version})"
        inputs: list[Value | None] = [self.lookup(name, what) if name else None for name in node.input]
        while inputs and inputs[-1] is None:
            inputs.pop()
        try:
            handler = self.handler(node, version, inputs)
            self.builder.location, self.builder.version = named(node_name(node)), version
            attributes = {a.name: self.attribute(a) for a in node.attribute}
            result = folding.fold(node.op_type, inputs, attributes) if node.domain in ("", "ai.onnx") else None
            if result is None:
                result = handler.build(self.builder, *inputs, **attributes)
        except PyrieError as error:
            error.location = error.location or what
            error.details += tuple(f"input {i}: {v.describe()}" for i, v in enumerate(inputs) if v is not None)
            raise
        except Exception as error:  # a damaged attribute or shape, which no handler foresaw
            raise InputError(f"does not make sense: {type(error).__name__}: {error}", location=what) from error
        results = [result] if isinstance(result, Value) else list(result)
        for name, value in zip(node.output, results, strict=False):
            if name:
                self.values[name] = value
        missing = [name for name in node.output[len(results) :] if name]
        if missing:
            raise UnsupportedError(f"its output '{missing[0]}' is not supported", location=what)

    def handler(self, node: NodeProto, version: int, inputs: list[Value | None]) -> Handler:
        if (reason := why_unsupported(node, version)) is not None:
            raise UnsupportedError(reason, hint=f"`pyrie report {self.name}` lists every such node")
        handler = find(node.domain, node.op_type, version)
        assert handler is not None
        if len(inputs) < handler.required or (handler.inputs >= 0 and len(inputs) > handler.inputs):
            raise InputError(f"has {len(inputs)} input(s), expected {handler.required} to {handler.inputs}")
        if any(v is None for v in inputs[: handler.required]):
            raise InputError("lacks one of its inputs")
        return handler

    def attribute(self, attribute: AttributeProto) -> Any:
        """An attribute as Python data: numbers, strings, lists of them, arrays."""
        match attribute.type:
            case AttributeProto.FLOAT:
                return attribute.f
            case AttributeProto.INT:
                return attribute.i
            case AttributeProto.STRING:
                return attribute.s.decode()
            case AttributeProto.FLOATS:
                return list(attribute.floats)
            case AttributeProto.INTS:
                return list(attribute.ints)
            case AttributeProto.STRINGS:
                return [s.decode() for s in attribute.strings]
            case AttributeProto.TENSOR:
                return loading.tensor_array(attribute.t, self.name, self.folder)
            case _:
                raise UnsupportedError(
                    f"attribute '{attribute.name}' holds something that is not supported", hint="supported: numbers, strings, tensors"
                )


def abi_names(names: Iterable[str]) -> ArrayAttr[Attribute]:
    """What runtimes call arguments or results."""
    return ArrayAttr(DictionaryAttr({"iree.abi.name": StringAttr(name)}) for name in names)
