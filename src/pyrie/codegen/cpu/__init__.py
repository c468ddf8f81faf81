"""Executables for CPUs: tensors -> tiles (strategies) -> vectors (kernels) -> LLVM text -> objects."""
