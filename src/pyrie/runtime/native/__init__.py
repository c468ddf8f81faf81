"""Native code in memory: the runtime's own, and that of embedded ELF executables. Trusted like a shared library."""
