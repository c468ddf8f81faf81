"""Passes and pipelines: what a change to a module is, and how changes are put in order, checked, timed and shown."""

from __future__ import annotations

import gc
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at, verify
from pyrie.support import env
from pyrie.support.errors import CompileError, PyrieError


@dataclass(frozen=True)
class ModulePass(ABC):
    """One change to a module. The fields of the dataclass are the pass's options; `name` is its flag (`--name=option=value`)."""

    name: ClassVar[str]

    @abstractmethod
    def apply(self, context: Context, module: ModuleOp) -> None:
        """Rewrites `module` in place. Raises PyrieError subclasses that name the op and its location."""


class InternalError(CompileError):
    """A pass broke: a bug in Pyrie, not in the input. `phase`, `index` and `broken` say which; the cause holds the traceback."""

    def __init__(self, message: str, phase: str, index: int, broken: ModulePass):
        super().__init__(message, hint="this is a defect in Pyrie; please report it with the reproducer")
        self.phase, self.index, self.broken = phase, index, broken


def Dialects(*names: str) -> frozenset[str]:
    """What a phase may leave: dialect names, or names of single ops such as `flow.dispatch`."""
    return frozenset(names)


@dataclass
class Timing:
    """A node of the timing tree: seconds, how often, and what it is made of."""

    name: str
    seconds: float = 0.0
    count: int = 0
    children: list[Timing] = field(default_factory=list)

    def lines(self, total: float | None = None, depth: int = 0) -> Iterator[str]:
        """The tree as text, slowest first below each node."""
        total = total or self.seconds or 1.0
        yield f"{self.seconds:9.4f} s  {100 * self.seconds / total:5.1f} %  {'  ' * depth}{self.name}"
        for child in self.children:
            yield from child.lines(total, depth + 1)

    def child(self, name: str) -> Timing:
        self.children.append(Timing(name))
        return self.children[-1]


@dataclass
class Observer:
    """What happens round passes besides the passes: verification, dumps and timing."""

    verify_each: bool = field(default_factory=lambda: env.flag("PYRIE_VERIFY"))
    before_pass: Callable[[ModulePass, ModuleOp], None] | None = None
    after_pass: Callable[[ModulePass, ModuleOp], None] | None = None
    stop_before: tuple[str, int] | None = None  # (phase, index of the pass): what a reproducer needs
    timing: Timing = field(default_factory=lambda: Timing("total"))


class StopPipeline(Exception):
    """The pipeline reached `Observer.stop_before`."""


class Pipeline:
    """The passes of one phase in order. `leaves` holds the dialects (or single ops) that may remain; checked when the phase ends."""

    def __init__(self, name: str, *passes: ModulePass | Pipeline | None, leaves: Collection[str] | None = None):
        self.name = name
        self.passes: tuple[ModulePass, ...] = tuple(_flat(passes))
        self.leaves = frozenset(leaves) if leaves is not None else None

    def __repr__(self) -> str:
        return f"Pipeline({self.name}: {', '.join(p.name for p in self.passes)})"

    def run(self, context: Context, module: ModuleOp, observer: Observer | None = None) -> None:
        """Applies the passes and checks the result. Raises PyrieError; anything else a pass raises becomes an InternalError."""
        observer = observer or Observer()
        timing = observer.timing.child(self.name)
        begin = time.perf_counter()
        for index, item in enumerate(self.passes):
            if observer.stop_before == (self.name, index):
                raise StopPipeline
            self._run_pass(context, module, item, index, observer, timing)
        with _timed(timing, "verify"):
            verify(module)
            self._check_leaves(module)
        timing.seconds = time.perf_counter() - begin

    def _run_pass(self, context: Context, module: ModuleOp, item: ModulePass, index: int, observer: Observer, timing: Timing) -> None:
        if observer.before_pass is not None:
            observer.before_pass(item, module)
        try:
            with _timed(timing, item.name):
                item.apply(context, module)
            if observer.verify_each:
                verify(module)
        except PyrieError as error:
            error.add_note(f"in pass '{item.name}' of phase '{self.name}'")
            raise
        except Exception as error:
            raise InternalError(f"pass '{item.name}' failed: {type(error).__name__}: {error}", self.name, index, item) from error
        if observer.after_pass is not None:
            observer.after_pass(item, module)

    def _check_leaves(self, module: ModuleOp) -> None:
        if self.leaves is None:
            return
        allowed = self.leaves | {"builtin"}
        seen: set[type[Operation]] = set()
        for op in module.walk():
            cls = type(op)
            if cls in seen:
                continue
            seen.add(cls)
            if op.name.partition(".")[0] not in allowed and op.name not in allowed:
                raise error_at(op, f"is still there after phase '{self.name}'", hint=f"the phase leaves: {', '.join(sorted(self.leaves))}")


def _flat(passes: Collection[ModulePass | Pipeline | None]) -> Iterator[ModulePass]:
    for item in passes:
        if isinstance(item, Pipeline):
            yield from item.passes
        elif item is not None:
            yield item


@contextmanager
def _timed(parent: Timing, name: str) -> Iterator[None]:
    node = parent.child(name)
    begin = time.perf_counter()
    try:
        yield
    finally:
        node.seconds = time.perf_counter() - begin


@contextmanager
def paused_collection() -> Iterator[None]:
    """No garbage collection inside: IR is one big live graph, and walking it again and again costs half of a compile."""
    enabled = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()
