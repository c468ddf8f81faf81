"""Dispatch regions become isolated dispatches whose operands are explicit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import ArrayAttr, IndexType, IntegerAttr, ModuleOp, TensorType
from xdsl.ir import Attribute, Block, Operation, OpResult, Region, SSAValue

from pyrie.dialects.flow import DispatchRegionOp, DispatchWorkgroupsOp, ReturnOp
from pyrie.dialects.iree_tensor_ext import DispatchTensorLoadOp, DispatchTensorStoreOp, DispatchTensorType
from pyrie.dialects.linalg import StructuredOp
from pyrie.dialects.linalg.interface import reads_output
from pyrie.dialects.tensor import InsertSliceOp
from pyrie.dialects.tensor.shapes import MixedIndex, dynamic_axes, shape_of, split
from pyrie.dialects.tensor.sizes import SizeBuilder
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.dispatch_creation.dispatch_regions import captures


@dataclass(frozen=True)
class ConvertDispatchRegionsToWorkgroups(ModulePass):
    """Makes captured tensors arguments that are loaded, results arguments that are stored, and dynamic sizes index arguments.

    before:  %r = flow.dispatch.region -> (tensor<?xf32>{%d}) { %s = linalg.generic ins(%x) ...; flow.return %s }
    after:   %r = flow.dispatch.workgroups(%x, %d) : (tensor<?xf32>{%d}, index) -> tensor<?xf32>{%d} =
                 (%in: !iree_tensor_ext.dispatch.tensor<readonly:...>, %n: index, %out: !iree_tensor_ext.dispatch.tensor<writeonly:...>) {
               %x = iree_tensor_ext.dispatch.tensor.load %in ...; %s = linalg.generic ...
               iree_tensor_ext.dispatch.tensor.store %s, %out ... }

    Legal because the body sees the same values. A result that is inserted or accumulated into a captured tensor is that tensor, changed
    in place.
    """

    name = "iree-dispatch-creation-convert-dispatch-regions-to-workgroups"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for region in [op for op in module.walk() if isinstance(op, DispatchRegionOp)]:
            _Conversion(region).run()


class _Conversion:
    """The conversion of one region.

    Arguments of the new body: captured tensors, captured scalars and sizes, then a tensor for each result that is not tied.
    """

    def __init__(self, region: DispatchRegionOp):
        self.region = region
        self.before: list[Operation] = []  # ops in front of the dispatch
        outer, captured = SizeBuilder(self.before.append), captures(region)
        returns = region.body.block.last_op
        assert isinstance(returns, ReturnOp)
        self.returns = returns
        self.tensors = [value for value in captured if isinstance(value.type, TensorType)]
        self.dims = {value: outer.dynamic_sizes(value) for value in self.tensors}
        self.inserts = [self._insertion_in_place(value) for value in returns.arguments]
        self.tied = [self._tied_tensor(value, insert) for value, insert in zip(returns.arguments, self.inserts, strict=True)]
        written = {tensor for tensor in self.tied if tensor is not None}
        inserted_into = {insert.dest for insert in self.inserts if insert is not None}
        self.read = [value for value in self.tensors if value not in inserted_into]
        sizes = [size for dims in self.dims.values() for size in dims]
        scalars = [value for value in captured if not isinstance(value.type, TensorType)]
        self.scalars = list(dict.fromkeys([*scalars, *sizes, *region.result_dims]))
        untied = [result for result, tensor in zip(region.results, self.tied, strict=True) if tensor is None]
        types: list[Attribute] = [DispatchTensorType("readwrite" if v in written else "readonly", v.type) for v in self.tensors]
        types += [value.type for value in self.scalars]
        types += [DispatchTensorType("writeonly", result.type) for result in untied]
        self.block = Block(arg_types=types)
        self.argument_of = dict(zip([*self.tensors, *self.scalars], self.block.args, strict=False))
        self.outputs = list(self.block.args[len(types) - len(untied) :])

    def run(self) -> None:
        inside: dict[SSAValue, SSAValue] = {value: self.argument_of[value] for value in self.scalars}
        for value in self.read:
            load = self._load(value)
            self.block.add_op(load)
            inside[value] = load.results[0]
        body = self.region.body.block
        for op in list(body.ops):
            op.detach()
            self.block.add_op(op)
            for inner in op.walk():
                for position, operand in enumerate(inner.operands):
                    if operand in inside:
                        inner.operands[position] = inside[operand]
        self._store_results()
        self._replace_region()

    def _insertion_in_place(self, value: SSAValue) -> InsertSliceOp | None:
        """The insertion that makes a result, when it is all that the region does with the captured tensor it inserts into."""
        op = value.owner
        if not isinstance(op, InsertSliceOp) or op.dest not in self.tensors or not op.result.has_one_use():
            return None
        return op if sum(self.region.is_ancestor(use.operation) for use in op.dest.uses) == 1 else None

    def _tied_tensor(self, value: SSAValue, insert: InsertSliceOp | None) -> SSAValue | None:
        """The captured tensor that a result is stored to: the one inserted into, or the one a structured op accumulates into."""
        if insert is not None:
            return insert.dest
        if not isinstance(value, OpResult) or not isinstance(value.op, StructuredOp):
            return None
        output = value.op.outputs[value.index]
        uses = sum(self.region.is_ancestor(use.operation) for use in output.uses)
        return output if output in self.tensors and uses == 1 and reads_output(value.op, value.index) else None

    # ---- loads and stores

    def _inner_dims(self, dims: Sequence[SSAValue]) -> list[SSAValue]:
        return [self.argument_of[size] for size in dims]

    def _load(self, value: SSAValue) -> Operation:
        dims = self._inner_dims(self.dims[value])
        operands, properties = _whole(value, dims)
        return DispatchTensorLoadOp.build(
            operands=[self.argument_of[value], dims, *operands], result_types=[value.type], properties=properties
        )

    def _store_results(self) -> None:
        outputs, dims = iter(self.outputs), list(self.region.result_dims)
        for value, insert, tied in zip(list(self.returns.arguments), self.inserts, self.tied, strict=True):
            count = len(dynamic_axes(value))
            own, dims = self._inner_dims(dims[:count]), dims[count:]
            if insert is None:
                operands, properties = _whole(value, own)
                target = next(outputs) if tied is None else self.argument_of[tied]
                store = DispatchTensorStoreOp.build(operands=[value, target, own, *operands], properties=properties)
            else:
                parts = (insert.mixed_offsets(), insert.mixed_sizes(), insert.mixed_strides())
                target_dims = self._inner_dims(self.dims[insert.dest])
                store = DispatchTensorStoreOp.build(
                    operands=[insert.source, self.argument_of[insert.dest], target_dims, *(split(part)[0] for part in parts)],
                    properties=_static(*parts),
                )
            self.block.insert_op_before(store, self.returns)
        self.block.insert_op_before(ReturnOp.build(operands=[[]]), self.returns)
        self.returns.detach()
        self.returns.erase()

    # ---- the dispatch

    def _replace_region(self) -> None:
        region = self.region
        ties = [-1 if tensor is None else self.tensors.index(tensor) for tensor in self.tied]
        for insert in self.inserts:
            if insert is not None:
                insert.detach()
                insert.erase()
        dispatch = DispatchWorkgroupsOp.build(
            operands=[
                [],
                [*self.tensors, *self.scalars],
                [size for dims in self.dims.values() for size in dims],
                list(region.result_dims),
            ],
            result_types=[[result.type for result in region.results]],
            properties={"tied_operands": ArrayAttr(IntegerAttr(tie, IndexType()) for tie in ties)} if max(ties, default=-1) >= 0 else {},
            attributes=dict(region.attributes),
            regions=[Region(self.block), Region()],
        )
        dispatch.location = region.location
        parent = region.parent
        assert parent is not None
        for op in (*self.before, dispatch):
            parent.insert_op_before(op, region)
        for old, new in zip(region.results, dispatch.results, strict=True):
            old.replace_all_uses_with(new)
        region.detach()
        region.erase()


def _whole(value: SSAValue, dims: Sequence[SSAValue]) -> tuple[list[list[SSAValue]], dict[str, Attribute]]:
    """Operands and properties of a load or store of all of a tensor."""
    sizes = iter(dims)
    lengths: list[MixedIndex] = [next(sizes) if size < 0 else size for size in shape_of(value)]
    return [[], split(lengths)[0], []], _static([0] * len(lengths), lengths, [1] * len(lengths))


def _static(offsets: Sequence[MixedIndex], sizes: Sequence[MixedIndex], strides: Sequence[MixedIndex]) -> dict[str, Attribute]:
    parts = {"static_offsets": offsets, "static_sizes": sizes, "static_strides": strides}
    return {name: split(part)[1] for name, part in parts.items()}
