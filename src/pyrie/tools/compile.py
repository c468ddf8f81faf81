"""`pyrie compile`: a model to a module, or to the IR after any phase (iree-compile)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xdsl.dialects.builtin import ModuleOp

from pyrie.ir.passes import ModulePass, Observer
from pyrie.ir.printer import print_module
from pyrie.passes.options import CompileOptions
from pyrie.session import PHASES, Session, cache_key, debug_level, phase_range
from pyrie.support.disk_cache import DiskCache
from pyrie.support.errors import InputError
from pyrie.tools.flags import Flag, Parsed, help_text, parse_flags
from pyrie.tools.streams import Streams


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _level(text: str) -> int:
    digits = text.removeprefix("O")
    if digits not in ("0", "1", "2", "3"):
        raise InputError(f"an optimization level is O0, O1, O2 or O3, not '{text}'")
    return int(digits)


@dataclass(frozen=True)
class OptionFlag:
    """A flag that sets a field of CompileOptions; `convert` makes the value from the text."""

    flag: Flag
    option: str
    convert: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _option(
    name: str, option: str, meaning: str, kind: type = str, convert: Callable[[Any], Any] = _same, also: tuple[str, ...] = ()
) -> OptionFlag:
    return OptionFlag(Flag(name, meaning, kind, target=f"option_{name.strip('-')}", also=also), option, convert)


SUBSTITUTES = {  # what may take the place of an executable
    "source": "code from before it is configured",
    "configuration": "code with strategies chosen",
    "object": "an object file, or code, after translation",
}
DUMPS = {  # what is written of executables
    "sources": "each executable as it comes from the model",
    "configurations": "each executable with strategies chosen",
    "benchmarks": "programs that dispatch one kernel again and again",
    "intermediates": "LLVM text and objects of kernels",
    "binaries": "the binaries that devices load",
}
OPTION_FLAGS: tuple[OptionFlag, ...] = (
    _option("--target", "cpu", "the CPU to compile for: host (default), generic, or a level such as x86-64-v3"),
    _option(
        "--iree-hal-target-device", "target_devices", "a device to compile for, by default local; may be repeated", list, convert=tuple
    ),
    _option("--iree-hal-default-device", "default_device", "the device, by name or number, of what is not placed; by default the first"),
    _option(
        "--iree-hal-target-backends", "legacy_target_backends", "what makes executables: llvm-cpu (default), reference", convert=_names
    ),
    _option("--iree-hal-local-target-device-backends", "target_backends", "what makes executables for local devices", convert=_names),
    _option("--iree-llvmcpu-target-cpu", "cpu", "the CPU to compile for, as LLVM names it; host and generic too"),
    _option("--iree-llvmcpu-target-cpu-features", "cpu_features", "features on top of the CPU's: +avx2,-fma"),
    _option("--iree-input-type", "input_type", "what the input is: auto (default), none, stablehlo, onnx"),
    _option("--iree-input-demote-f64-to-f32", "demote_f64_to_f32", "compute f64 in f32", bool),
    _option("--iree-input-demote-i64-to-i32", "demote_i64_to_i32", "compute i64 in i32", bool),
    _option("--iree-execution-model", "execution_model", "async-internal (default), async-external, inline-static"),
    _option("--iree-opt-level", "opt_level", "O0 to O3 (default O2)", convert=_level),
    _option("--iree-opt-const-eval", "const_eval", "evaluate constant expressions at compile time", bool),
    _option("--iree-preprocessing-pass-pipeline", "preprocessing_pipeline", "passes to run before the optimizer"),
    _option("--iree-hal-memoization", "memoization", "record command buffers once and replay them", bool),
    _option("--iree-hal-indirect-command-buffers", "indirect_command_buffers", "name buffers when a recording is submitted", bool),
    _option("--iree-hal-force-indirect-command-buffers", "force_indirect_command_buffers", "even if what is recorded changes", bool),
    _option("--memoize-dynamic", "memoize_dynamic", "record once for each value of what changes between calls, too", bool),
    _option("--memo-entries", "memo_entries", "recordings kept for each place that depends on shapes (default 8)", int),
    _option("--memo-minimum-dispatches", "memo_minimum_dispatches", "recordings of fewer are made anew each time (default 1)", int),
    _option("--memo-lazy", "memo_lazy", "record when first needed, not when the module is loaded", bool),
    _option("--iree-hal-link-executables", "link_executables", "put all executables of a format into one", bool),
    *(
        _option(f"--iree-hal-substitute-executable-{one}", f"substitute_executable_{one}s", f"executable=file: {what}", list, convert=tuple)
        for one, what in SUBSTITUTES.items()
    ),
    *(
        _option(f"--iree-hal-substitute-executable-{one}s-from", f"substitute_executable_{one}s_from", "the same, from a directory")
        for one in SUBSTITUTES
    ),
    _option(
        "--iree-hal-executable-object-search-path", "executable_object_search_path", "a directory to look for files in", list, convert=tuple
    ),
    _option(
        "--iree-hal-preprocess-executables-with",
        "preprocess_executables_with",
        "a command that each executable is piped through, or a pipeline builtin.module(...)",
        list,
        convert=tuple,
    ),
    _option("--iree-hal-instrument-dispatches", "instrument_dispatches", "note every workgroup in a ring buffer of this size: 64mib"),
    _option("--iree-hal-benchmark-dispatch-repeat-count", "dispatch_repeat_count", "record every dispatch so often, to measure it", int),
    _option("--iree-hal-executable-debug-level", "executable_debug_level", "0 to 3; from 3 on executables keep their texts", int),
    _option("--iree-hal-dump-executable-files-to", "dump_executables_to", "write all of the below to a directory"),
    *(
        _option(f"--iree-hal-dump-executable-{kind}-to", f"dump_executable_{kind}_to", f"write {meaning} to a directory")
        for kind, meaning in DUMPS.items()
    ),
)
FLAGS = (
    Flag("--help", "this text", bool, also=("-h",)),
    Flag("-o", "the file to write; `-` is standard output", target="output"),
    Flag("--compile-to", f"stop after a phase and write its IR: {', '.join(PHASES)}", target="until"),
    Flag("--compile-from", "the input is the IR after this phase", target="after"),
    Flag("--dump-compilation-phases-to", "write the IR after every phase to a directory", target="dump"),
    Flag("--mlir-print-debuginfo", "print locations in IR", bool),
    Flag("--mlir-print-ir-after-all", "print the IR after each pass to standard error", bool),
    Flag("--mlir-timing", "print how long each pass took to standard error", bool, also=("--timing",)),
    Flag("--verify-each", "verify after every pass", bool),
    Flag("--no-cache", "compile even if the result is known", bool),
    Flag("--output-format", "vm-bytecode (default) or vm-asm", default="vm-bytecode"),
    *(row.flag for row in OPTION_FLAGS),
)


def run(arguments: Sequence[str], streams: Streams) -> int:
    flags = parse_flags("compile", FLAGS, arguments)
    if flags.help:
        streams.stdout.write(help_text("pyrie compile MODEL -o OUT.vmfb", "Compiles a model (.mlir, .onnx) to a module.", FLAGS))
        return 0
    for warning in flags.warnings:
        streams.warn(warning)
    if len(flags.positional) != 1:
        raise InputError(f"one model, not {len(flags.positional)}", hint="usage: pyrie compile MODEL -o OUT.vmfb")
    if flags.output_format not in ("vm-bytecode", "vm-asm"):
        raise InputError(f"output format '{flags.output_format}' is not supported", hint="supported: vm-bytecode, vm-asm")
    until = "vm" if flags.output_format == "vm-asm" and flags.until in (None, "end") else flags.until
    phase_range(flags.after, until)
    return _Job(flags, streams, until).run()


def options_from(flags: Parsed) -> CompileOptions:
    """The options that the flags name; IREE's own spellings are among them."""
    chosen: dict[str, Any] = {}
    for row in OPTION_FLAGS:
        if row.flag.attribute in flags.given:
            chosen[row.option] = row.convert(flags.values[row.flag.attribute])
    return replace(CompileOptions(), **chosen)


