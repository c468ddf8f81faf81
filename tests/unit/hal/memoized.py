"""Programs with memoize regions, run: a region adds to a counter each time its body runs, so that callers can tell."""

from __future__ import annotations

from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.passes import ModulePass, Pipeline
from pyrie.ir.transforms.canonicalize import Canonicalize
from pyrie.ir.transforms.cse import CSE
from pyrie.passes.hal.initialize_devices import InitializeDevices
from pyrie.passes.options import CompileOptions
from pyrie.passes.vm.bytecode import emit_module
from pyrie.passes.vm.pipeline import vm_phase
from pyrie.runtime.context import Context, Module
from pyrie.runtime.hal.device import get_device

DEVICE = 'util.global private @device = #hal.device.target<"local"> : !hal.device\n'
COUNTER = """
util.global private mutable @runs = 0 : i64
util.func public @count() -> i64 {
  %runs = util.global.load @runs : i64
  util.return %runs : i64
}
util.func private @ran() attributes {inlining_policy = #util.inline.never} {
  %one = arith.constant 1 : i64
  %old = util.global.load @runs : i64
  %new = arith.addi %old, %one : i64
  util.global.store %new, @runs : i64
  util.return
}
"""


def compiled(text: str, *passes: ModulePass) -> bytes:
    """The module for a program at the level of hal, after some passes."""
    context = make_context()
    module = parse_module(text, context)
    Pipeline("under test", *passes, Canonicalize(), CSE(), InitializeDevices()).run(context, module)
    vm_phase(CompileOptions()).run(context, module)
    return emit_module(module)


def loaded(text: str, *passes: ModulePass) -> Context:
    return Context(Module.read(compiled(text, *passes)), (get_device("local-sync"),))
