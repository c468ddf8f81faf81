"""The phases from global optimization to flow keep what random programs compute, and fuse."""

from __future__ import annotations

import numpy as np
import pytest
from random_programs import RandomProgram

from pyrie.dialects.flow import DispatchOp
from pyrie.dialects.registry import make_context
from pyrie.ir.interpreter import Interpreter
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.passes.abi.pipeline import abi_phase
from pyrie.passes.dispatch_creation.pipeline import dispatch_creation_phase
from pyrie.passes.flow.pipeline import flow_phase
from pyrie.passes.global_optimization.pipeline import global_optimization_phase
from pyrie.passes.options import CompileOptions

PHASES = (abi_phase, global_optimization_phase, dispatch_creation_phase, flow_phase)
SEEDS = range(40)


def check(seed: int, dynamic: bool, steps: int) -> int:
    """Returns how many dispatches the program became."""
    program = RandomProgram(seed, dynamic=dynamic)
    text, arguments = program.build(steps), program.arguments()
    context = make_context()
    module = parse_module(text, context)
    want = Interpreter(parse_module(text, context), precise=True).call("f", *arguments)
    for phase in PHASES:
        phase(CompileOptions()).run(context, module)
        module.verify()
    reread = parse_module(print_module(module), context)
    got = Interpreter(reread, precise=True).call("f", *arguments)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4, err_msg=f"seed {seed}\n{text}")
    return sum(isinstance(op, DispatchOp) for op in module.walk())


@pytest.mark.parametrize("seed", SEEDS)
def test_phases_keep_the_meaning(seed: int):
    check(seed, dynamic=bool(seed % 2), steps=3 + seed % 6)


def test_fewer_dispatches_than_ops():
    """Over all seeds, chains really fuse."""
    total = sum(check(1000 + seed, dynamic=False, steps=6) for seed in range(8))
    assert total < 8 * 6


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2000, 2400))
def test_phases_keep_the_meaning_of_many(seed: int):
    check(seed, dynamic=bool(seed % 2), steps=3 + seed % 10)
