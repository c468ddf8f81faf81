"""Compiles one dispatch from text and runs it on numpy arrays, workgroup by workgroup.

`Dispatch` writes the dispatch function round a body of tensor ops: inputs are `%in0`, `%in1`, ... and the results in `stores` go to the
outputs. A `?` in a shape is passed as a workload constant and is `%d0`, `%d1`, ... in the body, in the order in which they appear.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field

import ml_dtypes
import numpy as np
from xdsl.ir import SSAValue

from pyrie.codegen.cpu.backend import CPUBackend
from pyrie.codegen.cpu.kernels import PLANS
from pyrie.codegen.target import TargetOptions
from pyrie.dialects import hal
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.runtime.native.embedded_elf import load
from pyrie.runtime.native.kernels import DISPATCH_STATE, SCRATCH, run_workgroups

DTYPES = {
    "f32": np.float32, "f64": np.float64, "f16": np.float16, "bf16": ml_dtypes.bfloat16,
    "i1": np.bool_, "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
}  # fmt: skip
CANARY = 64  # bytes round each output that must not change


@dataclass
class Tensor:
    """`"4x?xf32"` with the sizes that the dynamic dimensions have."""

    text: str
    sizes: tuple[int, ...] = ()

    @property
    def element(self) -> str:
        return self.text.split("x")[-1]

    @property
    def dims(self) -> list[str]:
        return self.text.split("x")[:-1]

    @property
    def shape(self) -> tuple[int, ...]:
        sizes = iter(self.sizes)
        return tuple(next(sizes) if d == "?" else int(d) for d in self.dims)

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(DTYPES[self.element])


@dataclass
class Dispatch:
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]
    body: str
    stores: Sequence[str]
    aliases: str = ""
    sizes: list[int] = field(default_factory=list)

    def text(self, target: str) -> str:
        lines: list[str] = []
        self.sizes = []
        names: list[tuple[Tensor, list[str]]] = []
        for tensor in (*self.inputs, *self.outputs):
            values = []
            for d in tensor.sizes:
                if d not in self.sizes:
                    self.sizes.append(d)
                values.append(f"%d{self.sizes.index(d)}")
            names.append((tensor, values))
        for i in range(len(self.sizes)):
            lines.append(f"%s{i} = hal.interface.constant.load layout(#layout) ordinal({i}) : i32")
            lines.append(f"%t{i} = arith.index_castui %s{i} : i32 to index")
            lines.append(f"%d{i} = iree_tensor_ext.dispatch.workload.ordinal %t{i}, {i} : index")
        stores = []
        for binding, (tensor, values) in enumerate(names):
            is_input = binding < len(self.inputs)
            access = "readonly" if is_input else "writeonly"
            type = f"!iree_tensor_ext.dispatch.tensor<{access}:tensor<{tensor.text}>>"
            dims = "{" + ", ".join(values) + "}" if values else ""
            lines.append(
                f"%b{binding} = hal.interface.binding.subspan layout(#layout) binding({binding}) alignment(64) offset(%zero) : {type}{dims}"
            )
            rest = iter(values)
            sizes = ", ".join(next(rest) if d == "?" else d for d in tensor.dims)
            window = f"offsets = [{', '.join('0' * len(tensor.dims))}], sizes = [{sizes}], strides = [{', '.join('1' * len(tensor.dims))}]"
            if is_input:
                lines.append(
                    f"%in{binding} = iree_tensor_ext.dispatch.tensor.load %b{binding}, {window} : {type}{dims} -> tensor<{tensor.text}>"
                )
            else:
                value = self.stores[binding - len(self.inputs)]
                stores.append(
                    f"iree_tensor_ext.dispatch.tensor.store {value}, %b{binding}, {window} : tensor<{tensor.text}> -> {type}{dims}"
                )
        bindings = ", ".join("#hal.pipeline.binding<storage_buffer>" for _ in names)
        constants = f"constants = {len(self.sizes)}, " if self.sizes else ""
        workload = ", ".join(f"%w{i}" for i in range(len(self.sizes)))
        arguments = ", ".join(["%device: !hal.device", *(f"%w{i}: index" for i in range(len(self.sizes)))])
        kernel = "\n".join([*lines, self.body, *stores])
        return f"""
{self.aliases}
#layout = #hal.pipeline.layout<{constants}bindings = [{bindings}]>
#target = {target}
hal.executable private @executable {{
  hal.executable.variant public @variant target(#target) {{
    hal.executable.export public @kernel ordinal(0) layout(#layout) count({arguments}) -> (index, index, index) {{
      %x, %y, %z = iree_tensor_ext.dispatch.workgroup_count_from_slice({workload})
      hal.return %x, %y, %z : index, index, index
    }}
    builtin.module {{
      func.func @kernel() {{
        %zero = arith.constant 0 : index
        {kernel}
        return
      }}
    }}
  }}
}}
"""


@dataclass
class Compiled:
    dispatch: Dispatch
    strategy: str
    variant: hal.ExecutableVariantOp
    elf: bytes
    workgroups: tuple[int, int, int]

    def __call__(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """Runs all workgroups; the outputs start as garbage."""
        executable = load(memoryview(self.elf), [])
        kernel = executable.kernel(0)
        inputs = [_aligned(np.ascontiguousarray(a)) for a in arrays]
        outputs = [_aligned(np.frombuffer(b"\xa5" * (_size(t) + 2 * CANARY), np.uint8)) for t in self.dispatch.outputs]
        addresses = [a.ctypes.data for a in inputs] + [a.ctypes.data + CANARY for a in outputs]
        pointers = (ctypes.c_uint64 * len(addresses))(*addresses)
        lengths = (ctypes.c_uint64 * len(addresses))(*[a.nbytes for a in inputs], *[_size(t) for t in self.dispatch.outputs])
        constants = (ctypes.c_uint32 * max(len(self.dispatch.sizes), 1))(*self.dispatch.sizes)
        state = ctypes.create_string_buffer(DISPATCH_STATE.size)
        tables = (ctypes.addressof(constants), ctypes.addressof(pointers), ctypes.addressof(lengths))
        DISPATCH_STATE.pack_into(state, 0, 1, 1, 1, len(self.dispatch.sizes), *self.workgroups, 1, len(addresses), *tables)
        scratch = SCRATCH.reserve(kernel.local_memory)
        count = self.workgroups[0] * self.workgroups[1] * self.workgroups[2]
        assert run_workgroups()(kernel.address, kernel.environment, ctypes.addressof(state), scratch, 0, count) == 0
        results = []
        for tensor, memory in zip(self.dispatch.outputs, outputs, strict=True):
            size = _size(tensor)
            assert (memory[:CANARY] == 0xA5).all() and (memory[CANARY + size :] == 0xA5).all(), "the kernel writes outside of its output"
            results.append(memory[CANARY : CANARY + size].copy().view(tensor.dtype).reshape(tensor.shape))
        return results


def compile_dispatch(dispatch: Dispatch, cpu: str = "host", *, scalar: bool = False) -> Compiled:
    """Compiles a dispatch for `cpu`; `scalar` takes the plan that always works instead of the chosen one."""
    context, backend = make_context(), CPUBackend()
    (target,) = backend.executable_targets(TargetOptions(cpu=cpu))
    module = parse_module(dispatch.text(str(target)), context)
    variant = next(op for op in module.walk() if isinstance(op, hal.ExecutableVariantOp))
    backend.configure(context, variant)
    function = next(op for op in variant.walk() if op.name == "func.func")
    if scalar:
        from xdsl.dialects.builtin import ArrayAttr

        from pyrie.codegen.cpu.backend import machine_of
        from pyrie.codegen.cpu.kernels import pieces_of
        from pyrie.codegen.cpu.strategies import scalar_plan

        plans = [scalar_plan(piece, machine_of(variant)) for piece in pieces_of(function)]
        function.attributes[PLANS] = ArrayAttr([plan.attribute() for plan in plans])
    strategy = function.attributes[PLANS].data[0].data["strategy"].data
    backend.translate(context, variant)
    variant.verify()
    counts = _evaluate_count(variant.exports[0], dispatch.sizes)
    return Compiled(dispatch, strategy, variant, backend.serialize(context, variant).data, counts)


def _evaluate_count(export: hal.ExecutableExportOp, sizes: Sequence[int]) -> tuple[int, int, int]:
    block = export.workgroup_count.block
    known: dict[SSAValue, int] = dict(zip(block.args[1:], sizes, strict=True))
    functions = {
        "arith.addi": lambda a, b: a + b, "arith.muli": lambda a, b: a * b, "arith.divui": lambda a, b: a // b,
        "arith.maxui": max, "arith.subi": lambda a, b: a - b,
    }  # fmt: skip
    for op in block.ops:
        if op.name == "arith.constant":
            known[op.results[0]] = op.properties["value"].value.data
        elif op.name in functions:
            known[op.results[0]] = functions[op.name](*(known[o] for o in op.operands))
        else:
            assert op.name == "hal.return", op.name
            x, y, z = (known[o] for o in op.operands)
            return x, y, z
    raise AssertionError("no hal.return")


def _size(tensor: Tensor) -> int:
    return int(np.prod(tensor.shape, dtype=np.int64)) * tensor.dtype.itemsize


def _aligned(array: np.ndarray) -> np.ndarray:
    memory = np.empty(array.nbytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    result = memory[start : start + array.nbytes]
    result[:] = array.reshape(-1).view(np.uint8)
    return result
