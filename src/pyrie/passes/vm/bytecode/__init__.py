"""`vm` to bytecode: liveness, registers, branch copies, encoding, the module's tables. `emit_module` is the whole of it."""

from pyrie.passes.vm.bytecode.emission import build_module, emit_module

__all__ = ["build_module", "emit_module"]
