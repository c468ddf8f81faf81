"""ONNX models to StableHLO."""

from pyrie.importers.onnx.graph import UnsupportedNode, import_onnx, unsupported_nodes
from pyrie.importers.onnx.registry import supported

__all__ = ["UnsupportedNode", "import_onnx", "supported", "unsupported_nodes"]
