"""`pyrie opt`: passes over MLIR text, in the order of their flags (iree-opt)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import get_type_hints

from xdsl.dialects.builtin import ModuleOp

from pyrie.dialects.registry import make_context
from pyrie.ir.context import Context
from pyrie.ir.parser import parse_module
from pyrie.ir.pass_options import convert, make_pass, parse_pipeline
from pyrie.ir.passes import InternalError, ModulePass, Observer, Pipeline, StopPipeline, paused_collection
from pyrie.ir.printer import print_module
from pyrie.ir.reproducer import reproduce
from pyrie.passes.registry import PASSES, load_pass
from pyrie.support.errors import InputError, PyrieError
from pyrie.tools.flags import Flag, Parsed, help_text, parse_flags
from pyrie.tools.streams import Streams

FLAGS = (
    Flag("--help", "this text", bool, also=("-h",)),
    Flag("-o", "the file to write; `-` (the default) is standard output", default="-", target="output"),
    Flag("--pass-pipeline", "passes as text: builtin.module(first{option=value},util.func(second))", list),
    Flag("--list-passes", "print every pass and stop", bool),
    Flag("--split-input-file", "treat each part between `// -----` lines as a file of its own", bool),
    Flag("--verify-diagnostics", "expect the errors named in `// expected-error {{text}}` comments, and no others", bool),
    Flag("--verify-each", "verify after every pass (PYRIE_VERIFY=1 does so too)", bool),
    Flag("--allow-unregistered-dialect", "let ops of unknown dialects pass in the generic form", bool),
    Flag("--mlir-print-op-generic", "print every op in the generic form", bool),
    Flag("--mlir-print-debuginfo", "print locations", bool),
    Flag("--mlir-print-local-scope", "print attributes where they stand, without aliases", bool),
    Flag("--mlir-print-ir-after-all", "print the IR after each pass to standard error", bool),
    Flag("--mlir-print-ir-before-all", "print the IR before each pass to standard error", bool),
    Flag("--mlir-timing", "print how long each pass took to standard error", bool),
    Flag("--mlir-disable-threading", "accepted; passes run one after the other", bool),
)
# Flags that set an option of every pass that has it, beside the passes as in IREE's tools. A row: the flag, the field of the pass.
PASS_FLAGS = (
    (Flag("--iree-hal-executable-object-search-path", "a directory to look for object files in", list), "object_search_path"),
    (Flag("--iree-hal-external-resources-mappable", "what leaves the program can be mapped", bool), "external_resources_mappable"),
    (Flag("--iree-hal-local-target-device-backends", "what makes code for the device alias 'local'"), "local_backends"),
    (Flag("--iree-hal-memoization", "record command buffers once and replay them", bool), "memoization"),
    (Flag("--iree-hal-indirect-command-buffers", "name buffers when a recording is submitted", bool), "indirect_command_buffers"),
    (Flag("--iree-hal-force-indirect-command-buffers", "even if what is recorded changes", bool), "force_indirect_command_buffers"),
)
ALL_FLAGS = (*FLAGS, *(flag for flag, _ in PASS_FLAGS))
_SEPARATOR = re.compile(r"^// -----[ \t]*\n", re.MULTILINE)
_EXPECTED = re.compile(r"expected-(error|warning|note|remark)(-re)?\s*(?:@([+-]\d+|above|below|unknown))?\s*\{\{(.*?)\}\}")


def run(arguments: Sequence[str], streams: Streams) -> int:
    flags = parse_flags("opt", ALL_FLAGS, arguments, extra=frozenset(PASSES))
    if flags.help:
        streams.stdout.write(help_text("pyrie opt [--PASS[=options]]... [FILE]", "Runs passes over MLIR text.", ALL_FLAGS))
        return 0
    if flags.list_passes:
        streams.stdout.write("".join(f"{name}\n" for name in sorted(PASSES)))
        return 0
    for warning in flags.warnings:
        streams.warn(warning)
    if len(flags.positional) > 1:
        raise InputError(f"one file, not {len(flags.positional)}: {' '.join(flags.positional)}")
    path = flags.positional[0] if flags.positional else "-"
    passes = [make_pass(load_pass(name), value) for name, value in flags.rest]
    for text in flags.pass_pipeline:
        passes += parse_pipeline(text, load_pass)
    passes = [_with_flags(item, flags) for item in passes]

    context = make_context(allow_unregistered=flags.allow_unregistered_dialect)
    parts = list(_split(streams.read(path))) if flags.split_input_file else [streams.read(path)]
    outputs: list[str] = []
    for part in parts:
        job = _Job(context, part, "<stdin>" if path == "-" else path, passes, flags, streams)
        outputs.append(job.expect_diagnostics() if flags.verify_diagnostics else job.run())
    streams.write(flags.output, "// -----\n".join(outputs))
    return 0


def _with_flags(item: ModulePass, flags: Parsed) -> ModulePass:
    """`item` with the options that flags of their own set, where it has them."""
    hints = get_type_hints(type(item))
    for flag, option in PASS_FLAGS:
        if flag.attribute in flags.given and option in hints:
            given = flags.values[flag.attribute]
            value = (
                tuple(given) if flag.kind is list else given if flag.kind is bool else convert(given, hints[option], f"flag '{flag.name}'")
            )
            item = replace(item, **{option: value})
    return item


def _split(text: str) -> Iterator[str]:
    """The parts of a file, each padded with blank lines so that line numbers hold."""
    start = 0
    for match in [*_SEPARATOR.finditer(text), None]:
        end = match.start() if match else len(text)
        yield "\n" * text.count("\n", 0, start) + text[start:end]
        start = match.end() if match else end


@dataclass
class _Job:
    """One part of the input on its way through the passes."""

    context: Context
    text: str
    name: str
    passes: list[ModulePass]
    flags: Parsed
    streams: Streams

    def run(self) -> str:
        with paused_collection():
            module = parse_module(self.text, self.context, name=self.name)
            observer = self._observer()
            try:
                Pipeline("opt", *self.passes).run(self.context, module, observer)
            except InternalError as error:
                error.details += (reproduce(error, self._before),)
                raise
            finally:
                if self.flags.mlir_timing:
                    self.streams.stderr.write("\n".join(observer.timing.children[0].lines()) + "\n")
            return print_module(
                module,
                locations=self.flags.mlir_print_debuginfo,
                generic=self.flags.mlir_print_op_generic,
                aliases=not self.flags.mlir_print_local_scope,
            )

    def _observer(self) -> Observer:
        observer = Observer()
        observer.verify_each |= self.flags.verify_each

        def dump(when: str) -> Callable[[ModulePass, ModuleOp], None]:
            def write(item: ModulePass, module: ModuleOp) -> None:
                self.streams.stderr.write(f"// -----// IR Dump {when} {item.name} //----- //\n{print_module(module)}\n")

            return write

        if self.flags.mlir_print_ir_after_all:
            observer.after_pass = dump("After")
        if self.flags.mlir_print_ir_before_all:
            observer.before_pass = dump("Before")
        return observer

    def _before(self, observer: Observer) -> ModuleOp:
        """The module as it is where `observer` stops a second run."""
        module = parse_module(self.text, self.context, name=self.name)
        with suppress(StopPipeline):
            Pipeline("opt", *self.passes).run(self.context, module, observer)
        return module

    def expect_diagnostics(self) -> str:
        """The text that comes out; empty where the expected error came instead. Raises InputError for any other outcome."""
        expected = list(_expectations(self.text))
        try:
            text = self.run()
        except InternalError:
            raise
        except PyrieError as error:
            line = int(m[1]) if (m := re.search(r":(\d+):\d+$", error.location or "")) else None
            for kind, where, is_regex, text in expected:
                found = re.search(text, error.message) if is_regex else text in error.message
                if kind == "error" and found and (where is None or where == line):
                    break
            else:
                raise InputError(f"unexpected error: {error}", location=self.name) from error
            return ""
        for kind, where, _, message in expected:
            if kind == "error":
                raise InputError(f'expected error "{message}" was not produced', location=f"{self.name}:{where}")
        return text


def _expectations(text: str) -> Iterator[tuple[str, int | None, bool, str]]:
    """(kind, line or None for anywhere, is a regular expression, text) of each `expected-...` comment."""
    for number, line in enumerate(text.splitlines(), 1):
        for match in _EXPECTED.finditer(line):
            kind, regex, where, message = match.groups()
            offset = {None: 0, "above": -1, "below": 1, "unknown": 0}.get(where)
            target = number + (int(where) if offset is None else offset)
            yield kind, None if where == "unknown" else target, bool(regex), message
