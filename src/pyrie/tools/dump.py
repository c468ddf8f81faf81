"""`pyrie dump`: what is in a module: tables, attributes and bytecode (iree-dump-module)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pyrie.format.disassembler import disassemble
from pyrie.format.reader import read_module
from pyrie.support.errors import InputError
from pyrie.tools.flags import Flag, help_text, parse_flags
from pyrie.tools.streams import Streams

FLAGS = (
    Flag("--help", "this text", bool, also=("-h",)),
    Flag("--output", "disassembly (default)", default="disassembly"),
    Flag("-o", "the file to write; `-` (the default) is standard output", default="-", target="destination"),
)


def run(arguments: Sequence[str], streams: Streams) -> int:
    flags = parse_flags("dump", FLAGS, arguments)
    if flags.help:
        streams.stdout.write(help_text("pyrie dump MODULE", "Shows what is in a module.", FLAGS))
        return 0
    if len(flags.positional) != 1:
        raise InputError(f"one module, not {len(flags.positional)}", hint="usage: pyrie dump MODULE.vmfb")
    if flags.output != "disassembly":
        raise InputError(f"output '{flags.output}' is not supported", hint="supported: disassembly")
    streams.write(flags.destination, disassemble(read_module(Path(flags.positional[0]))))
    return 0
