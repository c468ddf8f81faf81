"""Bounds on what untrusted input may ask for. Each is far above any real model and far below harm."""

from __future__ import annotations

MAX_TEXT_BYTES = 1 << 31  # MLIR text; weights travel as resources, so text this long is not a model
MAX_NESTING_DEPTH = 128  # regions, attributes and types nested in one another
MAX_TENSOR_BYTES = 1 << 40  # one tensor
MAX_TENSOR_RANK = 64
MAX_TOKEN_BYTES = 1 << 30  # one string literal (a hexadecimal blob)
MAX_MODULE_BYTES = 1 << 40  # a .vmfb, weights included
MAX_GLOBAL_BYTES = 1 << 24  # scalar globals of one VM module
MAX_GLOBAL_REFS = 1 << 20  # references held by the globals of one VM module
MAX_BYTECODE_SHARING = 4  # functions may share bytecode; all lengths together are at most this many times the bytecode
MAX_POOLED_BYTES = 1 << 28  # freed large buffers that a device keeps for the next allocation
MAX_LIST_LENGTH = 1 << 24  # elements of one VM list
MAX_EXECUTABLE_BYTES = 1 << 30  # memory of one loaded executable
