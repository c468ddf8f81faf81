"""Functions with loops: the floating-point remainder, and integer powers. Vectors are done lane by lane."""

from __future__ import annotations

from collections.abc import Sequence

from pyrie.codegen.cpu.rt.builder import MathBuilder, function_name
from pyrie.codegen.cpu.rt.library import Function


def _by_lane(b: MathBuilder, name: str, operands: Sequence[str]) -> str:
    """Calls the scalar function for each lane."""
    type = b.scalar_type
    lanes = []
    for lane in range(b.width):
        scalars = [(type, b.text.lane(o, type, b.width, lane)) for o in operands]
        lanes.append(b.text.call(type, function_name(name, type, 0), scalars))
    return b.text.join(lanes, type)


def _loop(b: MathBuilder, start: Sequence[tuple[str, str]], condition, step) -> list[str]:
    """`while condition(*values): values = step(*values)` over (type, value) pairs."""
    text = b.text
    before, head, body, after = text.block, text.label(), text.label(), text.label()
    text.branch(head)
    text.begin(head)
    names = [text.name() for _ in start]
    position = len(text.lines)
    with text.dominated():
        text.branch_if(condition(*names), body, after)
        text.begin(body)
        following = step(*names)
    latch = text.block
    text.branch(head)
    text.lines[position:position] = [
        f"  {name} = phi {type} [ {value}, %{before} ], [ {next_value}, %{latch} ]"
        for name, (type, value), next_value in zip(names, start, following, strict=True)
    ]
    text.begin(after)
    return names


def fmod(b: MathBuilder, x: str, y: str) -> str:
    """x minus a whole multiple of y, exact: the divisor is doubled while it fits, then subtracted on the way back."""
    if b.width:
        return _by_lane(b, "fmod", (x, y))
    r, divisor = b.abs(x), b.abs(y)
    usable = b.both(b.compare("ogt", divisor, 0.0), b.compare("olt", r, float("inf")))
    fits = b.both(usable, b.compare("ole", divisor, r))  # else no iterations; an infinite divisor would never be halved to an end
    safe = b.select(fits, divisor, float("inf"))
    (largest,) = _loop(b, [(b.type, safe)], lambda t: b.compare("ole", b.add(t, t), b.select(fits, r, 0.0)), lambda t: [b.add(t, t)])
    _, rest = _loop(
        b,
        [(b.type, largest), (b.type, r)],
        lambda t, _: b.both(fits, b.compare("oge", t, safe)),
        lambda t, rest: [b.mul(t, 0.5), b.select(b.compare("oge", rest, t), b.sub(rest, t), rest)],
    )
    result = b.copysign(rest, x)
    result = b.select(usable, result, float("nan"))
    return b.select(b.either(b.compare("uno", x, x), b.compare("uno", y, y)), float("nan"), result)


def ipow(b: MathBuilder, x: str, y: str) -> str:
    """x to the power y by squaring; a negative power is 1, -1 or 0."""
    if b.width:
        return _by_lane(b, "ipow", (x, y))
    type = b.type

    def op(name: str, a: str, c: str) -> str:
        return b.text.value(f"{name} {type} {a}, {c}")

    def test(predicate: str, a: str, c: str) -> str:
        return b.text.value(f"icmp {predicate} {type} {a}, {c}")

    def choose(condition: str, a: str, c: str) -> str:
        return b.text.value(f"select i1 {condition}, {type} {a}, {type} {c}")

    negative = test("slt", y, "0")
    exponent = choose(negative, op("and", y, "1"), y)
    unit = b.text.value(f"or i1 {test('eq', x, '1')}, {test('eq', x, '-1')}")
    base = choose(b.text.value(f"and i1 {negative}, {b.text.value(f'xor i1 {unit}, true')}"), "0", x)

    def step(result: str, factor: str, left: str) -> list[str]:
        odd = test("ne", op("and", left, "1"), "0")
        return [choose(odd, op("mul", result, factor), result), op("mul", factor, factor), op("lshr", left, "1")]

    first = choose(b.text.value(f"and i1 {negative}, {b.text.value(f'xor i1 {unit}, true')}"), "0", "1")
    result, *_ = _loop(b, [(type, first), (type, base), (type, exponent)], lambda _r, _f, left: test("ne", left, "0"), step)
    return result


FUNCTIONS = {
    "fmod": Function(fmod, operands=2),
    "ipow": Function(ipow, operands=2),
}
