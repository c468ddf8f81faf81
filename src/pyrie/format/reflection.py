"""What a module says of itself and of its functions: the names that the compiler writes and the runtime reads."""

from __future__ import annotations

REFLECTION = "iree.reflection"  # attribute of modules and functions in the compiler's text: what follows, by name
DECLARATION = "iree.abi.declaration"  # of a function: its signature as people read it
CPU_FEATURES = "pyrie.cpu_features"  # of a module: features that its kernels use, by LLVM's names, separated by commas
ALIGNMENT, ELEMENT = "pyrie.alignment", "element"  # of a module whose kernels need no more alignment than the elements they access
ARGUMENTS, READ_ONLY = "pyrie.arguments", "read-only"  # of a function that never writes to its arguments