@dataclass
class _Job:
    flags: Parsed
    streams: Streams
    until: str | None

    def run(self) -> int:
        flags, path = self.flags, self.flags.positional[0]
        options = options_from(flags)
        source = self.streams.read("-") + "\n" if path == "-" else Path(path)
        is_whole = self.until in (None, "end") and flags.after in (None, "start")
        watched = flags.dump or flags.mlir_print_ir_after_all or flags.mlir_timing
        key = cache_key(source, options) if is_whole and not watched and not flags.no_cache else None
        store = DiskCache.of("modules")
        data = store.get(key) if key is not None else None
        if data is None:
            session = Session(options, observer=self._observer())
            with _Progress(self.streams) as progress:
                session.before_phase = progress.phase
                session.on_phase = self._dump if flags.dump else None
                module = session.compile(source, after=flags.after, until=self.until, name="<stdin>")
                if self.until not in (None, "end"):
                    self._write_text(module)
                    return 0
                progress.phase("module")
                data = session.serialize(module)
            if flags.mlir_timing or debug_level() > 1:
                self._print_timing(session.observer)
            if key is not None:
                store.put(key, data)
        self.streams.write_bytes(self._output(".vmfb"), data)
        return 0

    def _write_text(self, module: ModuleOp) -> None:
        self.streams.write(self.flags.output or "-", print_module(module, locations=self.flags.mlir_print_debuginfo))

    def _output(self, suffix: str) -> str:
        if self.flags.output:
            return self.flags.output
        path = self.flags.positional[0]
        if path == "-":
            return "-"
        return str(Path(path).with_suffix(suffix).name)

    def _observer(self) -> Observer:
        observer = Observer()
        observer.verify_each |= self.flags.verify_each
        if self.flags.mlir_print_ir_after_all:
            observer.after_pass = self._print_ir
        return observer

    def _print_ir(self, item: ModulePass, module: ModuleOp) -> None:
        self.streams.stderr.write(f"// -----// IR Dump After {item.name} //----- //\n{print_module(module)}\n")

    def _dump(self, phase: str, module: ModuleOp) -> None:
        directory = Path(self.flags.dump)
        path = self.flags.positional[0]
        stem = "stdin" if path == "-" else Path(path).name.partition(".")[0]
        number = list(PHASES).index(phase) + 1
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot be made: {error.strerror}", location=str(directory)) from None
        text = print_module(module, locations=self.flags.mlir_print_debuginfo)
        self.streams.write(str(directory / f"{stem}.{number}.{phase}.mlir"), text)

    def _print_timing(self, observer: Observer) -> None:
        timing = observer.timing
        timing.seconds = sum(child.seconds for child in timing.children)
        self.streams.stderr.write("\n".join(timing.lines()) + "\n")


class _Progress:
    """The phase being run: a status line on a terminal, lines with times under PYRIE_DEBUG=1, nothing else."""

    def __init__(self, streams: Streams):
        self._stderr = streams.stderr
        self._verbose = debug_level() > 0
        self._status: Any = None
        self._begin = time.perf_counter()
        self._name = ""

    def __enter__(self) -> _Progress:
        if not self._verbose and self._stderr.isatty():
            from rich.console import Console  # only terminals pay for it

            self._status = Console(file=self._stderr).status("reading")
            self._status.start()
        return self

    def phase(self, name: str) -> None:
        self._finish()
        self._name, self._begin = name, time.perf_counter()
        if self._status is not None:
            self._status.update(name)

    def _finish(self) -> None:
        if self._verbose and self._name:
            self._stderr.write(f"{self._name:26} {time.perf_counter() - self._begin:8.3f} s\n")

    def __exit__(self, *_: object) -> None:
        self._finish()
        if self._status is not None:
            self._status.stop()
