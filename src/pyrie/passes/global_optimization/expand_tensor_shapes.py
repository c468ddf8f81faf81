"""Dynamic sizes beside the tensors that cross calls, globals and control flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, FunctionType, IndexType, IntegerAttr, ModuleOp, TensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import scf, util
from pyrie.dialects.directives import tied_indices, tied_operands_attr
from pyrie.dialects.flow import TensorTieShapeOp
from pyrie.dialects.tensor.sizes import SizeBuilder
from pyrie.ir.context import Context
from pyrie.ir.control_flow import incoming, set_successor_operands, successor_operands
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable

INDEX = IndexType()
LOOPS_AND_BRANCHES = (scf.ForOp, scf.IfOp, scf.IndexSwitchOp, scf.WhileOp)


@dataclass(frozen=True)
class ExpandTensorShapes(ModulePass):
    """Passes the dynamic sizes of tensors along with them.

    before:  %r = scf.while (%x = %0) : (tensor<?xf32>) -> tensor<?xf32> { ... }
    after:   %d = tensor.dim %0, %c0
             %r:2 = scf.while (%x = %0, %n = %d) : (tensor<?xf32>, index) -> (tensor<?xf32>, index) {
               %y = flow.tensor.tie_shape %x : tensor<?xf32>{%n} ... }
             %s = flow.tensor.tie_shape %r#0 : tensor<?xf32>{%r#1}

    Branches, private functions, their calls, and globals are treated alike. Legal because the sizes that are passed are those the
    tensor has; nothing outside the module sees the functions that change.
    """

    name = "iree-global-opt-expand-tensor-shapes"

    def apply(self, context: Context, module: ModuleOp) -> None:
        expansion = _Expansion(SymbolTable(module))
        for op in list(module.walk()):
            expansion.expand(op)


@dataclass
class _Expansion:
    symbols: SymbolTable
    size_globals: dict[str, list[str]] = field(default_factory=dict)

    def expand(self, op: Operation) -> None:
        for region in op.regions:
            for block in list(region.blocks)[1:]:
                _expand_block(block)
        if isinstance(op, util.FuncOp):
            if _is_expanded(op):
                _expand_function(op)
        elif isinstance(op, util.CallOp):
            callee = self.symbols.lookup(op.callee.string_value())
            if isinstance(callee, util.FuncOp) and _is_expanded(callee):
                _rebuild(op, _expanded_values(op.operands, op))
        elif isinstance(op, util.ReturnOp):
            parent = op.parent_op()
            if isinstance(parent, util.FuncOp) and _is_expanded(parent):
                op.operands = _expanded_values(op.operands, op)
        elif isinstance(op, LOOPS_AND_BRANCHES):
            _expand_control_flow(op)
        elif isinstance(op, util.GlobalLoadOp) and _is_dynamic(op.result.type):
            loads = [util.GlobalLoadOp(name, INDEX, immutable=op.is_immutable is not None) for name in self.sizes_of(op.global_name)]
            Rewriter.insert_op(loads, InsertPoint.after(op))
            _tie(op.result, [load.result for load in loads], InsertPoint.after(loads[-1]))
        elif isinstance(op, util.GlobalStoreOp) and _is_dynamic(op.value.type):
            sizes = _expanded_values([op.value], op)[1:]
            stores = [util.GlobalStoreOp(size, name) for size, name in zip(sizes, self.sizes_of(op.global_name), strict=True)]
            Rewriter.insert_op(stores, InsertPoint.after(op))

    def sizes_of(self, name: str) -> list[str]:
        """The globals that hold the dynamic sizes of the tensor in a global; made when first asked for."""
        if name not in self.size_globals:
            op = self.symbols.lookup(name)
            assert isinstance(op, util.GlobalOp)
            made = []
            for axis in _dynamic_axes_of(op.type):
                size = util.GlobalOp(f"{name}__d{axis}", INDEX, _initial_size(op, axis), mutable=op.is_mutable is not None)
                made.append(self.symbols.insert(size, after=op))
            self.size_globals[name] = made
        return self.size_globals[name]


def _initial_size(op: util.GlobalOp, axis: int) -> Attribute | None:
    """The size of a global's initial value, which has a static type of its own."""
    type = getattr(op.initial_value, "type", None)
    return IntegerAttr(type.get_shape()[axis], INDEX) if isinstance(type, TensorType) else None


def _is_dynamic(type: Attribute) -> bool:
    return bool(_dynamic_axes_of(type))


def _dynamic_axes_of(type: Attribute) -> list[int]:
    return [axis for axis, size in enumerate(type.get_shape()) if size < 0] if isinstance(type, TensorType) else []


def _is_expanded(op: util.FuncOp) -> bool:
    """Whether the module alone calls the function, with tensors of dynamic sizes."""
    private = op.sym_visibility is not None and op.sym_visibility.data == "private"
    return private and bool(op.body.blocks)


