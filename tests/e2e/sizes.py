"""Functions whose ops need sizes to agree that only the arguments of a call say, with shapes that do and shapes that do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Disagreement:
    """One function: its text, shapes of float arguments it takes, shapes it must refuse, and what the refusal names."""

    name: str
    signature: str
    body: str
    agreeing: Sequence[Shape]
    disagreeing: Sequence[Shape]
    words: tuple[str, ...]

    def __str__(self) -> str:
        return self.name

    @property
    def text(self) -> str:
        return f"func.func @{self.name}{self.signature} {{\n{self.body}\n}}\n"

    @staticmethod
    def arguments(shapes: Sequence[Shape]) -> Iterator[np.ndarray]:
        for i, shape in enumerate(shapes):
            yield np.random.default_rng(i).standard_normal(shape).astype(np.float32)


def elementwise(name: str, op: str, result: str = "f32") -> Disagreement:
    return Disagreement(
        name,
        f"(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4x{result}>",
        f"  %0 = {op} : {'tensor<?x4xf32>' if result == 'f32' else '(tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xi1>'}\n"
        f"  return %0 : tensor<?x4x{result}>",
        [(3, 4), (3, 4)],
        [(300, 4), (2, 4)],
        ("input1", "dimension 0 of input0", "[2, 4]", "[300, 4]"),
    )


CASES = [
    elementwise("add", "stablehlo.add %x, %y"),
    elementwise("compare", "stablehlo.compare LT, %x, %y, FLOAT", "i1"),
    Disagreement(
        "select",
        "(%x: tensor<?xf32>, %y: tensor<?xf32>, %z: tensor<?xf32>) -> tensor<?xf32>",
        """  %p = stablehlo.compare GT, %x, %x, FLOAT : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xi1>
  %0 = stablehlo.select %p, %y, %z : (tensor<?xi1>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>""",
        [(5,), (5,), (5,)],
        [(500,), (500,), (5,)],
        ("input2", "dimension 0 of input0"),
    ),
    Disagreement(
        "number",
        "(%x: tensor<?xf32>, %y: tensor<300xf32>) -> tensor<?xf32>",
        """  %0 = stablehlo.add %x, %y : (tensor<?xf32>, tensor<300xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>""",
        [(300,), (300,)],
        [(2,), (300,)],
        ("input0", "must equal 300", "[2]"),
    ),
    Disagreement(
        "contraction",
        "(%x: tensor<?x?xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32>",
        """  %0 = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0] : (tensor<?x?xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>""",
        [(3, 5), (5, 8)],
        [(3, 500), (5, 8)],
        ("input1", "dimension 1 of input0", "[5, 8]"),
    ),
    Disagreement(
        "batch",
        "(%x: tensor<?x2x3xf32>, %y: tensor<?x3x2xf32>) -> tensor<?x2x2xf32>",
        """  %0 = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1]
    : (tensor<?x2x3xf32>, tensor<?x3x2xf32>) -> tensor<?x2x2xf32>
  return %0 : tensor<?x2x2xf32>""",
        [(4, 2, 3), (4, 3, 2)],
        [(400, 2, 3), (4, 3, 2)],
        ("input1", "dimension 0 of input0"),
    ),
    Disagreement(
        "convolution",
        "(%x: tensor<1x?x8xf32>, %k: tensor<4x2x3xf32>) -> tensor<1x4x6xf32>",
        """  %0 = stablehlo.convolution(%x, %k) dim_numbers = [b, f, 0]x[o, i, 0]->[b, f, 0], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 2 : i64} : (tensor<1x?x8xf32>, tensor<4x2x3xf32>) -> tensor<1x4x6xf32>
  return %0 : tensor<1x4x6xf32>""",
        [(1, 4, 8), (4, 2, 3)],
        [(1, 1, 8), (4, 2, 3)],
        ("input0", "must equal 4", "[1, 1, 8]"),
    ),
    Disagreement(
        "concatenation",
        "(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> tensor<?x?xf32>",
        """  %0 = stablehlo.concatenate %x, %y, dim = 0 : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>""",
        [(2, 3), (4, 3)],
        [(2, 300), (4, 3)],
        ("input1", "dimension 1 of input0"),
    ),
    Disagreement(
        "sum_of_parts",
        "(%x: tensor<?xf32>, %y: tensor<?xf32>, %z: tensor<?xf32>) -> tensor<?xf32>",
        """  %0 = stablehlo.concatenate %x, %y, dim = 0 : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %1 = stablehlo.multiply %0, %z : tensor<?xf32>
  return %1 : tensor<?xf32>""",
        [(2,), (3,), (5,)],
        [(200,), (300,), (5,)],
        ("'input2'", "must be equal", "input0: float32[200]", "input2: float32[5]"),
    ),
    Disagreement(
        "broadcast",
        "(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32>",
        """  %c = stablehlo.constant dense<4> : tensor<1xi32>
  %n = stablehlo.get_dimension_size %y, dim = 0 : (tensor<?x4xf32>) -> tensor<i32>
  %m = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
  %s = stablehlo.concatenate %m, %c, dim = 0 : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
  %0 = stablehlo.dynamic_broadcast_in_dim %x, %s, dims = [0, 1] : (tensor<?x4xf32>, tensor<2xi32>) -> tensor<?x4xf32>
  %1 = stablehlo.add %0, %y : tensor<?x4xf32>
  return %1 : tensor<?x4xf32>""",
        [(1, 4), (6, 4)],
        [(2, 4), (600, 4)],
        ("must be 1 or that of the result", "input0: float32[2, 4]", "input1: float32[600, 4]"),
    ),
    Disagreement(
        "reshape",
        "(%x: tensor<?xf32>) -> tensor<3x4xf32>",
        """  %0 = stablehlo.reshape %x : (tensor<?xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>""",
        [(12,)],
        [(2,)],
        ("input0", "must equal 12", "[2]"),
    ),
    Disagreement(
        "slice",
        "(%x: tensor<?xf32>) -> tensor<8xf32>",
        """  %0 = stablehlo.slice %x [100:108] : (tensor<?xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>""",
        [(108,)],
        [(5,)],
        ("108 must be at most dimension 0 of 'input0'", "input0: float32[5]"),
    ),
    Disagreement(
        "update",
        "(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32>",
        """  %i = stablehlo.constant dense<1> : tensor<i32>
  %0 = stablehlo.dynamic_update_slice %x, %y, %i : (tensor<?xf32>, tensor<?xf32>, tensor<i32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>""",
        [(7,), (3,)],
        [(7,), (300,)],
        ("must be at most dimension 0 of 'input0'", "input1: float32[300]"),
    ),
    Disagreement(
        "gather",
        "(%x: tensor<?x4xf32>, %y: tensor<2xf32>) -> tensor<2x3x4xf32>",
        """  %i = stablehlo.convert %y : (tensor<2xf32>) -> tensor<2xi32>
  %0 = "stablehlo.gather"(%x, %i) <{
    dimension_numbers = #stablehlo.gather<offset_dims = [1, 2], start_index_map = [0], index_vector_dim = 1>,
    slice_sizes = array<i64: 3, 4>
  }> : (tensor<?x4xf32>, tensor<2xi32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>""",
        [(9, 4), (2,)],
        [(2, 4), (2,)],
        ("must fit into dimension 0", "input0: float32[2, 4]"),
    ),
    Disagreement(
        "branch",
        "(%x: tensor<?xf32>, %y: tensor<?xf32>, %z: tensor<f32>) -> tensor<?xf32>",
        """  %zero = stablehlo.constant dense<-1000.0> : tensor<f32>
  %p = stablehlo.compare GT, %z, %zero, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
  %0 = "stablehlo.if"(%p) ({
    %1 = stablehlo.add %x, %y : tensor<?xf32>
    "stablehlo.return"(%1) : (tensor<?xf32>) -> ()
  }, {
    "stablehlo.return"(%x) : (tensor<?xf32>) -> ()
  }) : (tensor<i1>) -> tensor<?xf32>
  return %0 : tensor<?xf32>""",
        [(4,), (4,), ()],
        [(400,), (4,), ()],
        ("dimension 0 of 'input1'", "must be equal to dimension 0 of 'input0'"),
    ),
]
