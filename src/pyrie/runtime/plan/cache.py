"""The call plans of one function: made when it was called successfully, found by the shapes of its arguments."""

from __future__ import annotations

import operator
import os
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pyrie.runtime.arrays import accepted_dtypes
from pyrie.runtime.context import Context
from pyrie.runtime.hal.device import Device
from pyrie.runtime.native import python_objects
from pyrie.runtime.native.executor import executor
from pyrie.runtime.plan.call_plan import MISS, ArgumentKind, CallPlan
from pyrie.runtime.plan.trace import Untraceable, trace_call
from pyrie.runtime.signature import FunctionSignature, TensorType
from pyrie.support import env

MOST_PLANS = 8  # of a function; as many as the compiler's own cache of recordings has entries by default

Shapes = tuple[tuple[int, ...], ...]
_shape_of = operator.attrgetter("shape")


class CallPlans:
    """Makes and finds the plans of a function.

    `call(arguments)` runs the plan for the arguments' shapes, or returns MISS: the caller then runs the function the general way and, when
    that went well, calls `learn`. A function of static shapes has one plan, made after its first call; one with dynamic sizes up to
    MOST_PLANS, each made when its shapes come again before as many others came; the least recently used one goes. So none are
    made where they would not pay, as shapes come in longer turns. `why_not` says why there can be none.
    """

    def __init__(self, context: Context, name: str, signature: FunctionSignature | None):
        self.context, self.name = context, name
        self.why_not: str | None = _why_not(context, signature)
        self.call: Callable[[tuple[Any, ...]], Any] = _no_plan
        self._types = [p.type for p in signature.parameters if isinstance(p.type, TensorType)] if signature else []
        self._is_static = all(None not in type.shape for type in self._types)
        self._plans: dict[Shapes, CallPlan] = {}
        self._seen: dict[Shapes, None] = {}
        self._latest_shape: tuple[int, ...] | None = None
        self._latest: Callable[[tuple[Any, ...]], Any] = _no_plan
        self._lookups: Counter[str] = Counter()  # of plans that are gone, less those that were made only to trace calls
        self._lock = threading.Lock()
        _LIVE.add(self)

    @property
    def plans(self) -> list[CallPlan]:
        return list(self._plans.values())

    def lookups(self) -> Counter[str]:
        """How often, by region, calls of plans used what the module's caches of recordings hold."""
        total = Counter(self._lookups)
        for plan in self.plans:
            total.update(_lookups_of(plan))
        return total

    def learn(self, arguments: Sequence[Any]) -> None:
        """Notes a successful call; makes a plan if it is time."""
        if self.why_not is not None or not all(type(a) is np.ndarray for a in arguments):
            return
        shapes: Shapes = tuple(a.shape for a in arguments)
        if not self._is_static and shapes not in self._seen:
            self._seen[shapes] = None
            if len(self._seen) > MOST_PLANS:
                self._seen.pop(next(iter(self._seen)), None)
            return
        with self._lock:
            self._seen.pop(shapes, None)
            if shapes not in self._plans:
                self._add(shapes, arguments)

    def forget(self) -> None:
        """Drops all plans, as after a fork. Their memory goes at once: cycles are undone, not left to the collector."""
        self._lock = threading.Lock()
        for plan in self.plans:
            plan.close()
        self._plans, self._latest_shape, self._latest, self.call = {}, None, _no_plan, _no_plan

    def _add(self, shapes: Shapes, arguments: Sequence[np.ndarray]) -> None:
        # Of equal dtypes new arrays have the one that numpy keeps, which native code knows by its address.
        found = [[d for d in accepted_dtypes(type.element) if d == a.dtype] for a, type in zip(arguments, self._types, strict=True)]
        if not all(found):
            return  # converted by the general way
        kinds = [ArgumentKind(accepted, shape) for (accepted,), shape in zip(found, shapes, strict=True)]
        device: Device = self.context.devices[0]
        views = [(shape, type.element.hal, a.nbytes) for a, shape, type in zip(arguments, shapes, self._types, strict=True)]
        module = self.context.module
        try:
            trace = trace_call(self.context, self.name, views)
            plan = CallPlan(device, trace, kinds, shares=self.name in module.arguments_stay, alignment=module.alignment)
        except Untraceable as reason:
            self.why_not = str(reason)
            return
        self._lookups.subtract(trace.lookups)
        while len(self._plans) >= MOST_PLANS:
            oldest = self._plans.pop(next(iter(self._plans)))
            self._lookups.update(_lookups_of(oldest))
            oldest.close()
            self._latest_shape, self._latest = None, _no_plan  # it may be the one that goes
        self._plans[shapes] = plan
        self.call = plan.call if self._is_static else self._find

    def _find(self, arguments: tuple[Any, ...]) -> Any:
        """Tries the plan used last, if the first argument has the shape that it wants; native code then looks at all of them."""
        try:
            is_likely = arguments[0].shape == self._latest_shape
        except AttributeError:  # something that is not an array
            return MISS
        if is_likely and (result := self._latest(arguments)) is not MISS:
            return result
        try:
            shapes = tuple(map(_shape_of, arguments))
            plan = self._plans.get(shapes)
        except (AttributeError, TypeError):
            return MISS
        if plan is None:
            return MISS
        if self._plans.pop(shapes, None) is plan:
            self._plans[shapes] = plan  # now the most recently used one
        self._latest_shape, self._latest = shapes[0], plan.call
        return plan.call(arguments)


def _lookups_of(plan: CallPlan) -> dict[str, int]:
    calls = plan.calls if plan.trace.lookups else 0
    return {region: calls * count for region, count in plan.trace.lookups.items()}


def _no_plan(arguments: tuple[Any, ...]) -> Any:
    return MISS


def _why_not(context: Context, signature: FunctionSignature | None) -> str | None:
    """Why a function can have no plans, as far as that is known before a call."""
    if signature is None or signature.is_async:
        return "it is asynchronous, or does not declare what it takes"
    for parameter in signature.parameters:
        if not isinstance(parameter.type, TensorType) or parameter.type.element.bits < 8:
            return f"its parameter {parameter} is not an array of whole bytes"
    if not (env.flag("PYRIE_CALL_PLANS") and env.flag("PYRIE_MEMOIZE")):
        return "PYRIE_CALL_PLANS=0 or PYRIE_MEMOIZE=0 asks for none"
    if executor() is None or not python_objects.are_known():
        return "there is no native executor here"
    return None


_LIVE: weakref.WeakSet[CallPlans] = weakref.WeakSet()


def _forget_all() -> None:
    """In a forked child, where the workers that plans point to do not exist, nor calls in flight."""
    for plans in list(_LIVE):
        plans.forget()


os.register_at_fork(after_in_child=_forget_all)
