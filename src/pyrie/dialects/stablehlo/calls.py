"""Ops that stand for something else: composites, custom calls, barriers; and ops known by name only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import BoolAttr, DenseArrayBase, DictionaryAttr, IntegerAttr, StringAttr, SymbolRefAttr, i32, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import NoMemoryEffect, Pure

from pyrie.dialects.stablehlo.assembly import CustomCallTarget, PairwiseTypes, UnaryType
from pyrie.dialects.stablehlo.attributes import FftTypeAttr, RngAlgorithmAttr
from pyrie.dialects.stablehlo.elementwise import AnyTensor


@irdl_op_definition
class CompositeOp(IRDLOperation):
    """A named operation with a function that spells it out, for those who do not know the name."""

    name = "stablehlo.composite"
    inputs = var_operand_def()
    composite_name = prop_def(StringAttr, prop_name="name")
    composite_attributes = opt_prop_def(DictionaryAttr)
    decomposition = prop_def(SymbolRefAttr)
    version = opt_prop_def(IntegerAttr)
    results_ = var_result_def()
    traits = traits_def(NoMemoryEffect())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$name $inputs attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        name: str,
        inputs: Sequence[SSAValue],
        result_types: Sequence[Attribute],
        decomposition: str,
        attributes: Mapping[str, Attribute] | None = None,
    ):
        super().__init__(
            operands=[inputs],
            properties={
                "name": StringAttr(name),
                "composite_attributes": DictionaryAttr(attributes) if attributes else None,
                "decomposition": SymbolRefAttr(decomposition),
                "version": IntegerAttr(1, i32),
            },
            result_types=[result_types],
        )


@irdl_op_definition
class CustomCallOp(IRDLOperation):
    """Calls something outside of StableHLO by name."""

    name = "stablehlo.custom_call"
    inputs = var_operand_def()
    call_target_name = prop_def(StringAttr)
    has_side_effect = opt_prop_def(BoolAttr)
    backend_config = opt_prop_def(StringAttr | DictionaryAttr)
    api_version = opt_prop_def(IntegerAttr, default_value=IntegerAttr(1, i32))
    called_computations = opt_prop_def()
    operand_layouts = opt_prop_def()
    result_layouts = opt_prop_def()
    output_operand_aliases = opt_prop_def()
    results_ = var_result_def()
    irdl_options = (ParsePropInAttrDict(),)
    custom_directives = (CustomCallTarget,)
    assembly_format = "custom<CustomCallTarget>($call_target_name) `(` $inputs `)` attr-dict `:` functional-type(operands, results)"


@irdl_op_definition
class OptimizationBarrierOp(IRDLOperation):
    """Gives its operands; nothing may move across it."""

    name = "stablehlo.optimization_barrier"
    operand = var_operand_def()
    results_ = var_result_def()
    custom_directives = (PairwiseTypes,)
    assembly_format = "attr-dict $operand `:` custom<PairwiseTypes>(type($operand), type($results_))"


@irdl_op_definition
class CholeskyOp(IRDLOperation):
    """The Cholesky factor of positive definite matrices."""

    name = "stablehlo.cholesky"
    a = operand_def(AnyTensor)
    lower = opt_prop_def(BoolAttr)
    result = result_def(AnyTensor)
    traits = traits_def(NoMemoryEffect())
    custom_directives = (UnaryType,)
    assembly_format = "$a (`,` `lower` `=` $lower^)? attr-dict `:` custom<UnaryType>(type($a), type($result))"


@irdl_op_definition
class FftOp(IRDLOperation):
    """Fourier transforms over the trailing dimensions."""

    name = "stablehlo.fft"
    operand = operand_def(AnyTensor)
    fft_type = prop_def(FftTypeAttr)
    fft_length = prop_def(DenseArrayBase.constr(i64))
    result = result_def(AnyTensor)
    traits = traits_def(NoMemoryEffect())
    assembly_format = "$operand `,` `type` `=` $fft_type `,` `length` `=` $fft_length attr-dict `:` functional-type(operands, results)"


@irdl_op_definition
class EinsumOp(IRDLOperation):
    """A sum of products in Einstein's notation."""

    name = "stablehlo.einsum"
    lhs = operand_def(AnyTensor)
    rhs = operand_def(AnyTensor)
    einsum_config = prop_def(StringAttr)
    result = result_def(AnyTensor)
    traits = traits_def(Pure())
    assembly_format = "$lhs `,` $rhs `,` `config` `=` $einsum_config attr-dict `:` functional-type(operands, results)"


@irdl_op_definition
class RngBitGeneratorOp(IRDLOperation):
    """Random bits and the generator's next state."""

    name = "stablehlo.rng_bit_generator"
    initial_state = operand_def(AnyTensor)
    rng_algorithm = prop_def(RngAlgorithmAttr)
    output_state = result_def(AnyTensor)
    output = result_def(AnyTensor)
    traits = traits_def(NoMemoryEffect())
    assembly_format = "$initial_state `,` `algorithm` `=` $rng_algorithm attr-dict `:` functional-type(operands, results)"

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("output_state", "output")


OPS: list[type[Operation]] = [
    CholeskyOp, CompositeOp, CustomCallOp, EinsumOp, FftOp, OptimizationBarrierOp, RngBitGeneratorOp,
]  # fmt: skip
