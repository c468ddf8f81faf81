"""How a dispatch is cut into tiles. Each strategy is a module; the first of `STRATEGIES` that accepts a stored tensor's root op chooses."""

from __future__ import annotations

from collections.abc import Sequence

from pyrie.codegen.cpu.lowering.nests import Piece
from pyrie.codegen.cpu.machine import Machine
from pyrie.codegen.cpu.strategies.contraction import Contraction
from pyrie.codegen.cpu.strategies.plan import Plan, Strategy
from pyrie.codegen.cpu.strategies.pointwise import Pointwise
from pyrie.codegen.cpu.strategies.reduction import Reduction
from pyrie.codegen.cpu.strategies.scalar import ScalarNest
from pyrie.codegen.cpu.strategies.sequential import Sequential
from pyrie.codegen.cpu.strategies.target import describe

STRATEGIES: tuple[Strategy, ...] = (Sequential(), Contraction(), Reduction(), Pointwise(), ScalarNest())


def choose(piece: Piece, machine: Machine) -> Plan:
    """The plan of the first strategy that accepts the piece; the last accepts everything."""
    stored = describe(piece)
    plans = (strategy.plan(stored, machine) for strategy in STRATEGIES)
    return next(plan for plan in plans if plan is not None)


def scalar_plan(piece: Piece, machine: Machine) -> Plan:
    """The plan that always works."""
    stored = describe(piece)
    plan = Sequential().plan(stored, machine) or ScalarNest().plan(stored, machine)
    assert plan is not None
    return plan


__all__: Sequence[str] = ("STRATEGIES", "Plan", "Strategy", "choose", "scalar_plan")
