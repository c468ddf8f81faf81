"""The ONNX operators, one file a family."""
