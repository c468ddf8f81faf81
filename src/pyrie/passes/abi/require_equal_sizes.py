"""Sizes that must agree are compared before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import arith, cf, hal, scf
from pyrie.dialects.tensor.basics import index_constant
from pyrie.dialects.tensor.shapes import MixedIndex
from pyrie.dialects.tensor.sizes import SizeBuilder
from pyrie.ir.context import Context
from pyrie.ir.locations import place
from pyrie.ir.passes import ModulePass
from pyrie.passes.abi.size_requirements import Dimension, Requirement, Side, asserted, requirements
from pyrie.passes.abi.size_terms import SizeFacts, Term, is_computed_from
from pyrie.passes.stream.emitter import host_functions

CONTROL_FLOW = (scf.ExecuteRegionOp, scf.ForOp, scf.IfOp, scf.IndexSwitchOp, scf.WhileOp)


@dataclass(frozen=True)
class RequireEqualSizes(ModulePass):
    """Makes each op's demands on sizes known only at run time part of the program, so that no kernel reads past a tensor's end.

    before:  %x = hal.tensor.import %a "input0" : !hal.buffer_view -> tensor<?xf32>{%m}
             %y = hal.tensor.import %b "input1" : !hal.buffer_view -> tensor<?xf32>{%n}
             %r = linalg.generic ... ins(%x, %y : tensor<?xf32>, tensor<?xf32>)
    after:   %y = hal.tensor.import %b "input1 (its dimension 0 must equal dimension 0 of input0)" : ... -> tensor<?xf32>{%m}

    What every call requires of two arguments becomes the shape that one of them is imported with: the import compares, and from there
    on there is one size. Any other requirement becomes a `cf.assert` in front of the op, unless what was required before implies it.
    Legal because an op whose operands disagree has no meaning: a program that is told so lost nothing.
    """

    name = "pyrie-abi-require-equal-sizes"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in host_functions(module):
            entry, *others = function.regions[0].blocks
            facts = SizeFacts()
            _Checks(facts, entry).run(entry)
            for block in others:
                _Checks(facts.copy(), None).run(block)


class _Checks:
    """The requirements of one block. `entry` is the block where it runs at every call, None elsewhere."""

    def __init__(self, facts: SizeFacts, entry: Block | None):
        self.facts, self.entry = facts, entry

    def run(self, block: Block) -> None:
        for op in list(block.ops):
            if (known := asserted(op)) is not None:
                if self._is_met(known) or self._unify(known, op):
                    Rewriter.erase_op(op)
                else:
                    self._note(known)
                continue
            for requirement in requirements(op):
                if not self._is_met(requirement):
                    self._require(requirement, op)
            if isinstance(op, CONTROL_FLOW):
                for region in op.regions:
                    for inner in region.blocks:
                        _Checks(self.facts.copy(), None).run(inner)

    # ---- what is known

    def _term(self, side: Side) -> Term:
        if isinstance(side, Dimension):
            return self.facts.dimension(side.value, side.axis)
        term = Term(1)
        for size in side:
            term = term.times(self.facts.term(size))
        return term

    def _is_met(self, requirement: Requirement) -> bool:
        left, right = self._term(requirement.left), self._term(requirement.right)
        if not requirement.at_most:
            return self.facts.are_equal(left, right)
        return self.facts.is_at_most(left, right) or any(
            is_computed_from(size, other.atoms, self.facts)
            for term, other in ((left, right), (right, left))
            for size in term.atoms
            if isinstance(size, SSAValue)
        )

    def _note(self, requirement: Requirement) -> None:
        note = self.facts.bound if requirement.at_most else self.facts.equate
        note(self._term(requirement.left), self._term(requirement.right))

    # ---- what is not

    def _require(self, requirement: Requirement, op: Operation) -> None:
        if self._unify(requirement, op):
            return
        self._note(requirement)
        left, right = (self._value(side, op) for side in (requirement.left, requirement.right))
        holds = arith.CmpiOp(left, right, "ule" if requirement.at_most else "eq")
        where = place(op.location)
        check = cf.AssertOp(holds, f"{where}: {requirement.words(op)}" if where else requirement.words(op))
        for made in (holds, check):
            made.location = op.location
            Rewriter.insert_op(made, InsertPoint.before(op))

    def _value(self, side: Side, op: Operation) -> SSAValue:
        """A side as a value, made in front of `op`."""

        def add(made: Operation) -> None:
            made.location = op.location
            Rewriter.insert_op(made, InsertPoint.before(op))

        sizes = SizeBuilder(add)
        factors: Sequence[MixedIndex] = [sizes.size(side.value, side.axis)] if isinstance(side, Dimension) else side
        total, *rest = (sizes.value(factor) for factor in factors)
        for factor in rest:
            product = arith.MuliOp(total, factor)
            add(product)
            total = product.result
        return total

    def _unify(self, requirement: Requirement, op: Operation) -> bool:
        """Gives an argument the size it must have, if that is a number or an earlier argument's, and if every call gets to `op`."""
        if requirement.at_most or self.entry is None or op.parent is not self.entry:
            return False
        left, right = self._term(requirement.left), self._term(requirement.right)
        a, b = self._argument_dimension(left), self._argument_dimension(right)
        if a is not None and b is not None:
            first, last = (a, b) if a.is_before_in_block(b) else (b, a)
            size, words = first.result, f"dimension {first.index.value.data} of {_argument_name(first)}"
        elif (last := a or b) is not None and not (left.atoms and right.atoms):
            number = (right if last is a else left).number
            constant = index_constant(number)
            constant.location = last.location
            Rewriter.insert_op(constant, InsertPoint.before(last))
            size, words = constant.result, str(number)
        else:
            return False
        _explain(last, words, place(op.location))
        self.facts.equate(left, right)
        last.result.replace_all_uses_with(size)
        Rewriter.erase_op(last)
        return True

    def _argument_dimension(self, term: Term) -> hal.BufferViewDimOp | None:
        """The op that reads the size from an argument that is imported, and thereby compared."""
        if term.number != 1 or len(term.atoms) != 1 or not isinstance(value := term.atoms[0], SSAValue):
            return None
        op = value.owner
        return op if isinstance(op, hal.BufferViewDimOp) and op.parent is self.entry and _imports(op) else None


def _imports(dim: hal.BufferViewDimOp) -> list[hal.TensorImportOp]:
    """The imports of the view with the size that was read from it."""
    ops = [use.operation for use in dim.result.uses]
    return [op for op in ops if isinstance(op, hal.TensorImportOp) and op.source is dim.buffer_view]


def _argument_name(dim: hal.BufferViewDimOp) -> str:
    name = _imports(dim)[0].import_name
    return name.data.partition(" (")[0] if name is not None else "another argument"


def _explain(dim: hal.BufferViewDimOp, words: str, where: str) -> None:
    """Lets the message of the comparison say why the size must be what it is."""
    for op in _imports(dim):
        name = op.import_name.data if op.import_name is not None else "tensor"
        reason = f"its dimension {dim.index.value.data} must equal {words}" + (f", see {where}" if where else "")
        op.import_name = StringAttr(f"{name} ({reason})")
