"""memref.global in MLIR's text."""

from __future__ import annotations

import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.support.errors import PyrieError

TEXT = """\
module {
  memref.global "private" constant @x : memref<2xf32> = dense<1.000000e+00> alignment = 64
  memref.global @y : memref<2xf32> = uninitialized
  memref.global "private" @z : memref<2xf32>
  memref.global "private" constant @r : memref<2xf32> = dense_resource<foo>
}

{-#
  dialect_resources: {
    builtin: {
      foo: "0x400000000000803F0000803F"
    }
  }
#-}
"""


def test_globals_round_trip():
    module = parse_module(TEXT, make_context(), name="globals")
    module.verify()
    assert print_module(module) == TEXT


def test_a_global_has_a_memref_type():
    with pytest.raises(PyrieError, match="expected a memref type"):
        parse_module("module { memref.global @x : tensor<2xf32> }", make_context(), name="globals")
