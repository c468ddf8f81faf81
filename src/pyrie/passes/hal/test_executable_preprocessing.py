"""Stands in for a user's own preprocessing of executables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64

from pyrie.dialects import arith
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.executable_variants import variants


@dataclass(frozen=True)
class TestExecutablePreprocessing(ModulePass):
    """Replaces every i64 constant of a variant by the value `replace_i64` of its target's configuration, if it has one.

    before:  hal.executable.variant @v target(<"b", "f", {replace_i64 = 123 : i64}>) { ... arith.constant 8080 : i64 ... }
    after:   hal.executable.variant @v target(<"b", "f", {replace_i64 = 123 : i64}>) { ... arith.constant 123 : i64 ... }

    Not legal for anything but tests of `iree-hal-preprocess-executables-with-*`, which need a change that depends on the target.
    """

    name: ClassVar[str] = "iree-codegen-test-executable-preprocessing"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for variant in variants(module):
            value = variant.target.configuration.data.get("replace_i64")
            if not isinstance(value, IntegerAttr):
                continue
            for op in variant.walk():
                if isinstance(op, arith.ConstantOp) and op.results[0].type == i64:
                    op.properties["value"] = IntegerAttr(value.value.data, i64)
