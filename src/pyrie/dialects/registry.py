"""Every dialect Pyrie knows, by namespace, loaded on first use."""

from __future__ import annotations

from importlib import import_module

from xdsl.dialect_interfaces.constant_materialization import ConstantMaterializationInterface
from xdsl.dialects.builtin import Builtin
from xdsl.ir import Attribute, Dialect, Operation, TypedAttribute

from pyrie.ir.context import Context
from pyrie.ir.rewriting import set_materializer

# namespace -> module that defines `DIALECT`
DIALECTS: dict[str, str] = {
    name: f"pyrie.dialects.{name}"
    for name in (
        "affine",
        "arith",
        "cf",
        "check",
        "chlo",
        "flow",
        "func",
        "hal",
        "iree_codegen",
        "iree_cpu",
        "iree_encoding",
        "iree_linalg_ext",
        "iree_tensor_ext",
        "linalg",
        "math",
        "memref",
        "ml_program",
        "scf",
        "stablehlo",
        "stream",
        "tensor",
        "util",
        "vector",
        "vm",
    )
}


def load_dialect(name: str) -> Dialect:
    """Imports the module of the dialect `name` and returns its `DIALECT`."""
    return import_module(DIALECTS[name]).DIALECT


def make_context(*, allow_unregistered: bool = False) -> Context:
    """A context in which every dialect is registered and none but builtin is imported yet."""
    context = Context(allow_unregistered=allow_unregistered)
    context.load_dialect(Builtin)
    for name in DIALECTS:
        context.register_dialect(name, lambda name=name: load_dialect(name))
    return context


def materialize_constant(dialect: str, value: Attribute, type: Attribute) -> Operation | None:
    """The constant op with `value` of `type`: as the dialect of the folded op makes it, else an `arith.constant`."""
    interface = load_dialect(dialect).get_interface(ConstantMaterializationInterface) if dialect in DIALECTS else None
    if interface is not None:
        return interface.materialize_constant(value, type)
    if not isinstance(value, TypedAttribute) or value.get_type() != type:
        return None
    return import_module(DIALECTS["arith"]).ConstantOp(value)


set_materializer(materialize_constant)
