"""`pyrie run`: calls a function of a model or module and prints what it gives (iree-run-module)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyrie.runtime.signature import FunctionSignature, ScalarType
from pyrie.support.errors import InputError
from pyrie.tools.flags import Flag, help_text, parse_flags
from pyrie.tools.programs import CALL_FLAGS, is_model, load_program, select_function
from pyrie.tools.streams import Streams
from pyrie.tools.summary import Summary
from pyrie.tools.values import format_array, format_value, parse_inputs

FLAGS = (
    *CALL_FLAGS,
    Flag("--output", "where a result goes: @file.npy, or - to print it (repeat for each result)", list),
    Flag("--expected_output", "what a result must equal, written like --input; (ignored) skips one", list),
    Flag("--expected_f32_threshold", "how far floats may be from what is expected", default="0.0001"),
    Flag("--output_max_element_count", "elements of a result to print", int, default=1024),
    Flag("--print_statistics", "print what was memoized to standard error", bool),
)


def run(arguments: Sequence[str], streams: Streams) -> int:
    flags = parse_flags("run", FLAGS, arguments)
    if flags.help:
        streams.stdout.write(help_text("pyrie run MODULE [--function=F] [--input=...]...", "Calls a function.", FLAGS))
        return 0
    for warning in flags.warnings:
        streams.warn(warning)
    summary = Summary()
    program = load_program(flags, summary)
    function = select_function(program, flags.function)
    signature = function.signature
    inputs = parse_inputs(flags.input, signature)
    streams.stdout.write(f"EXEC @{function.__name__}\n")
    streams.stdout.flush()
    with summary.measure("call"):
        results = _as_tuple(function(*inputs))
    if flags.print_statistics:
        for name, stats in program.memo_stats().items():
            hits = "uses not counted" if stats.hits is None else f"{stats.hits} hits"
            counts = f"{hits}, {stats.misses} misses, {stats.evictions} evictions, {stats.entries} entries, {stats.bytes} bytes"
            streams.stderr.write(f"memoized @{name}: {counts}\n")
    if flags.expected_output:
        return _compare(results, parse_inputs_or_ignored(flags.expected_output), float(flags.expected_f32_threshold), streams)
    if flags.output:
        _write(results, flags.output, signature, flags.output_max_element_count, streams)
    else:
        for index, value in enumerate(results):
            _print(index, value, signature, flags.output_max_element_count, streams)
        if is_model(flags):
            summary.write(streams, results, program.device.driver)
    return 0


def _as_tuple(results: Any) -> tuple[Any, ...]:
    if results is None:
        return ()
    return results if isinstance(results, tuple) else (results,)


def _print(index: int, value: Any, signature: FunctionSignature | None, limit: int, streams: Streams) -> None:
    if isinstance(value, np.ndarray):
        streams.stdout.write(f"result[{index}]: hal.buffer_view\n{format_array(value, limit)}\n")
        return
    type_ = signature.results[index].type if signature is not None and index < len(signature.results) else None
    streams.stdout.write(f"result[{index}]: {format_value(value, type_.name if isinstance(type_, ScalarType) else None)}\n")


def _write(results: Sequence[Any], places: Sequence[str], signature: FunctionSignature | None, limit: int, streams: Streams) -> None:
    if len(places) != len(results):
        raise InputError(f"{len(places)} places for {len(results)} results", hint="one --output= for each result")
    for index, (value, place) in enumerate(zip(results, places, strict=True)):
        if place == "-":
            _print(index, value, signature, limit, streams)
            continue
        path = Path(place.removeprefix("@"))
        try:
            if path.suffix == ".npy":
                np.save(path, np.asarray(value))
            else:
                path.write_bytes(np.asarray(value).tobytes())
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror or error}", location=str(path)) from None


def parse_inputs_or_ignored(texts: Sequence[str]) -> list[Any]:
    """Like `parse_inputs`; None for `(ignored)`."""
    values: list[Any] = []
    for text in texts:
        values += [None] if text == "(ignored)" else parse_inputs([text], None)
    return values


def _compare(results: Sequence[Any], expected: Sequence[Any], tolerance: float, streams: Streams) -> int:
    if len(expected) != len(results):
        raise InputError(f"{len(expected)} expected outputs for {len(results)} results", hint="(ignored) skips one")
    failed = False
    for index, (actual, wanted) in enumerate(zip(results, expected, strict=True)):
        problem = None if wanted is None else _difference(np.asarray(actual), np.asarray(wanted), tolerance)
        if problem:
            failed = True
            shown = format_array(np.asarray(wanted)), format_array(np.asarray(actual))
            streams.stdout.write(f"[FAILED] result[{index}]: {problem}\n  expected:\n{shown[0]}\n  actual:\n{shown[1]}\n")
    if not failed:
        streams.stdout.write("[SUCCESS] all function outputs matched their expected values.\n")
    return int(failed)


def _difference(actual: np.ndarray, expected: np.ndarray, tolerance: float) -> str | None:
    if actual.shape != expected.shape:
        return f"shape {list(actual.shape)} does not match the expected {list(expected.shape)}"
    if actual.dtype != expected.dtype and actual.ndim:
        return f"element type {actual.dtype} does not match the expected {expected.dtype}"
    if actual.dtype.kind in "iub":
        wrong = np.flatnonzero((actual != expected).reshape(-1))
    else:
        wide = actual.astype(np.float64).reshape(-1), expected.astype(np.float64).reshape(-1)
        wrong = np.flatnonzero(~np.isclose(*wide, rtol=0, atol=tolerance, equal_nan=True))
    if not wrong.size:
        return None
    first = wrong[0]
    return f"element at index {first} ({actual.reshape(-1)[first]}) does not match the expected ({expected.reshape(-1)[first]})"
