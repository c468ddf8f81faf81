"""One file (or small folder) a dialect: ops, types, attributes, assembly, verifiers and folds."""
