"""Runs functions of a module: blocks, regions, calls, globals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import (
    AnyFloat,
    FunctionType,
    IndexType,
    IntegerType,
    ModuleOp,
    ShapedType,
    StringAttr,
    TensorType,
    UnregisteredOp,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.traits import IsTerminator

from pyrie.ir.diagnostics import location_of
from pyrie.ir.interpreter.registry import ELEMENTWISE, MODULES, Value, elementwise_function, handler
from pyrie.ir.interpreter.values import dtype_of
from pyrie.support.errors import InputError, UnsupportedError

CALL_DEPTH = 64  # recursion in a module ends in an error, not in a Python traceback


class Machine:
    """The state of one module: symbols, globals, and the values of the function being run."""

    def __init__(self, module: ModuleOp, *, precise: bool = False, interface: Any = None):
        self.module = module
        self.interface = interface  # of a kernel: its constants and bindings (see `interpreter.hal.Interface`)
        self.precise = precise
        self.symbols: dict[str, Operation] = {}
        self.globals: dict[str, Value] = {}
        self.values: dict[SSAValue, Value] = {}
        self.depth = 0
        self._scopes: list[dict[str, Operation]] = []
        self.symbols = symbols_of(module)

    # ---- values

    def get(self, value: SSAValue) -> Value:
        """What `value` is now."""
        return self.values[value]

    def set(self, values: Sequence[SSAValue], results: Sequence[Value]) -> None:
        """Gives values their results."""
        for value, result in zip(values, results, strict=True):
            self.values[value] = result

    # ---- running

    def run_op(self, op: Operation) -> None:
        """Evaluates an op that is not a terminator."""
        operands = [self.values[operand] for operand in op.operands]
        general = handler(op.name)
        if general is not None:
            results = general(self, op, operands)
        else:
            results = evaluate_elementwise(op, operands)
        self.set(op.results, results)

    def run_region(self, region: Region, arguments: Sequence[Value] = ()) -> list[Value]:
        """Runs a region from its first block to a terminator that leaves it; what that terminator's operands are."""
        return self.run_to_terminator(region, arguments)[1]

    def run_to_terminator(self, region: Region, arguments: Sequence[Value] = ()) -> tuple[Operation, list[Value]]:
        """As `run_region`, with the terminator itself."""
        block = region.blocks.first
        if block is None:
            raise UnsupportedError("the interpreter met an empty region")
        while True:
            self.set(block.args, arguments)
            last = block.last_op
            for op in block.ops:
                if op is last and (op.successors or op.has_trait(IsTerminator)):
                    break
                self.run_op(op)
            if last is None:
                raise UnsupportedError("the interpreter met a block without a terminator")
            operands = [self.values[operand] for operand in last.operands]
            if not last.successors:
                return last, operands
            block, arguments = self.branch(last, operands)

    def branch(self, terminator: Operation, operands: Sequence[Value]) -> tuple[Block, Sequence[Value]]:
        """Where a branch goes and with which arguments."""
        general = handler(terminator.name)
        if general is None:
            raise unsupported(terminator)
        block, arguments = general(self, terminator, operands)
        return block, arguments

    # ---- symbols

    def lookup(self, name: str, user: Operation) -> Operation:
        """The op that defines symbol `name`, in the module round `user` or the whole module."""
        parent = user.parent_op()
        while parent is not None:
            if isinstance(parent, ModuleOp) and parent is not self.module:
                found = symbols_of(parent).get(name)
                if found is not None:
                    return found
            parent = parent.parent_op()
        if name not in self.symbols:
            raise InputError(f"there is no symbol @{name}", location=location_of(user))
        return self.symbols[name]

    def call(self, function: Operation, arguments: Sequence[Value]) -> list[Value]:
        """Calls a function op with its arguments."""
        region = function.regions[0]
        if not region.blocks:
            raise UnsupportedError(f"@{name_of(function)} has no body", location=location_of(function))
        if self.depth >= CALL_DEPTH:
            raise UnsupportedError(f"@{name_of(function)} calls itself more than {CALL_DEPTH} times deep", location=location_of(function))
        outer, self.values, self.depth = self.values, {}, self.depth + 1
        try:
            return self.run_region(region, arguments)
        finally:
            self.values, self.depth = outer, self.depth - 1


