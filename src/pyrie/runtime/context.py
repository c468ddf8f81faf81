"""Modules loaded for running, and contexts: instances of a module with their own globals, bound to devices."""

from __future__ import annotations

import functools
import math
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from types import CodeType, MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from pyrie.format.reflection import (
    ALIGNMENT,
    ARGUMENTS,
    CPU_FEATURES,
    DECLARATION,
    ELEMENT,
    MEMO_CACHES,
    MEMO_RECORDINGS,
    MEMO_RESET,
    MEMO_STATS,
    READ_ONLY,
)
from pyrie.runtime import status
from pyrie.runtime.hal.allocator import Allocator
from pyrie.runtime.hal.buffer import Buffer, BufferView
from pyrie.runtime.hal.command_buffer import CommandBuffer
from pyrie.runtime.hal.device import Device, get_device
from pyrie.runtime.hal.executable import Executable, executable_formats, is_supported
from pyrie.runtime.hal.memory import ALIGNMENT as CACHE_LINE
from pyrie.runtime.hal.memory import aligned_copy
from pyrie.runtime.hal.semaphore import Fence
from pyrie.runtime.memo import locked
from pyrie.runtime.modules.registry import Host, NativeModule, create_native_module
from pyrie.runtime.native import cpu
from pyrie.runtime.vm import arithmetic
from pyrie.runtime.vm.objects import Globals, VMBuffer, VMList, cast_ref, rodata_buffer
from pyrie.support import env
from pyrie.support.errors import DeviceError, InputError, PyrieError

if TYPE_CHECKING:  # the file format, declarations and the translator are imported when the first module is read
    from pyrie.format.module import Import
    from pyrie.format.verifier import VerifiedModule
    from pyrie.runtime.memo import MemoStats
    from pyrie.runtime.signature import FunctionSignature

Source = str | os.PathLike[str] | bytes | bytearray | memoryview

INITIALIZER = "__init"
NOT_OF_CALLS = (INITIALIZER, MEMO_RESET)  # exported functions that run before calls or between them

# Classes behind the reference types that bytecode casts to; a name that is not here matches anything.
REF_TYPES: dict[str, type] = {
    "!hal.allocator": Allocator,
    "!hal.buffer": Buffer,
    "!hal.buffer_view": BufferView,
    "!hal.command_buffer": CommandBuffer,
    "!hal.device": Device,
    "!hal.executable": Executable,
    "!hal.fence": Fence,
    "!vm.buffer": VMBuffer,
}

# What wrong bytecode can make Python raise: a null or wrong reference, a value out of some range.
_CONFUSED = (AttributeError, TypeError, ValueError, LookupError, ArithmeticError, BufferError)


class Module:
    """A verified module and its translation. Immutable: any number of contexts may share it."""

    __slots__ = (
        "_code",
        "_strings",
        "alignment",
        "arguments_stay",
        "effects",
        "exports",
        "is_stateful",
        "lookups",
        "signatures",
        "verified",
    )

    def __init__(self, verified: VerifiedModule):
        from pyrie.runtime.memo import lookup_functions
        from pyrie.runtime.signature import parse_declaration
        from pyrie.runtime.vm.effects import effects_of
        from pyrie.runtime.vm.translate import translate

        translation = translate(verified)
        self.verified = verified
        self._code: CodeType = compile(translation.source, f"<module {verified.module.name!r}>", "exec", dont_inherit=True)
        self._strings = translation.strings
        self.exports: dict[str, int] = {e.name: e.function for e in verified.module.exports}
        reflection = {name: dict(verified.functions[o].function.signature.attributes) for name, o in self.exports.items()}
        self.signatures: dict[str, FunctionSignature] = {
            name: signature for name, said in reflection.items() if (signature := parse_declaration(name, said.get(DECLARATION, "")))
        }
        self.alignment = (
            1 if dict(verified.module.attributes).get(ALIGNMENT) == ELEMENT else CACHE_LINE
        )  # of buffers, beyond their elements'
        self.lookups = lookup_functions(verified)
        called = {name: ordinal for name, ordinal in self.exports.items() if name not in NOT_OF_CALLS}
        self.effects = effects_of(verified, called, self.lookups)
        self.is_stateful = any(effects.writes for effects in self.effects.values())  # if not, calls may overlap
        self.arguments_stay = {  # functions done with their arguments, unwritten, when they return; IREE's sort and scatter in place
            name for name, said in reflection.items() if said.get(ARGUMENTS) == READ_ONLY and not self.is_stateful
        }

    @staticmethod
    def read(source: Source, *, verify: Literal["tables", "full"] = "tables") -> Module:
        """Reads, checks and translates a `.vmfb`. A file is mapped and stays so; bytes are copied. Raises InputError, VerifyError."""
        from pyrie.format.reader import read_module
        from pyrie.format.verifier import verify_module

        if not isinstance(source, str | os.PathLike):
            source = aligned_copy(source)
        return Module(verify_module(read_module(os.fspath(source) if isinstance(source, os.PathLike) else source, verify=verify)))

    def instantiate(self, namespace: dict[str, Any]) -> None:
        """Defines the module's functions `f0, f1, ...` in a namespace that holds all they refer to."""
        namespace |= _NAMESPACE | {"strings": self._strings, "__builtins__": {}}
        exec(self._code, namespace)