def _expanded_types(types: Sequence[Attribute]) -> list[Attribute]:
    return [t for type in types for t in (type, *[INDEX] * len(_dynamic_axes_of(type)))]


def _expanded_values(values: Sequence[SSAValue], before: Operation) -> list[SSAValue]:
    """The values, each followed by its dynamic sizes, which ops before `before` find."""
    sizes = SizeBuilder(lambda op: Rewriter.insert_op(op, InsertPoint.before(before)))
    return [v for value in values for v in (value, *(sizes.dynamic_sizes(value) if _is_dynamic(value.type) else ()))]


def _tie(value: SSAValue, sizes: Sequence[SSAValue], point: InsertPoint) -> None:
    """Lets everything use `value` tied to its sizes."""
    tie = TensorTieShapeOp(operands=[value, list(sizes)], result_types=[value.type])
    Rewriter.insert_op(tie, point)
    value.replace_uses_with_if(tie.result, lambda use: use.operation is not tie)


def _expand_arguments(block: Block) -> None:
    """Gives a block arguments for the sizes of its dynamic tensors."""
    for argument in reversed(block.args):
        axes = _dynamic_axes_of(argument.type)
        if axes:
            sizes = [block.insert_arg(INDEX, argument.index + 1 + i) for i in range(len(axes))]
            _tie(argument, sizes, InsertPoint.at_start(block))


def _expand_block(block: Block) -> None:
    """A block that branches lead to takes the sizes of its dynamic tensors from them."""
    edges = incoming(block) if any(_is_dynamic(argument.type) for argument in block.args) else None
    if edges is None:
        return
    for branch, index in edges:
        set_successor_operands(branch, index, _expanded_values(successor_operands(branch, index), branch))
    _expand_arguments(block)


def _rebuild(op: Operation, operands: Sequence[SSAValue]) -> None:
    """The op with other operands, and results for the sizes of its dynamic results."""
    regions = [op.detach_region(region) for region in list(op.regions)]
    new = type(op).create(
        operands=operands,
        result_types=_expanded_types([result.type for result in op.results]),
        properties=dict(op.properties),
        attributes=dict(op.attributes),
        regions=regions,
    )
    new.location = op.location
    if isinstance(new, util.CallOp) and new.tied_operands is not None:
        new.tied_operands = _expanded_ties(new.tied_operands, op.operand_types, op.result_types)
    Rewriter.insert_op(new, InsertPoint.before(op))
    index = 0
    kept: list[SSAValue] = []
    ties: list[tuple[SSAValue, list[SSAValue]]] = []
    for result in op.results:
        count = len(_dynamic_axes_of(result.type))
        kept.append(new.results[index])
        if count:
            ties.append((new.results[index], list(new.results[index + 1 : index + 1 + count])))
        index += 1 + count
    Rewriter.replace_op(op, [], kept)
    for value, sizes in ties:
        _tie(value, sizes, InsertPoint.after(new))


def _expand_control_flow(op: Operation) -> None:
    if not any(_is_dynamic(value.type) for value in (*op.operands, *op.results)):
        return
    regions: list[Region] = [region for region in op.regions if region.blocks]
    for region in regions:
        _expand_arguments(region.block)
        terminator = region.block.last_op
        assert terminator is not None
        terminator.operands = _expanded_values(terminator.operands, terminator)
    _rebuild(op, _expanded_values(op.operands, op))


def _expand_function(op: util.FuncOp) -> None:
    type = op.function_type
    inputs, outputs = list(type.inputs.data), list(type.outputs.data)
    if not any(map(_is_dynamic, (*inputs, *outputs))):
        return
    _expand_arguments(op.body.blocks[0])
    op.function_type = FunctionType.from_lists(_expanded_types(inputs), _expanded_types(outputs))
    op.arg_attrs = _expanded_attributes(op.arg_attrs, inputs)
    op.res_attrs = _expanded_attributes(op.res_attrs, outputs)
    if op.tied_operands is not None:
        op.tied_operands = _expanded_ties(op.tied_operands, inputs, outputs)


def _expanded_attributes(attributes: ArrayAttr[DictionaryAttr] | None, types: Sequence[Attribute]) -> ArrayAttr[DictionaryAttr] | None:
    if attributes is None:
        return None
    none = DictionaryAttr({})
    return ArrayAttr(
        [a for attribute, type in zip(attributes.data, types, strict=True) for a in (attribute, *[none] * len(_dynamic_axes_of(type)))]
    )


def _expanded_ties(ties: ArrayAttr, inputs: Sequence[Attribute], outputs: Sequence[Attribute]) -> ArrayAttr | None:
    """Which argument each result shares its storage with, counting the sizes; sizes share with none."""
    places = [len(_expanded_types(inputs[:i])) for i in range(len(inputs))]
    indices = [tie if tie < 0 else places[tie] for tie in tied_indices(ties, len(outputs))]
    return tied_operands_attr(i for tie, type in zip(indices, outputs, strict=True) for i in (tie, *[-1] * len(_dynamic_axes_of(type))))
