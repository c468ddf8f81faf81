"""Programs: compiled modules that are called like functions."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

from pyrie.runtime.arrays import ArgumentConverter, arrays_from
from pyrie.runtime.context import Context, Module
from pyrie.runtime.hal.device import Device, get_device
from pyrie.runtime.hal.semaphore import Fence
from pyrie.runtime.memo import MemoStats
from pyrie.runtime.plan.cache import CallPlans
from pyrie.runtime.plan.call_plan import MISS
from pyrie.runtime.signature import FunctionSignature, Parameter
from pyrie.support.errors import DeviceError, InputError, PyrieError, UnsupportedError

ENTRY = "main"
Source = str | Path | bytes | bytearray | memoryview


class Function:
    """One exported function. Takes numpy arrays, DLPack tensors and numbers, by position or by name; gives numpy arrays.

    One result is returned bare, several as a tuple, none as None. Arguments are never written; results own their memory and outlive
    the program. Raises InputError for arguments that do not fit, DeviceError for what fails while running.
    """

    __slots__ = ("__name__", "_converters", "_function", "_names", "context", "plans", "signature")

    def __init__(self, context: Context, name: str):
        signature = context.signature(name)
        self.context, self.__name__, self.signature = context, name, signature
        self._function: Callable[..., Any] = context.function(name)
        self._names: tuple[str, ...] = tuple(p.name for p in signature.parameters) if signature else ()
        self.plans = CallPlans(context, name, signature)
        self._converters = [self._converter(p) for p in signature.parameters] if signature else None

    def __del__(self) -> None:
        if hasattr(self, "plans"):
            self.plans.forget()

    def __repr__(self) -> str:
        return f"<pyrie function {self.signature or self.__name__}>"

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        try:
            if self._converters is None:
                return _unwrap(self.context.call(self.__name__, *arguments, **named))
            if named or len(arguments) != len(self._converters):
                arguments = self._positional(arguments, named)
            results = self.plans.call(arguments)
            if results is MISS:
                results = self._call(arguments)
                self.plans.learn(arguments)
            return results
        except PyrieError as error:
            error.location = error.location or self.__name__
            if isinstance(error, DeviceError) and not error.details:
                error.details = tuple(_described(name, value) for name, value in zip(self._names, arguments, strict=False))
            raise

    def _call(self, arguments: tuple[Any, ...]) -> Any:
        """The general way: through the module's own function."""
        assert self._converters is not None
        values: list[Any] = [convert(value) for convert, value in zip(self._converters, arguments, strict=True)]
        if self.signature is None or not self.signature.is_async:
            return _unwrap(self.context.invoke(self._function, values))
        done = Fence()
        results = self.context.invoke(self._function, [*values, None, done])
        done.wait()
        return _unwrap(results)

    def _converter(self, parameter: Parameter) -> ArgumentConverter:
        return ArgumentConverter(parameter, self.context.devices[0].allocator, shares=self.__name__ in self.context.module.arguments_stay)

    def _positional(self, arguments: Sequence[Any], named: Mapping[str, Any]) -> tuple[Any, ...]:
        """Arguments in order, whichever way they were given. Raises InputError."""
        details = (str(self.signature),)
        if len(arguments) > len(self._names):
            raise InputError(f"it takes {len(self._names)} arguments, not {len(arguments)}", details=details)
        rest = self._names[len(arguments) :]
        for name in named:
            if name not in rest:
                problem = "was given twice" if name in self._names else "is not one of them"
                raise InputError(f"it takes {_listed(self._names)}: '{name}' {problem}", details=details)
        missing = [name for name in rest if name not in named]
        if missing:
            raise InputError(f"it needs {_listed(missing)} too", details=details)
        return (*arguments, *(named[name] for name in rest))


