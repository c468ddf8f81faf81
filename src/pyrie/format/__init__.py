"""The `.vmfb` file: container, bytecode tables, reader, writer, verifier, disassembler and the embedded ELF. Imports `support` only."""
