"""Sizes of tensors as values, making the ops they need."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import Operation, OpResult, SSAValue

from pyrie.dialects.tensor.basics import DimOp, index_constant
from pyrie.dialects.tensor.shapes import MixedIndex, dynamic_axes, known_size, shape_of, tied_destination


class SizeBuilder:
    """Finds the sizes of tensors, handing ops it has to make (constants, tensor.dim) to `add`, each once."""

    def __init__(self, add: Callable[[Operation], object]):
        self._add = add
        self._constants: dict[int, SSAValue] = {}
        self._dims: dict[tuple[SSAValue, int], SSAValue] = {}

    def value(self, size: MixedIndex) -> SSAValue:
        """A size as a value."""
        if isinstance(size, SSAValue):
            return size
        if size not in self._constants:
            constant = index_constant(size)
            self._add(constant)
            self._constants[size] = constant.result
        return self._constants[size]

    def size(self, tensor: SSAValue, axis: int) -> MixedIndex:
        """The size of `tensor` along `axis`: static, an operand of its producer, or a tensor.dim of whatever fixes its shape."""
        known = known_size(tensor, axis)
        if known is not None:
            return known
        while isinstance(tensor, OpResult):
            destination = tied_destination(tensor)
            if destination is None:
                break
            tensor = destination
        key = (tensor, axis)
        if key not in self._dims:
            dim = DimOp(tensor, self.value(axis))
            self._add(dim)
            self._dims[key] = dim.result
        return self._dims[key]

    def sizes(self, tensor: SSAValue) -> list[MixedIndex]:
        """All sizes."""
        return [self.size(tensor, axis) for axis in range(len(shape_of(tensor)))]

    def dynamic_sizes(self, tensor: SSAValue) -> list[SSAValue]:
        """The dynamic sizes, in axis order."""
        return [self.value(self.size(tensor, axis)) for axis in dynamic_axes(tensor)]
