"""The `iree_cpu` dialect: configurations of kernels for CPUs."""

from __future__ import annotations

from xdsl.ir import Data, Dialect
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer

from pyrie.dialects.iree_codegen import FieldsAttr, integers


@irdl_attr_definition
class LoweringConfigAttr(FieldsAttr):
    """Tile sizes of an op by level: `<distribution = [4, 64, 0], vector_common_parallel = [4, 16, 0]>`."""

    name = "iree_cpu.lowering_config"

    def tile_sizes(self, level: str) -> tuple[int, ...]:
        """Tile sizes of one level, a 0 for a dimension that is not tiled; none when the level is absent."""
        return integers(self.get(level))

    def asm_alias(self) -> str | None:
        return "config"


@irdl_attr_definition
class CPUEncodingResolverAttr(FieldsAttr):
    """Decides the layout of encoded tensors on a CPU."""

    name = "iree_cpu.cpu_encoding_resolver"


@irdl_attr_definition
class VMVXEncodingResolverAttr(FieldsAttr):
    """Decides the layout of encoded tensors for the portable backend."""

    name = "iree_cpu.vmvx_encoding_resolver"


@irdl_attr_definition
class PipelineAttr(Data[str]):
    """A pipeline by name: `Default`, `DoubleTilingExpert`, `Mmt4dTilingExpert`, ..."""

    name = "iree_cpu.pipeline"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> str:
        with parser.in_angle_brackets():
            return parser.parse_identifier()

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(f"<{self.data}>")


DIALECT = Dialect("iree_cpu", [], [CPUEncodingResolverAttr, LoweringConfigAttr, PipelineAttr, VMVXEncodingResolverAttr])
