"""Runtime functions that kernels call and LLVM would otherwise take from a C library: internal LLVM text, included where it is used."""
