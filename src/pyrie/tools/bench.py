"""`pyrie bench`: how long a call takes (iree-benchmark-module)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from pyrie.support.errors import InputError
from pyrie.tools.flags import Flag, help_text, parse_flags
from pyrie.tools.programs import CALL_FLAGS, load_program, select_function
from pyrie.tools.streams import Streams
from pyrie.tools.values import parse_inputs

FLAGS = (
    *CALL_FLAGS,
    Flag("--benchmark_min_time", "seconds a measurement lasts at least", default="0.5"),
    Flag("--benchmark_repetitions", "how many measurements to take", int, default=1),
)
_UNITS = ((1e-6, 1e9, "ns"), (1e-3, 1e6, "us"), (1.0, 1e3, "ms"), (float("inf"), 1.0, "s"))


def run(arguments: Sequence[str], streams: Streams) -> int:
    flags = parse_flags("bench", FLAGS, arguments)
    if flags.help:
        streams.stdout.write(help_text("pyrie bench MODULE [--function=F] [--input=...]...", "Measures calls of a function.", FLAGS))
        return 0
    for warning in flags.warnings:
        streams.warn(warning)
    try:
        least = float(flags.benchmark_min_time.rstrip("s"))
    except ValueError:
        raise InputError(f"flag '--benchmark_min_time' is a number of seconds, not '{flags.benchmark_min_time}'") from None
    program = load_program(flags)
    function = select_function(program, flags.function)
    inputs = parse_inputs(flags.input, function.signature)
    function(*inputs)  # also finds wrong inputs before anything is printed
    name = f"BM_{function.__name__}"
    width = max(len(name) + 2, 32)
    rule = "-" * (width + 48)
    streams.stdout.write(f"{rule}\n{'Benchmark':{width}}{'Time':>12}{'CPU':>12}{'Iterations':>12}  items_per_second\n{rule}\n")
    for _ in range(max(1, flags.benchmark_repetitions)):
        count, wall, cpu = measure(function, inputs, least)
        streams.stdout.write(f"{name:{width}}{_time(wall / count):>12}{_time(cpu / count):>12}{count:>12}  {count / wall:.6g}/s\n")
    return 0


def measure(function: Callable[..., Any], inputs: Sequence[Any], least: float) -> tuple[int, float, float]:
    """Calls until `least` seconds have passed: calls, wall seconds, processor seconds."""
    count = 1
    while True:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            function(*inputs)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if wall >= least or count >= 1 << 30:
            return count, wall, cpu
        count = max(count + 1, int(count * min(10.0, 1.2 * least / max(wall, 1e-9))))


def _time(seconds: float) -> str:
    _, factor, unit = next(row for row in _UNITS if seconds < row[0])
    return f"{seconds * factor:.4g} {unit}"
