"""What a module says of itself and of its functions: the names that the compiler writes and the runtime reads."""

from __future__ import annotations

REFLECTION = "iree.reflection"  # attribute of modules and functions in the compiler's text: what follows, by name
DECLARATION = "iree.abi.declaration"  # of a function: its signature as people read it
CPU_FEATURES = "pyrie.cpu_features"  # of a module: features that its kernels use, by LLVM's names, separated by commas
ALIGNMENT, ELEMENT = "pyrie.alignment", "element"  # of a module whose kernels need no more alignment than the elements they access
ARGUMENTS, READ_ONLY = "pyrie.arguments", "read-only"  # of a function that never writes to its arguments

# Of a module that memoizes: how (`static`: when it is loaded, `lru`: also while it runs), and a line for each cache (format/memo.py).
MEMO, MEMO_STATIC, MEMO_LRU = "pyrie.memo", "static", "lru"
MEMO_CACHES = "pyrie.memo.caches"
MEMO_LOOKUP, MEMO_REGION = "lookup", "pyrie.memo.region"  # `pyrie.memo` of a private function that looks into the caches of a region

# Exported functions of such a module, for runtimes that ask. None takes arguments.
MEMO_STATS = "__memo_stats"  # three i64 for each cache, in order: look-ups, misses, evictions
MEMO_RECORDINGS = "__memo_recordings"  # all recordings that are held, cache by cache; empty slots are null
MEMO_RESET = "__memo_reset"  # forgets what caches hold, and records anew what was recorded when the module was loaded
