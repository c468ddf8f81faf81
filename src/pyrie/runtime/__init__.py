"""Loads and runs modules. Never imports the compiler.

    context = pyrie.runtime.load("model.vmfb", device="local-task")
    context.functions, context.signature("main"), context.call("main", ...)

`call` speaks the VM's language (buffer views, integers); `pyrie.program.Program` wraps it for arrays.
"""

from __future__ import annotations

from pyrie.runtime.context import Context, Module, load
from pyrie.runtime.hal.buffer import Buffer, BufferView
from pyrie.runtime.hal.device import Device, create_device, drivers, get_device, register_driver
from pyrie.runtime.hal.executable import Executable, Kernel, executable_formats, register_format
from pyrie.runtime.hal.semaphore import Fence, Semaphore

__all__ = [
    "Buffer",
    "BufferView",
    "Context",
    "Device",
    "Executable",
    "Fence",
    "Kernel",
    "Module",
    "Semaphore",
    "create_device",
    "drivers",
    "executable_formats",
    "get_device",
    "load",
    "register_driver",
    "register_format",
]
