"""Every op's assembly format can be read."""

from __future__ import annotations

import pytest
from xdsl.irdl import IRDLOperation

from pyrie.dialects.registry import DIALECTS, load_dialect
from pyrie.ir.lazy_formats import LazyFormat


@pytest.mark.parametrize("name", DIALECTS)
def test_formats_are_well_formed(name: str):
    for op in load_dialect(name).operations:
        if not issubclass(op, IRDLOperation):
            continue
        definition = op.get_irdl_definition()
        if definition.assembly_format is not None:
            assert LazyFormat(definition.assembly_format, definition).program.stmts is not None
