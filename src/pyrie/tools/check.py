"""`pyrie check`: runs every function of a module as a test (iree-check-module)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from pyrie.support.errors import PyrieError
from pyrie.tools.flags import help_text, parse_flags
from pyrie.tools.programs import FLAGS, load_program, program_path
from pyrie.tools.streams import Streams


def run(arguments: Sequence[str], streams: Streams) -> int:
    flags = parse_flags("check", FLAGS, arguments)
    if flags.help:
        streams.stdout.write(help_text("pyrie check MODULE", "Runs each function without arguments as a test.", FLAGS))
        return 0
    for warning in flags.warnings:
        streams.warn(warning)
    suite = Path(program_path(flags)).stem
    program = load_program(flags)
    tests = [name for name in program.functions if not ((s := program[name].signature) and (s.parameters or s.results))]
    write = streams.stdout.write
    count = f"{len(tests)} test{'s' if len(tests) != 1 else ''}"
    write(f"[==========] Running {count} from 1 test suite.\n[----------] Global test environment set-up.\n")
    write(f"[----------] {count} from {suite}\n")
    failed: list[str] = []
    begin = time.perf_counter()
    for name in tests:
        write(f"[ RUN      ] {suite}.{name}\n")
        start = time.perf_counter()
        try:
            program[name]()
            verdict = "[       OK ]"
        except PyrieError as error:
            write(f"{error}\n")
            failed.append(name)
            verdict = "[  FAILED  ]"
        write(f"{verdict} {suite}.{name} ({1e3 * (time.perf_counter() - start):.0f} ms)\n")
    total = f"({1e3 * (time.perf_counter() - begin):.0f} ms total)"
    write(f"[----------] {count} from {suite} {total}\n\n[----------] Global test environment tear-down\n")
    write(f"[==========] {count} from 1 test suite ran. {total}\n[  PASSED  ] {len(tests) - len(failed)} tests.\n")
    if failed:
        write(f"[  FAILED  ] {len(failed)} test{'s' if len(failed) != 1 else ''}, listed below:\n")
        for name in failed:
            write(f"[  FAILED  ] {suite}.{name}\n")
    return int(bool(failed))
