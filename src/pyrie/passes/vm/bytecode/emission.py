"""A `vm.module` to the bytes of a `.vmfb`: the last step of a compile.

Ordinals follow the order of the text, so equal text gives equal bytes. Symbols keep no names but those of exports and imports; there is no
debug database.
"""

from __future__ import annotations

from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, SymbolRefAttr, TupleType
from xdsl.ir import Attribute, Operation

from pyrie.dialects import vm
from pyrie.format.module import Attributes, CallingConvention, Dependency, Export, Import, Module, Segment, Signature, Span
from pyrie.format.opcodes import NO_FEATURE, Bank
from pyrie.format.reflection import REFLECTION
from pyrie.format.writer import write_module
from pyrie.ir.diagnostics import location_of
from pyrie.passes.vm.bytecode.expand_pseudo_ops import expand_pseudo_ops
from pyrie.passes.vm.bytecode.functions import encode_function
from pyrie.passes.vm.bytecode.registers import bank_of
from pyrie.passes.vm.bytecode.rodata import serialize
from pyrie.passes.vm.bytecode.symbols import Symbols
from pyrie.support.errors import CompileError, PyrieError

EMBEDDED_BYTES = 4096  # rodata below this lies among the tables, unless it is a file of its own kind (it has a mime type)
_DEFAULT_ALIGNMENT = 16


def emit_module(op: Operation) -> bytes:
    """The `.vmfb` of a `vm.module`, or of the only one inside a `builtin.module`. Raises CompileError, located at the op."""
    return write_module(build_module(find_module(op)))


def find_module(op: Operation) -> vm.ModuleOp:
    """`op` itself, or the only `vm.module` in it. Raises CompileError."""
    if isinstance(op, vm.ModuleOp):
        return op
    found = [o for o in op.body.block.ops if isinstance(o, vm.ModuleOp)] if isinstance(op, ModuleOp) else []
    if len(found) != 1:
        raise CompileError(f"expected one vm.module to make bytecode of, found {len(found)}", hint="the vm phase makes it")
    return found[0]


def build_module(module: vm.ModuleOp) -> Module:
    """The tables and bytecode of a `vm.module`, whose pseudo ops are expanded in place."""
    expand_pseudo_ops(module)
    symbols = Symbols(module)
    for op in module.body.block.ops:
        if not isinstance(op, vm.FuncOp | vm.ImportOp | vm.ExportOp | vm.RodataOp | vm.GlobalOp):
            raise CompileError(f"'{op.name}' cannot be part of a module file", location=location_of(op))
        if isinstance(op, vm.GlobalOp) and op.initial is not None and _value(op.initial) != 0:
            raise CompileError(f"vm.global @{op.symbol} has an initial value", location=location_of(op), hint="store it in @__init")
    functions = tuple(encode_function(f, _signature(f), symbols) for f in symbols.functions)
    requirements = NO_FEATURE
    for function in functions:
        requirements |= function.requirements
    return Module(
        name=module.sym_name.data or "module",
        version=_integer(module.version),
        requirements=requirements,
        attributes=_reflection(module),
        types=symbols.types,
        dependencies=_dependencies(symbols.imports),
        imports=tuple(Import(i.sym_name.data, Signature(_import_convention(i)), i.is_optional is not None) for i in symbols.imports),
        exports=tuple(Export(e.export_name.data, _function(symbols, e)) for e in symbols.exports),
        functions=functions,
        rodata=tuple(_segment(r) for r in symbols.rodata),
        global_bytes=symbols.global_bytes,
        global_refs=symbols.global_refs,
    )


def _function(symbols: Symbols, export: vm.ExportOp) -> int:
    name = export.function_ref.string_value()
    found = [i for i, f in enumerate(symbols.functions) if f.sym_name.data == name]
    if not found:
        raise CompileError(f"vm.export @{name} names no vm.func", location=location_of(export))
    return found[0]


def _signature(func: vm.FuncOp) -> Signature:
    inputs, outputs = func.function_type.inputs, func.function_type.outputs
    convention = CallingConvention(tuple(bank_of(t) for t in inputs), tuple(bank_of(t) for t in outputs))
    return Signature(str(convention), _reflection(func))


def _import_convention(op: vm.ImportOp) -> str:
    def argument(index: int, type: Attribute) -> Bank | Span:
        if not op.is_variadic(index):
            return bank_of(type)
        return Span(tuple(bank_of(t) for t in (type.types if isinstance(type, TupleType) else (type,))))

    arguments = tuple(argument(i, t) for i, t in enumerate(op.function_type.inputs))
    return str(CallingConvention(arguments, tuple(bank_of(t) for t in op.function_type.outputs)))


def _dependencies(imports: list[vm.ImportOp]) -> tuple[Dependency, ...]:
    """The modules that imports name, required at the highest version that a required import of theirs asks for."""
    found: dict[str, Dependency] = {}
    for op in imports:
        name, dot, _ = op.sym_name.data.partition(".")
        if not dot:
            raise CompileError(f"vm.import @{name} does not say of which module", location=location_of(op), hint="write @module.function")
        known = found.get(name, Dependency(name, 0, is_optional=True))
        if op.is_optional is None:
            known = Dependency(name, max(known.minimum_version, _integer(op.minimum_version)), is_optional=False)
        found[name] = known
    return tuple(found[name] for name in sorted(found, reverse=True))


def _segment(op: vm.RodataOp) -> Segment:
    try:
        data = serialize(op.value)
    except PyrieError as error:
        error.location = error.location or location_of(op)
        raise
    external = op.mime_type is not None or len(data) >= EMBEDDED_BYTES
    return Segment(data, external, _integer(op.alignment) or _DEFAULT_ALIGNMENT)


def _reflection(op: vm.FuncOp | vm.ModuleOp) -> Attributes:
    """`iree.reflection` as pairs of strings, sorted as MLIR sorts dictionaries."""
    reflection = op.attributes.get(REFLECTION)
    if not isinstance(reflection, DictionaryAttr):
        return ()
    return tuple((key, str(_value(value))) for key, value in sorted(reflection.data.items()))


def _value(attribute: Attribute) -> object:
    match attribute:
        case StringAttr():
            return attribute.data
        case IntegerAttr():
            return attribute.value.data
        case SymbolRefAttr():
            return attribute.string_value()
        case _:
            value = getattr(attribute, "value", None)
            return getattr(value, "data", attribute)


def _integer(attribute: IntegerAttr | None) -> int:
    return attribute.value.data if attribute else 0