class Program:
    """A module on a device, ready to be called.

    program = Program.load("model.vmfb", device="local-task")
    y = program(x); program["other_function"](x, y); program.functions; program.signature()

    Calls may come from several threads. Its globals belong to this program alone.
    """

    def __init__(
        self,
        source: Source,
        device: str | Device = "local-sync",
        *,
        allow_native: bool = True,
        verify: Literal["tables", "full"] | bool = True,
    ):
        self._source = source
        self.device = get_device(device)
        module = Module.read(source, verify="full" if verify == "full" else "tables")
        self.context = Context(module, (self.device,), allow_native=allow_native)
        self._functions: dict[str, Function] = {name: Function(self.context, name) for name in self.context.functions}
        self._entry: Function | None = self._functions.get(ENTRY)
        if self._entry is None and len(self._functions) == 1:
            self._entry = next(iter(self._functions.values()))

    @staticmethod
    def load(
        source: Source,
        device: str | Device = "local-sync",
        *,
        allow_native: bool = True,
        verify: Literal["tables", "full"] | bool = True,
    ) -> Program:
        """Loads a `.vmfb` from a file, which stays mapped, or from bytes. See `pyrie.runtime.load`."""
        return Program(source, device, allow_native=allow_native, verify=verify)

    def __repr__(self) -> str:
        return f"<pyrie program: {', '.join(self._functions)} on {self.device.driver}>"

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Calls `main`, or the only function there is."""
        entry = self._entry
        return (entry if entry is not None else self._entry_function())(*arguments, **named)

    def __getitem__(self, name: str) -> Function:
        if name not in self._functions:
            raise InputError(f"the program has no function '{name}'", hint=f"it has {_listed(self.functions)}")
        return self._functions[name]

    @property
    def functions(self) -> list[str]:
        """Names of the exported functions."""
        return list(self._functions)

    def signature(self, name: str | None = None) -> FunctionSignature | None:
        """What a function takes and gives; None if the module does not say."""
        return (self._entry_function() if name is None else self[name]).signature

    def memo_stats(self) -> dict[str, MemoStats]:
        """Hits, misses and evictions of each memoize region, and what it holds; empty if nothing is memoized.

        A region is called by its function. What is recorded when the program is loaded counts no hits, so that replaying costs nothing.
        A call that runs by a plan uses what was looked up when the plan was made, and counts as a hit.
        """
        return self.context.memo_stats(sum((function.plans.lookups() for function in self._functions.values()), Counter()))

    def save(self, path: str | Path) -> None:
        """Writes the module to a file, which appears whole or not at all. Raises InputError."""
        target = Path(path)
        try:
            data = Path(self._source).read_bytes() if isinstance(self._source, str | Path) else self._source
            descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                os.chmod(temporary, 0o666 & ~_umask())
                os.replace(temporary, target)
            except BaseException:
                os.unlink(temporary)
                raise
        except OSError as error:
            raise InputError(f"cannot write the module: {error.strerror}", location=str(path)) from None

    def _entry_function(self) -> Function:
        if self._entry is None:
            raise InputError(
                "the program has several functions and none is called 'main'",
                hint=f"choose one: program[name](...) with {_listed(self.functions)}",
            )
        return self._entry


load = Program.load


def compile(model: Any, *, device: str | Device = "local-sync", cache: bool = True, **options: Any) -> Program:
    """Compiles a model and loads the result: a path (.onnx, .mlir), MLIR text, or an onnx ModelProto.

    `options` are the fields of `pyrie.passes.options.CompileOptions`, for instance `cpu="x86-64-v3"` or `memoization=False`.
    Raises InputError, UnsupportedError or CompileError, naming the user's node.
    """
    try:
        from pyrie.passes.options import CompileOptions  # only programs that compile pay for the compiler
        from pyrie.session import compile as compile_module
    except ModuleNotFoundError as error:
        raise UnsupportedError(
            f"this installation only runs modules: it has no '{error.name}'", hint="to compile: pip install pyrie"
        ) from None

    known = [field.name for field in fields(CompileOptions)]
    for name in options:
        if name not in known:
            raise InputError(f"there is no compile option '{name}'", hint=f"options: {', '.join(known)}")
    return Program(compile_module(model, CompileOptions(**options), cache=cache), device)


def _unwrap(results: Any) -> Any:
    if results is None:
        return None
    if not isinstance(results, tuple):
        return arrays_from((results,))[0]
    values = list(results)
    del results
    return tuple(arrays_from(values))


def _described(name: str, argument: Any) -> str:
    """An argument as an error shows it: name, element type and shape."""
    array = argument if hasattr(argument, "shape") and hasattr(argument, "dtype") else None
    return f"{name}: {type(argument).__name__}" if array is None else f"{name}: {array.dtype}{list(array.shape)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) if names else "no arguments"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
