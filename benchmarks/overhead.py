"""What a call costs beside its kernels: small programs, Pyrie beside ONNX Runtime and IREE, in one pinned process, interleaved.

python benchmarks/overhead.py [--rounds 15] [--only abs mlp ...]

Each round times every contender for a while, in alternating order; printed are the medians of the rounds in microseconds, their ratio to
Pyrie's, and whether the target holds. IREE's fastest call from Python is timed (`FunctionInvoker` on device arrays, results left there),
and its call from numpy to numpy. Needs `pip install -e '.[bench]'`.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import pyrie

Call = Callable[[], Any]
SECONDS_A_ROUND = 0.05
CHAIN = 100


@dataclass
class Case:
    """A program, its arguments, its contenders; `targets` are the ratios pyrie / contender that must not be exceeded."""

    name: str
    text: str
    arguments: tuple[np.ndarray, ...]
    onnx: Callable[[], bytes] | None = None
    targets: dict[str, float] = field(default_factory=dict)


def matrix(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def dense(array: np.ndarray) -> str:
    return f'dense<"0x{array.tobytes().hex().upper()}"> : tensor<{"x".join(map(str, array.shape))}xf32>'


def mlp_weights() -> tuple[np.ndarray, ...]:
    return matrix(64, 64, seed=1), matrix(64, seed=2), matrix(64, 10, seed=3), matrix(10, seed=4)


def mlp_text() -> str:
    """64 -> 64, relu, -> 10, with constant weights."""
    w1, b1, w2, b2 = mlp_weights()
    return f"""
    func.func @main(%x: tensor<1x64xf32>) -> tensor<1x10xf32> {{
      %w1 = stablehlo.constant {dense(w1)}
      %b1 = stablehlo.constant {dense(b1.reshape(1, 64))}
      %w2 = stablehlo.constant {dense(w2)}
      %b2 = stablehlo.constant {dense(b2.reshape(1, 10))}
      %zero = stablehlo.constant dense<0.0> : tensor<1x64xf32>
      %0 = stablehlo.dot_general %x, %w1, contracting_dims = [1] x [0] : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
      %1 = stablehlo.add %0, %b1 : tensor<1x64xf32>
      %2 = stablehlo.maximum %1, %zero : tensor<1x64xf32>
      %3 = stablehlo.dot_general %2, %w2, contracting_dims = [1] x [0] : (tensor<1x64xf32>, tensor<64x10xf32>) -> tensor<1x10xf32>
      %4 = stablehlo.add %3, %b2 : tensor<1x10xf32>
      return %4 : tensor<1x10xf32>
    }}"""


def chain_text(rows: str) -> str:
    """Dependent products of one matrix of `rows` x 8 with one of 8 x 8."""
    kind = f"tensor<{rows}x8xf32>"
    steps = "\n".join(
        f"%{i + 1} = stablehlo.dot_general %{i if i else 'x'}, %w, contracting_dims = [1] x [0] : ({kind}, tensor<8x8xf32>) -> {kind}"
        for i in range(CHAIN)
    )
    return f"func.func @main(%x: {kind}, %w: tensor<8x8xf32>) -> {kind} {{\n{steps}\nreturn %{CHAIN} : {kind} }}"


def onnx_model(nodes: list[Any], inputs: dict[str, list[Any]], output: tuple[str, list[Any]], constants: dict[str, np.ndarray]) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    def value(name: str, shape: list[Any]) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "g", [value(*item) for item in inputs.items()], [value(*output)], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return model.SerializeToString()


def abs_onnx() -> bytes:
    from onnx import helper

    return onnx_model([helper.make_node("Abs", ["x"], ["y"])], {"x": [4]}, ("y", [4]), {})


def mlp_onnx() -> bytes:
    from onnx import helper

    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "w2", "b2"], ["y"]),
    ]
    return onnx_model(nodes, {"x": [1, 64]}, ("y", [1, 10]), dict(zip(("w1", "b1", "w2", "b2"), mlp_weights(), strict=True)))


def chain_onnx(rows: Any) -> bytes:
    from onnx import helper

    names = ["x", *(f"t{i}" for i in range(CHAIN - 1)), "y"]
    nodes = [helper.make_node("MatMul", [a, "w"], [b]) for a, b in itertools.pairwise(names)]
    return onnx_model(nodes, {"x": [rows, 8], "w": [8, 8]}, ("y", [rows, 8]), {})


ABS = "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> { %0 = stablehlo.abs %x : tensor<4xf32> return %0 : tensor<4xf32> }"
STEP = matrix(8, 8, seed=6) / 3  # keeps a hundred products in range


CASES = (
    Case("abs", ABS, (matrix(4),), abs_onnx, {"onnxruntime": 0.5, "iree": 0.5}),
    Case("mlp", mlp_text(), (matrix(1, 64),), mlp_onnx, {"onnxruntime": 0.4}),
    Case("chain", chain_text("8"), (matrix(8, 8), STEP), lambda: chain_onnx(8), {"iree": 0.5}),
    Case("chain, dynamic", chain_text("?"), (matrix(8, 8), STEP), lambda: chain_onnx("n")),
)


def pyrie_call(case: Case) -> Call:
    program = pyrie.compile(case.text)
    return lambda: program(*case.arguments)


def onnxruntime_call(case: Case) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    assert case.onnx is not None
    session = onnxruntime.InferenceSession(case.onnx(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    feed = dict(zip([i.name for i in session.get_inputs()], case.arguments, strict=True))
    return lambda: session.run(names, feed)[0]


def iree_call(case: Case, *, on_device: bool) -> Call:
    import iree.compiler
    import iree.runtime

    flags = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu", "--iree-llvmcpu-target-cpu=host"]
    module = iree.compiler.compile_str(case.text, input_type="stablehlo", extra_args=[*flags, "--iree-opt-level=O3"])
    runtime = iree.runtime
    config = runtime.Config("local-sync")
    hal = runtime.create_hal_module(config.vm_instance, config.device)
    program = runtime.VmModule.copy_buffer(config.vm_instance, module)
    context = runtime.VmContext(config.vm_instance, modules=[hal, program])
    invoke = runtime.FunctionInvoker(context, config.device, program.lookup_function("main"))
    if not on_device:
        return lambda: invoke(*case.arguments).to_host()
    arguments = [runtime.asdevicearray(config.device, a) for a in case.arguments]
    return lambda: invoke(*arguments)


CONTENDERS: dict[str, Callable[[Case], Call]] = {
    "pyrie": pyrie_call,
    "onnxruntime": onnxruntime_call,
    "iree": lambda case: iree_call(case, on_device=True),
    "iree, numpy": lambda case: iree_call(case, on_device=False),
}


def microseconds(call: Call) -> float:
    """Of one call, the mean over one stretch of a round."""
    count, clock = 0, time.perf_counter
    begin = clock()
    end = begin + SECONDS_A_ROUND
    while True:
        for _ in range(20):
            call()
        count += 20
        now = clock()
        if now >= end:
            return (now - begin) / count * 1e6


def measure(case: Case, rounds: int) -> dict[str, float]:
    calls = {name: make(case) for name, make in CONTENDERS.items()}
    expected = np.asarray(calls["onnxruntime"]())
    for name, call in calls.items():
        np.testing.assert_allclose(np.asarray(call()), expected, rtol=1e-3, atol=1e-4, err_msg=name)
        microseconds(call)  # warm
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        for name in list(calls) if number % 2 == 0 else reversed(list(calls)):
            times[name].append(microseconds(calls[name]))
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", nargs="*", help="names of cases")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    found: dict[str, dict[str, float]] = {}
    print("| program | " + " | ".join(f"{name}, us" for name in CONTENDERS) + " | pyrie / peer |")
    print("|---|" + "---|" * (len(CONTENDERS) + 1))
    for case in CASES:
        if options.only and case.name not in options.only:
            continue
        found[case.name] = times = measure(case, options.rounds)
        ratios = {name: times["pyrie"] / time for name, time in times.items() if name != "pyrie"}
        notes = [f"{name} {ratio:.2f}{_verdict(ratio, case.targets.get(name))}" for name, ratio in ratios.items()]
        print(f"| {case.name} | " + " | ".join(f"{time:.2f}" for time in times.values()) + f" | {', '.join(notes)} |", flush=True)
    if {"chain", "chain, dynamic"} <= found.keys():
        ratio = found["chain, dynamic"]["pyrie"] / found["chain"]["pyrie"]
        print(f"\ndynamic / static shapes: {ratio:.2f}{_verdict(ratio, 1.3)}")


def _verdict(ratio: float, target: float | None) -> str:
    return "" if target is None else f" (target {target}: {'met' if ratio <= target else 'MISSED'})"


if __name__ == "__main__":
    main()
