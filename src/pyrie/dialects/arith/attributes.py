"""Attributes of the arith dialect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from xdsl.dialects.arith import IntegerOverflowFlag
from xdsl.dialects.utils import BitEnumAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.printer import Printer


@irdl_attr_definition
class IntegerOverflowAttr(BitEnumAttribute[IntegerOverflowFlag]):
    """Which overflows do not happen: `overflow<nsw, nuw>`."""

    name = "arith.overflow"
    none_value = "none"

    def __init__(self, flags: Iterable[IntegerOverflowFlag] | Literal["none"] | None):
        super().__init__(flags)

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string("<" + (", ".join(flag.value for flag in IntegerOverflowFlag if flag in self.data) or "none") + ">")
