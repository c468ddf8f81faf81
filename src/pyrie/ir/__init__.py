"""A thin foundation over xDSL: parsing, printing, resources, symbols, passes, rewriting and the reference interpreter."""

import pyrie.ir.lazy_formats  # noqa: F401 - before any op class is defined
