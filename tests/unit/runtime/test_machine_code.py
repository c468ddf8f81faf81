"""The runtime's own machine code: as committed, and as it behaves."""

from __future__ import annotations

import ctypes
import platform
import runpy
from pathlib import Path

import pytest

from pyrie.runtime import Executable, Fence, Kernel, create_device
from pyrie.runtime.hal.command_buffer import CommandBuffer
from pyrie.runtime.hal.device import TaskDevice
from pyrie.runtime.native import cpu, kernels
from pyrie.runtime.native.memory import PROT_EXECUTE, PROT_READ, PROT_WRITE, NativeMemory
from pyrie.support.errors import DeviceError

ROOT = Path(__file__).resolve().parents[3]
needs_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="machine code for x86-64")
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_committed_machine_code_is_what_its_source_compiles_to(architecture: str):
    script = runpy.run_path(str(ROOT / "scripts" / "generate_machine_code.py"))
    committed = (ROOT / "src" / "pyrie" / "runtime" / "native" / f"{architecture}.py").read_text()
    assert script["generated"](architecture) == committed, "run scripts/generate_machine_code.py"


@pytest.mark.parametrize("text", ["call void @outside()", "store ptr @global, ptr @global"])
def test_machine_code_that_needs_anything_is_refused(text: str):
    script = runpy.run_path(str(ROOT / "scripts" / "generate_machine_code.py"))
    module = f"declare void @outside() @global = internal global ptr null define void @f() {{ {text} ret void }}"
    with pytest.raises(SystemExit, match="it must stand alone"):
        script["machine_code"](module, "aarch64-unknown-linux-gnu")


def visited(run: kernels.RunWorkgroups, counts: tuple[int, int, int], begin: int, end: int, fail_at: int = -1):
    """The workgroup ids that a loop visits, and what it returns; the kernel fails at its `fail_at`th call."""
    state = ctypes.create_string_buffer(kernels.DISPATCH_STATE.pack(1, 1, 1, 0, *counts, 1, 0, 0, 0, 0))
    workgroup = ctypes.create_string_buffer(kernels.WORKGROUP_STATE.size)
    seen = []

    @CALLBACK
    def kernel(environment, dispatch, group):
        assert (environment, dispatch) == (7, ctypes.addressof(state))
        seen.append(kernels.WORKGROUP_ID.unpack(ctypes.string_at(group, kernels.WORKGROUP_ID.size)))
        return 42 if len(seen) == fail_at else 0

    address = ctypes.cast(kernel, ctypes.c_void_p).value or 0
    code = run(address, 7, ctypes.addressof(state), ctypes.addressof(workgroup), begin, end)
    return seen, code


@pytest.mark.parametrize("native", [True, False], ids=["machine code", "Python"])
@pytest.mark.parametrize("counts", [(1, 1, 1), (5, 1, 1), (3, 4, 2), (1, 1, 7), (2, 1, 3)])
def test_workgroups_are_visited_in_order(counts: tuple[int, int, int], native: bool):
    run = kernels.run_workgroups() if native else kernels.run_workgroups_in_python
    everything = [(x, y, z) for z in range(counts[2]) for y in range(counts[1]) for x in range(counts[0])]
    for begin in range(len(everything) + 1):
        for end in range(begin, len(everything) + 1):
            assert visited(run, counts, begin, end) == (everything[begin:end], 0)


@pytest.mark.parametrize("native", [True, False], ids=["machine code", "Python"])
def test_the_first_failure_stops_the_loop(native: bool):
    run = kernels.run_workgroups() if native else kernels.run_workgroups_in_python
    seen, code = visited(run, (10, 1, 1), 2, 9, fail_at=3)
    assert (seen, code) == ([(2, 0, 0), (3, 0, 0), (4, 0, 0)], 42)


@needs_x86
@pytest.mark.parametrize("threads", [0, 1, 4])
def test_a_kernel_that_fails_fails_the_submission(threads: int):
    memory = NativeMemory(16)
    memory.write(0, bytes.fromhex("b82a000000c3"))  # mov eax, 42; ret
    memory.protect(0, 16, PROT_READ | PROT_EXECUTE)
    executable = Executable("test", [Kernel("doomed", 0, 0, address=memory.address)])
    device = TaskDevice(threads) if threads else create_device("local-sync")
    commands = CommandBuffer()
    commands.dispatch(executable, 0, (100, 1, 1), (), ())
    commands.finalize()
    for _ in range(2):
        done = Fence()
        device.execute(None, done, commands)
        with pytest.raises(DeviceError, match="kernel 'doomed' failed with code 42") as caught:
            done.wait(30)
        assert caught.value.code == "INTERNAL"


def test_writable_and_executable_at_once_is_refused():
    with pytest.raises(DeviceError, match="writable and executable"):
        NativeMemory(16).protect(0, 16, PROT_READ | PROT_WRITE | PROT_EXECUTE)


@needs_x86
def test_cpu_features_agree_with_the_system():
    flags = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")).split()
    system = {"avx2": "avx2", "fma": "fma", "avx512f": "avx512f", "sse4.1": "sse4_1", "f16c": "f16c", "avx512vl": "avx512vl"}
    assert {name: cpu.features()[name] for name in system} == {name: spelled in flags for name, spelled in system.items()}
    word = cpu.processor_data()[0]
    assert bool(word >> 15 & 1) == ("avx2" in flags)


def test_local_memory_is_aligned_and_grows():
    address = kernels.SCRATCH.reserve(5000)
    *_, memory, size = kernels.WORKGROUP_STATE.unpack(ctypes.string_at(address, kernels.WORKGROUP_STATE.size))
    assert size >= 5000
    assert memory % 64 == 0
    assert kernels.SCRATCH.reserve(100) == address
