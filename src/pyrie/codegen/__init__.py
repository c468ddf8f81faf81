"""Executables: from linalg on tensors to objects for a target."""
