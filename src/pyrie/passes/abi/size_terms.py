"""Sizes as products, so that two ways of computing one are seen to be equal, and what is known of them where the IR is being read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from xdsl.ir import Operation, OpResult, SSAValue

from pyrie.dialects import arith, tensor
from pyrie.dialects.folding import constant_int
from pyrie.dialects.tensor.shapes import MixedIndex, known_size, tied_destination

Atom = SSAValue | tuple[SSAValue, int]  # a value, or one dimension of a tensor


class Term(NamedTuple):
    """A size: a number times unknown sizes, in a fixed order."""

    number: int
    atoms: tuple[Atom, ...] = ()

    def times(self, other: Term) -> Term:
        return Term(self.number * other.number, tuple(sorted((*self.atoms, *other.atoms), key=_order)))


def _order(atom: Atom) -> tuple[int, int]:
    value, axis = atom if isinstance(atom, tuple) else (atom, -1)
    return hash(value), axis  # only ever compared within one compile: two products of the same atoms list them alike


@dataclass
class SizeFacts:
    """Which sizes are known to be equal. A nested block starts from a copy: what holds before it holds inside."""

    same: dict[Term, Term] = field(default_factory=dict)
    bounds: set[tuple[Term, Term]] = field(default_factory=set)

    def copy(self) -> SizeFacts:
        return SizeFacts(dict(self.same), set(self.bounds))

    def are_equal(self, a: Term, b: Term) -> bool:
        return self._root(a) == self._root(b)

    def equate(self, a: Term, b: Term) -> None:
        """Notes that `a` and `b` are equal; numbers stand for the sizes they are equal to."""
        a, b = self._root(a), self._root(b)
        if a != b:
            if not a.atoms:
                a, b = b, a
            self.same[a] = b

    def is_at_most(self, a: Term, b: Term) -> bool:
        a, b = self._root(a), self._root(b)
        return a == b or (a, b) in self.bounds or (not a.atoms and (a.number == 0 or (not b.atoms and a.number <= b.number)))

    def bound(self, a: Term, b: Term) -> None:
        """Notes that `a` is at most `b`."""
        self.bounds.add((self._root(a), self._root(b)))

    def _root(self, term: Term) -> Term:
        while (parent := self.same.get(term)) is not None:
            term = parent
        if len(term.atoms) + (term.number != 1) < 2:
            return term
        product = Term(term.number)
        for atom in term.atoms:
            product = product.times(self._root(Term(1, (atom,))))
        return product

    def term(self, size: MixedIndex) -> Term:
        """The term of a static size or a size value."""
        if isinstance(size, int):
            return Term(size)
        if (number := constant_int(size)) is not None:
            return Term(number)
        op = size.owner
        if isinstance(op, tensor.DimOp) and (axis := constant_int(op.index)) is not None:
            return self.dimension(op.source, axis)
        if isinstance(op, arith.MuliOp):
            return self.term(op.lhs).times(self.term(op.rhs))
        if isinstance(op, arith.DivUIOp | arith.DivSIOp) and (divisor := constant_int(op.rhs)):
            whole = self.term(op.lhs)
            if whole.number % divisor == 0:
                return Term(whole.number // divisor, whole.atoms)
        return Term(1, (size,))

    def dimension(self, value: SSAValue, axis: int) -> Term:
        """The term of one dimension of a tensor, without making an op for it."""
        known = known_size(value, axis)
        if known is not None:
            return self.term(known)
        while isinstance(value, OpResult) and (destination := tied_destination(value)) is not None:
            value = destination
        if isinstance(collapse := value.owner, tensor.CollapseShapeOp):
            product = Term(1)
            for inner in collapse.groups()[axis]:
                product = product.times(self.dimension(collapse.src, inner))
            return product
        return Term(1, ((value, axis),))


def is_computed_from(size: SSAValue, atoms: tuple[Atom, ...], facts: SizeFacts, depth: int = 8) -> bool:
    """Whether arithmetic that ends in `size` starts at one of `atoms`: whoever made it knew that size."""
    if any(atom in atoms for atom in facts.term(size).atoms):
        return True
    op = size.owner
    if depth == 0 or not isinstance(op, Operation) or not op.name.startswith("arith."):
        return False
    return any(is_computed_from(operand, atoms, facts, depth - 1) for operand in op.operands)
