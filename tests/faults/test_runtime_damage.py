"""Damaged modules that still load: running them gives an answer or an error of ours, never a crash, another exception, or a hang of ours.

The native kernels are replaced by Python ones that touch every byte they are given, so that damage to sizes and ranges shows.
"""

from __future__ import annotations

import random
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from conftest import RealIREE
from pyrie.format.elf import read_image
from pyrie.format.reader import read_module
from pyrie.format.writer import write_module
from pyrie.program import Program
from pyrie.runtime import Executable, Kernel, executable_formats, register_format
from pyrie.runtime.native import embedded_elf
from pyrie.support.errors import PyrieError

SEED = 20261123
DAMAGES = 700
ADDRESS_SPACE = 8 << 30
SECONDS_EACH = 2.0  # a damaged loop may be endless; it is the program's, and the caller's to interrupt


class Endless(BaseException):
    """Raised by the timer."""


@pytest.fixture
def harmless_kernels() -> Iterator[None]:
    original = embedded_elf.load

    def load(data: memoryview, constants) -> Executable:
        read_image(data)
        kernels = original(data, constants).kernels

        def run(workgroups, values, memory):
            for binding in memory:
                binding[:] = binding[::-1].copy()

        return Executable("harmless", [Kernel(k.name, k.constant_count, k.binding_count, hosted=run) for k in kernels])

    name = f"embedded-elf-{embedded_elf.host_machine()}"
    before = executable_formats()[name]
    register_format(name, load)
    yield
    register_format(name, before.load, is_native=True)


@pytest.fixture
def limits() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Endless

    memory, handler = resource.getrlimit(resource.RLIMIT_AS), signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, memory[1]))
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, handler)
    resource.setrlimit(resource.RLIMIT_AS, memory)


def exercise(data: bytes, device: str) -> bool:
    """Loads and calls everything with plausible arguments; whether it came to an end."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS_EACH)
    try:
        program = Program(data, device)
        for name in program.functions:
            signature = program.signature(name)
            arguments = []
            for parameter in signature.parameters if signature else ():
                shape = [d or 3 for d in getattr(parameter.type, "shape", ())]
                arguments.append(np.ones(shape, parameter.type.element.numpy) if hasattr(parameter.type, "element") else 2)
            try:
                program[name](*arguments)
            except PyrieError as error:
                assert str(error)
    except PyrieError as error:
        assert str(error)
    except Endless:
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return True


@pytest.mark.parametrize("device", ["local-sync", "local-task"])
@pytest.mark.parametrize("name", ["counter", "loop", "mlp"])
@pytest.mark.usefixtures("harmless_kernels", "limits")
def test_damaged_bytecode_runs_to_an_answer_or_an_error(real_iree: Callable[[Path | str], RealIREE], name: str, device: str):
    module = read_module(real_iree(name).module)
    original = write_module(module, digests=False)
    assert exercise(original, device)
    size = sum(len(f.bytecode) for f in module.functions)
    start = original.index(bytes(module.functions[0].bytecode))
    generator = random.Random(f"{SEED}-{name}-{device}")
    endless = 0
    for damage in range(DAMAGES // 6):
        data = bytearray(original)
        for _ in range(generator.choice((1, 1, 2))):
            position = start + generator.randrange(size)
            data[position] = generator.choice((0, 1, 0xFF, data[position] ^ 1 << generator.randrange(8)))
        try:
            endless += not exercise(bytes(data), device)
        except Exception as error:
            pytest.fail(f"seed {SEED}, {name}, damage {damage}: {type(error).__name__}: {error}")
    assert endless <= 3


def test_native_code_is_refused_on_request(real_iree: Callable[[Path | str], RealIREE]):
    with pytest.raises(PyrieError, match="native code is refused"):
        Program(real_iree("mlp").module, allow_native=False)


@pytest.mark.parametrize("content", [b"", b"not a module", b"\0" * 1000, b"PK\3\4" + b"\xff" * 100])
def test_files_that_are_no_modules(tmp_path: Path, content: bytes):
    path = tmp_path / "module.vmfb"
    path.write_bytes(content)
    for source in (path, content):
        with pytest.raises(PyrieError):
            Program(source)
    with pytest.raises(PyrieError, match=r"absent\.vmfb"):
        Program(tmp_path / "absent.vmfb")
