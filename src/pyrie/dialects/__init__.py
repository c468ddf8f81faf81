"""One file (or small folder) a dialect: ops, types, attributes, assembly, verifiers and folds."""

import pyrie.ir.lazy_formats  # noqa: F401 - before any op class is defined