def evaluate_elementwise(op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    """The results of an elementwise op. Raises UnsupportedError for an op that has no meaning here."""
    function = ELEMENTWISE.get(op.name) or elementwise_function(op.name)
    if function is None:
        raise unsupported(op)
    with np.errstate(all="ignore"):
        results = function(op, *operands)
    return results if isinstance(results, tuple) else (results,)


def unsupported(op: Operation) -> UnsupportedError:
    """The error for an op that the interpreter does not know."""
    hint = f"it knows most ops of {', '.join(MODULES)}"
    name = op.op_name.data if isinstance(op, UnregisteredOp) else op.name
    return UnsupportedError(f"the interpreter has no meaning for '{name}'", location=location_of(op), hint=hint)


def name_of(op: Operation) -> str:
    """The symbol an op defines, or the empty string."""
    name = op.properties.get("sym_name") or op.attributes.get("sym_name")
    return name.data if isinstance(name, StringAttr) else ""


def symbols_of(module: Operation) -> dict[str, Operation]:
    """The symbols that the ops directly in `module` define."""
    return {name_of(op): op for op in module.regions[0].block.ops if name_of(op)}


def function_type_of(function: Operation) -> FunctionType | None:
    """The type of a function op of any dialect."""
    type_ = function.properties.get("function_type") or function.attributes.get("function_type")
    return type_ if isinstance(type_, FunctionType) else None


class Interpreter:
    """Calls the functions of a module with numpy arrays.

    Globals keep their values from one call to the next; initializers run before the first. `precise=True` accumulates in float64.
    """

    def __init__(self, module: ModuleOp, *, precise: bool = False):
        self.machine = Machine(module, precise=precise)
        self._initialized = False

    def call(self, name: str, *arguments: Any) -> tuple[np.ndarray, ...]:
        """Calls the function `name`. Raises InputError for arguments that do not fit, UnsupportedError for an op without meaning."""
        function = self.machine.symbols.get(name)
        type_ = function_type_of(function) if function is not None else None
        if function is None or type_ is None:
            names = ", ".join(key for key, op in self.machine.symbols.items() if function_type_of(op))
            raise InputError(f"there is no function @{name}", hint=f"functions: {names}")
        if len(arguments) != len(type_.inputs.data):
            raise InputError(f"@{name} takes {len(type_.inputs.data)} arguments, given {len(arguments)}", location=location_of(function))
        self.initialize()
        values = [
            as_value(argument, wanted, f"argument {i} of @{name}")
            for i, (argument, wanted) in enumerate(zip(arguments, type_.inputs.data, strict=True))
        ]
        return tuple(self.machine.call(function, values))

    def initialize(self) -> None:
        """Gives the globals their initial values, once."""
        if self._initialized:
            return
        self._initialized = True
        for op in self.machine.module.regions[0].block.ops:
            general = handler(op.name) if op.name in ("util.global", "util.initializer", "ml_program.global") else None
            if general is not None:
                general(self.machine, op, ())


def as_value(argument: Any, type_: Attribute, what: str) -> Value:
    """A user's argument as a value of `type_`. Raises InputError."""
    if not isinstance(type_, TensorType | IntegerType | IndexType | AnyFloat):
        return argument if argument is None else np.asarray(argument)
    array = np.asarray(argument)
    shape = type_.get_shape() if isinstance(type_, ShapedType) else ()
    if len(array.shape) != len(shape) or any(a != b for a, b in zip(array.shape, shape, strict=True) if b >= 0):
        raise InputError(f"{what} has shape {array.shape}; {type_} is expected")
    return array.astype(dtype_of(type_), copy=False)
