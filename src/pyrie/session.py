"""A compile: source -> phases -> the bytes of a module."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from xdsl.dialects.builtin import ModuleOp

from pyrie.dialects.registry import make_context
from pyrie.ir.context import Context
from pyrie.ir.parser import parse_module, read_source
from pyrie.ir.passes import InternalError, Observer, Pipeline, StopPipeline, paused_collection
from pyrie.ir.reproducer import reproduce
from pyrie.passes.options import CompileOptions
from pyrie.support import env
from pyrie.support.disk_cache import DiskCache
from pyrie.support.errors import InputError

# The phases in order: name -> module:function; the function takes CompileOptions and returns the phase's Pipeline.
PHASES: dict[str, str] = {
    "input": "pyrie.passes.input.pipeline:input_phase",
    "abi": "pyrie.passes.abi.pipeline:abi_phase",
    "preprocessing": "pyrie.passes.preprocessing.pipeline:preprocessing_phase",
    "global-optimization": "pyrie.passes.global_optimization.pipeline:global_optimization_phase",
    "dispatch-creation": "pyrie.passes.dispatch_creation.pipeline:dispatch_creation_phase",
    "flow": "pyrie.passes.flow.pipeline:flow_phase",
    "stream": "pyrie.passes.stream.pipeline:stream_phase",
    "executable-sources": "pyrie.passes.hal.pipeline:executable_sources_phase",
    "executable-configurations": "pyrie.passes.hal.pipeline:executable_configurations_phase",
    "executable-targets": "pyrie.passes.hal.pipeline:executable_targets_phase",
    "hal": "pyrie.passes.hal.pipeline:hal_phase",
    "vm": "pyrie.passes.vm.pipeline:vm_phase",
}
SERIALIZER = "pyrie.passes.vm.bytecode.emission:emit_module"  # (vm module) -> bytes
# file suffix -> importer: (path or bytes, Context) -> ModuleOp at the hub level
IMPORTERS: dict[str, str] = {".onnx": "pyrie.importers.onnx:import_onnx"}

Source = str | Path | bytes | ModuleOp | Any


def load_attribute(place: str) -> Any:
    """What `module:name` names."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def phase_range(after: str | None, until: str | None) -> list[str]:
    """The phases that lie between: `after` is done already (None or `start`: nothing is), `until` is the last (None or `end`: all)."""
    names = list(PHASES)
    for name, edge in ((after, "start"), (until, "end")):
        if name not in (None, edge, *names):
            raise InputError(
                f"there is no phase '{name}'", hint=f"phases: {', '.join([edge, *names] if edge == 'start' else [*names, edge])}"
            )
    first = names.index(after) + 1 if after in PHASES else 0
    last = names.index(until) + 1 if until in PHASES else len(names)
    return names[first:last]


def is_text(source: str) -> bool:
    """Whether a string is MLIR text rather than the path of a file."""
    return "\n" in source or "{" in source


