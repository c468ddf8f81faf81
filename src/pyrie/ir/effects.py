"""What an op does besides computing its results, decided once a class where the class decides it."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue
from xdsl.traits import IsTerminator, MemoryEffect, MemoryEffectKind, NoMemoryEffect, SymbolOpInterface, get_effects

# class -> True: erasable when unused; False: never; None: look at the op
_ERASABLE: dict[type[Operation], bool | None] = {}


def is_pure(op: Operation) -> bool:
    """Whether the op neither reads nor writes anything: it may be moved, merged with its equal, or dropped."""
    effects = get_effects(op)
    return effects is not None and not effects


def only_reads(op: Operation) -> bool:
    """Whether the op's only effects, if any, are reads."""
    effects = get_effects(op)
    return effects is not None and all(effect.kind is MemoryEffectKind.READ for effect in effects)


def may_write(op: Operation) -> bool:
    """Whether the op may change what another reads."""
    effects = get_effects(op)
    return effects is None or any(effect.kind is not MemoryEffectKind.READ for effect in effects)


def is_trivially_dead(op: Operation) -> bool:
    """Whether erasing the op changes nothing: no result is used and nothing but its results can be observed."""
    for result in op.results:
        if result.first_use is not None:
            return False
    cls = type(op)
    if cls not in _ERASABLE:
        _ERASABLE[cls] = _classify(op)
    answer = _ERASABLE[cls]
    return _looks_dead(op) if answer is None else answer


def _classify(op: Operation) -> bool | None:
    if op.has_trait(IsTerminator, value_if_unregistered=True) or op.has_trait(SymbolOpInterface, value_if_unregistered=True):
        return False
    effects = list(op.get_traits_of_type(MemoryEffect))
    if not effects:
        return False
    return True if all(isinstance(effect, NoMemoryEffect) for effect in effects) else None


def _looks_dead(op: Operation) -> bool:
    effects = get_effects(op)
    return effects is not None and all(
        effect.kind is MemoryEffectKind.READ
        or (effect.kind is MemoryEffectKind.ALLOC and isinstance(effect.value, SSAValue) and op.is_ancestor(effect.value.owner))
        for effect in effects
    )
