"""From kernels to LLVM text: the one place where registers, unrolling and instruction names appear.

`text` collects lines, `values` are what SSA values become (vectors in register-sized chunks), `function` walks structured control flow,
`arithmetic` and `memory` hold the tables of instructions, `module` puts a binary's worth of text together.
"""