@dataclass
class Session:
    """One compile. `run` takes it through phases; `serialize` makes the bytes. `on_phase(name, module)` sees the IR after each phase."""

    options: CompileOptions = field(default_factory=CompileOptions)
    context: Context = field(default_factory=make_context)
    observer: Observer = field(default_factory=Observer)
    on_phase: Callable[[str, ModuleOp], None] | None = None
    before_phase: Callable[[str], None] | None = None

    def load(self, source: Source, name: str = "<input>") -> ModuleOp:
        """The module in `source`: a path, MLIR text, ONNX bytes or a ModelProto, or a module. Raises InputError."""
        if isinstance(source, ModuleOp):
            return source
        if isinstance(source, str) and is_text(source):
            return parse_module(source, self.context, name=name)
        if isinstance(source, str | Path):
            return self._load_file(Path(source))
        if isinstance(source, bytes) and b"\0" not in source[:4096]:
            with suppress(UnicodeDecodeError):
                return parse_module(source.decode(), self.context, name=name)
        if isinstance(source, bytes) or hasattr(source, "SerializeToString"):
            return load_attribute(IMPORTERS[".onnx"])(source, self.context)
        raise InputError(f"a {type(source).__name__} cannot be compiled", hint="give a path, MLIR text, ONNX bytes or a ModelProto")

    def _load_file(self, path: Path) -> ModuleOp:
        if path.suffix == ".vmfb":
            raise InputError("is compiled already", location=str(path), hint="`pyrie run` and pyrie.load take modules")
        importer = IMPORTERS.get(path.suffix)
        if importer is None:
            return parse_module(read_source(path), self.context, name=str(path))
        if not path.is_file():
            raise InputError("no such file", location=str(path))
        return load_attribute(importer)(path, self.context)

    def run(self, module: ModuleOp, *, after: str | None = None, until: str | None = None) -> ModuleOp:
        """Lowers `module`, which is the result of phase `after`, to that of phase `until`, in place."""
        for name in phase_range(after, until):
            if self.before_phase is not None:
                self.before_phase(name)
            self.pipeline(name).run(self.context, module, self.observer)
            if self.on_phase is not None:
                self.on_phase(name, module)
        return module

    def pipeline(self, phase: str) -> Pipeline:
        """The pipeline of one phase under this session's options."""
        return load_attribute(PHASES[phase])(self.options)

    @property
    def target(self) -> str:
        """What code is generated for, in words: `znver4 (x86_64)`."""
        names = (self.options.cpu, platform.machine())
        if self.options.cpu == "host":
            import llvmlite.binding as llvm  # asked only by those who show it

            names = (llvm.get_host_cpu_name(), platform.machine())
        return f"{names[0]} ({names[1]})"

    def serialize(self, module: ModuleOp) -> bytes:
        """The bytes of a module that has passed all phases."""
        return load_attribute(SERIALIZER)(module)

    def compile(self, source: Source, *, after: str | None = None, until: str | None = None, name: str = "<input>") -> ModuleOp:
        """Loads and lowers. An InternalError carries how to reproduce it: the IR before the pass that broke, and the command."""
        with paused_collection():
            try:
                return self.run(self.load(source, name), after=after, until=until)
            except InternalError as error:
                error.details += (reproduce(error, lambda observer: self._before(observer, source, after, name)),)
                raise

    def _before(self, observer: Observer, source: Source, after: str | None, name: str) -> ModuleOp:
        """The module as it is where `observer` stops a second compile."""
        again = Session(self.options, observer=observer)
        module = again.load(source, name)
        with suppress(StopPipeline):
            again.run(module, after=after)
        return module


def compile(
    source: Source,
    options: CompileOptions | None = None,
    *,
    cache: bool = True,
    name: str = "<input>",
    session: Session | None = None,
) -> bytes:
    """Compiles `source` (see `Session.load`) to the bytes of a `.vmfb` module.

    The result is kept on disk by the content of the source, the options, this machine and this version of Pyrie. A caller who wants to
    watch passes a `session`, whose options count.
    Raises InputError, UnsupportedError, VerifyError or CompileError, each naming the place in the source.
    """
    session = session or Session(options or CompileOptions())
    options = session.options
    key = cache_key(source, options) if cache else None
    store = DiskCache.of("modules")
    if key is not None and (known := store.get(key)) is not None:
        return known
    data = session.serialize(session.compile(source, name=name))
    if key is not None:
        store.put(key, data)
    return data


def cache_key(source: Source, options: CompileOptions) -> str | None:
    """What the compiled module depends on, as a digest.

    None for sources whose bytes are not at hand (objects, external data) and for options that name files or commands.
    """
    content = _content_of(source)
    if content is None or options.uses_files:
        return None
    chosen = [(f.name, getattr(options, f.name)) for f in fields(options)]
    digest = hashlib.blake2b(digest_size=24)
    for part in (repr(chosen), _fingerprint(), _machine()):
        digest.update(part.encode() + b"\0")
    digest.update(content)
    return digest.hexdigest()


def _content_of(source: Source) -> bytes | None:
    if isinstance(source, str) and is_text(source):
        return source.encode()
    if isinstance(source, str | Path):
        try:
            content = Path(source).read_bytes()
        except OSError:
            return None  # loading will say what is wrong
        has_external_data = Path(source).suffix == ".onnx" and b"location" in content
        return None if has_external_data else content
    return bytes(source) if isinstance(source, bytes) else None


def _fingerprint() -> str:
    """Changes with any file of the compiler, so that a development tree never serves what it would no longer make."""
    root = Path(__file__).parent
    files = sorted((str(p.relative_to(root)), (s := p.stat()).st_size, s.st_mtime_ns) for p in root.rglob("*.py"))
    return repr((files, version("xdsl"), version("llvmlite"), sys.version_info[:3]))


def _machine() -> str:
    """The processor that `cpu=host` means."""
    with suppress(OSError), open("/proc/cpuinfo") as info:
        wanted = ("model name", "flags", "Features")
        lines = {line for line in info if line.startswith(wanted)}
        return platform.machine() + "".join(sorted(lines))
    return repr((platform.machine(), platform.processor()))


def debug_level() -> int:
    """PYRIE_DEBUG as a number: 1 shows phases, 2 passes."""
    text = env.get("PYRIE_DEBUG")
    return int(text) if text.isdigit() else 0