_NAMESPACE: dict[str, Any] = {
    "inf": math.inf,
    "nan": math.nan,
    "failure": status.error,
    "cast_ref": cast_ref,
    "new_buffer": VMBuffer.allocate,
    "new_list": VMList,
    "round_f32": arithmetic.round_f32,
    "math_": arithmetic.Math,
    "div_signed": arithmetic.div_signed,
    "rem_signed": arithmetic.rem_signed,
}


class Context:
    """An instance of a module on some devices, with its own globals; `__init` has run.

    Calls may come from several threads; those of a module with state are serialized, and so are looks into its caches. Under
    PYRIE_MEMOIZE=0 each call records anew what it runs. Raises DeviceError when linking fails.
    """

    def __init__(self, module: Module, devices: tuple[Device, ...], *, allow_native: bool = True):
        self.module, self.devices = module, devices
        self._namespace: dict[str, Any] = {}
        self._native: dict[str, NativeModule] = {}
        self._host = Host(devices, allow_native)
        self._lock = threading.RLock()
        self._reset: Callable[[], Any] | None = None  # run before each call
        self._check_cpu()
        self._functions = self._link()
        self._after_call = [m.after_call for m in self._native.values() if type(m).after_call is not NativeModule.after_call]
        if INITIALIZER in module.exports:
            self._initialize()
        if MEMO_RESET in module.exports and not env.flag("PYRIE_MEMOIZE"):
            self._reset = self._functions[MEMO_RESET]

    def __del__(self) -> None:
        self._namespace.clear()  # functions refer to the namespace that holds them; buffers should not wait for the cycle collector

    def _initialize(self) -> None:
        try:
            self.call(INITIALIZER)
        except DeviceError as error:
            if not error.hint:
                formats = [name for name in executable_formats() if is_supported(name, allow_native=self._host.allow_native)]
                refused = "" if self._host.allow_native else "; native code is refused (allow_native=False)"
                error.hint = f"executables that can be loaded here: {', '.join(formats) or 'none'}{refused}"
            raise

    @property
    def functions(self) -> list[str]:
        """Names of the exported functions, in file order."""
        return [name for name in self.module.exports if not name.startswith("__")]

    def signature(self, name: str) -> FunctionSignature | None:
        """What a function takes and gives in source terms; None if the module does not say. Raises InputError."""
        self._require(name)
        return self.module.signatures.get(name)

    def native_module(self, name: str) -> NativeModule | None:
        """The instance behind an imported module such as `hal`."""
        return self._native.get(name)

    def memo_stats(self, more_hits: Mapping[str, int] = MappingProxyType({})) -> dict[str, MemoStats]:
        """What is memoized, by region: the name of its function, with a number from the second region on. Raises VerifyError.

        `more_hits` are those of callers that use what they found before.
        """
        from pyrie.format.memo import read_records
        from pyrie.runtime.memo import memo_stats

        records = read_records(dict(self.module.verified.module.attributes).get(MEMO_CACHES, ""))
        if not records:
            return {}
        for name in (MEMO_STATS, MEMO_RECORDINGS):
            self._require(name)
        with self._lock:
            numbers, recordings = (_tuple(self._functions[name]()) for name in (MEMO_STATS, MEMO_RECORDINGS))
        return memo_stats(records, numbers, recordings, more_hits)

    def call(self, name: str, *arguments: Any) -> Any:
        """Calls an exported function with VM values: integers, floats, references. Returns nothing, a value, or a tuple.

        Raises InputError for a wrong name or count, DeviceError for what fails while running.
        """
        self._require(name)
        expected = len(self.module.verified.functions[self.module.exports[name]].convention.arguments)
        if len(arguments) != expected:
            raise InputError(f"function '{name}' takes {expected} arguments, not {len(arguments)}")
        return self.invoke(self._functions[name], arguments)

    def function(self, name: str) -> Callable[..., Any]:
        """The translated function itself, to be called through `invoke`."""
        self._require(name)
        return self._functions[name]

    def relink(self, resolve: Callable[[str], Callable[..., Any]]) -> dict[str, Any]:
        """The module's functions `f0, f1, ...` once more, with the same globals but each import `resolve(its full name)`.

        Look-ups stay as they are: what they record and keep is for everyone.
        The caller clears the namespace when it is done, as functions and namespace refer to each other.
        """
        imports = self.module.verified.module.imports
        namespace = self._namespace | {f"m{i}": resolve(import_.name) for i, import_ in enumerate(imports)}
        self.module.instantiate(namespace)
        for ordinal in self.module.lookups:
            namespace[f"f{ordinal}"] = self._namespace[f"f{ordinal}"]
        return namespace

    def invoke(self, function: Callable[..., Any], arguments: Iterable[Any]) -> Any:
        """Runs a translated function. Raises DeviceError."""
        try:
            if not self.module.is_stateful and self._reset is None:
                results = function(*arguments)
            else:
                with self._lock:
                    if self._reset is not None:
                        self._reset()
                    results = function(*arguments)
        except PyrieError:
            raise
        except RecursionError as error:
            raise status.error(status.RESOURCE_EXHAUSTED, "the program calls itself too deeply") from error
        except MemoryError as error:
            raise status.error(status.RESOURCE_EXHAUSTED, "out of memory") from error
        except _CONFUSED as error:
            message = f"the module used a null reference or a value of the wrong kind: {error}"
            raise status.error(status.INVALID_ARGUMENT, message) from error
        for after_call in self._after_call:
            after_call()
        return results

    # Linking.

    def _link(self) -> dict[str, Callable[..., Any]]:
        file = self.module.verified.module
        self._check_dependencies()
        globals_ = Globals(file.global_bytes, file.global_refs)
        scalars = globals_.scalars.data
        imports = [self._resolve(import_) for import_ in file.imports]
        self._namespace |= {
            **{f"m{i}": function or functools.partial(_missing, file.imports[i].name) for i, function in enumerate(imports)},
            "resolved": [int(function is not None) for function in imports],
            "rodata": [rodata_buffer(segment.data) for segment in file.rodata],
            "types": [_ref_type(name) for name in file.types],
            "refs": globals_.refs,
            "globals_": globals_,
            "globals_i32": scalars.cast("i"),
            "globals_i64": scalars.cast("q"),
            "globals_f32": scalars.cast("f"),
            "globals_f64": scalars.cast("d"),
        }
        self.module.instantiate(self._namespace)
        for ordinal in self.module.lookups:
            self._namespace[f"f{ordinal}"] = locked(self._namespace[f"f{ordinal}"], self._lock)
        return {name: self._namespace[f"f{ordinal}"] for name, ordinal in self.module.exports.items()}

    def _check_cpu(self) -> None:
        needed = dict(self.module.verified.module.attributes).get(CPU_FEATURES, "")
        present = cpu.features()
        missing = [name for name in needed.split(",") if present.get(name.strip()) is False]
        if missing and self._host.allow_native:
            raise status.error(
                status.INCOMPATIBLE,
                f"the module's kernels use {', '.join(missing)}, which this CPU does not have",
                hint="compile with --target=generic, or for this machine",
            )

    def _check_dependencies(self) -> None:
        for dependency in self.module.verified.module.dependencies:
            native = self._module(dependency.name)
            if native is None and not dependency.is_optional:
                raise status.error(status.NOT_FOUND, f"the module depends on module '{dependency.name}', which this runtime does not have")
            if native is not None and native.version < dependency.minimum_version:
                raise status.error(
                    status.INCOMPATIBLE,
                    f"the module needs version {dependency.minimum_version} of '{dependency.name}'; this runtime has {native.version}",
                )

    def _module(self, name: str) -> NativeModule | None:
        if name not in self._native:
            native = create_native_module(name, self._host)
            if native is None:
                return None
            self._native[name] = native
        return self._native[name]

    def _resolve(self, import_: Import) -> Callable[..., Any] | None:
        module_name, _, name = import_.name.partition(".")
        native = self._module(module_name)
        function = native.resolve(name, import_.signature.calling_convention) if native else None
        if function is None and not import_.is_optional:
            raise status.error(
                status.NOT_FOUND,
                f"the module imports '{import_.name}' ({import_.signature.calling_convention}), which this runtime does not have",
            )
        return function

    def _require(self, name: str) -> None:
        if name not in self.module.exports:
            raise InputError(f"the module has no function '{name}'", hint="it has: " + ", ".join(self.functions))


def load(
    source: Source,
    device: str | Device = "local-sync",
    *,
    allow_native: bool = True,
    verify: Literal["tables", "full"] | bool = True,
) -> Context:
    """Loads a `.vmfb` on a device and runs its initializers.

    Bytecode and tables are always checked; `verify="full"` also checks the digests of large data segments. Native code in the module is
    trusted like a shared library; `allow_native=False` refuses it. Raises InputError, VerifyError, UnsupportedError, DeviceError.
    """
    module = Module.read(source, verify="full" if verify == "full" else "tables")
    return Context(module, (get_device(device),), allow_native=allow_native)


def _missing(name: str, *_: Any) -> Any:
    raise status.error(status.NOT_FOUND, f"the optional import '{name}' is not available here")


def _ref_type(name: str) -> type:
    return VMList if name.startswith("!vm.list") else REF_TYPES.get(name, object)


def _tuple(results: Any) -> tuple[Any, ...]:
    """What a translated function returned, as a tuple."""
    return () if results is None else results if isinstance(results, tuple) else (results,)
