"""What the device analysis can tell of a value, by the op it is the operand of."""

from __future__ import annotations

import pytest

from pyrie.dialects import hal, util
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.passes.hal.device_analysis import DeviceAnalysis

DEVICES = """
util.global private @a = #hal.device.target<"a", [#hal.executable.target<"x", "fa">]> : !hal.device
util.global private @b = #hal.device.target<"b", [#hal.executable.target<"x", "fb">]> : !hal.device
util.global private @either = #hal.device.select<[
  #hal.device.target<"c"> : !hal.device, #hal.device.fallback<@a> : !hal.device]> : !hal.device
util.global private @third = #hal.device.ordinal<3> : !hal.device
util.global private @known_or_third = #hal.device.select<[
  #hal.device.target<"a", [#hal.executable.target<"x", "fa">]> : !hal.device, #hal.device.ordinal<3> : !hal.device]> : !hal.device
"""

# a program with a USE of %d -> the globals %d may hold
CASES = {
    "load": ("util.func public @f() { %d = util.global.load @a : !hal.device USE util.return }", ("a",)),
    "selected global": ("util.func public @f() { %d = util.global.load @either : !hal.device USE util.return }", ("either",)),
    "public argument": ("util.func public @f(%d: !hal.device) { USE util.return }", None),
    "argument of what is never called": ("util.func private @f(%d: !hal.device) { USE util.return }", ()),
    "the n-th device": ("util.func public @f(%i: index) { %d = hal.devices.get %i : !hal.device USE util.return }", None),
    "null": ("util.func public @f() { %d = util.null : !hal.device USE util.return }", None),
    "imported function": (
        "util.func private @g() -> !hal.device util.func public @f() { %d = util.call @g() : () -> !hal.device USE util.return }",
        None,
    ),
    "select, in order of declaration": (
        """util.func public @f(%c: i1) {
             %b = util.global.load @b : !hal.device
             %a = util.global.load @a : !hal.device
             %d = arith.select %c, %b, %a : !hal.device USE util.return }""",
        ("a", "b"),
    ),
    "call sites": (
        """util.func private @f(%d: !hal.device) { USE util.return }
           util.func public @g() { %b = util.global.load @b : !hal.device util.call @f(%b) : (!hal.device) -> () util.return }
           util.initializer { %a = util.global.load @a : !hal.device util.call @f(%a) : (!hal.device) -> () util.return }""",
        ("a", "b"),
    ),
    "a call site with an unknown device": (
        """util.func private @f(%d: !hal.device) { USE util.return }
           util.func public @g(%b: !hal.device) { util.call @f(%b) : (!hal.device) -> () util.return }
           util.initializer { %a = util.global.load @a : !hal.device util.call @f(%a) : (!hal.device) -> () util.return }""",
        None,
    ),
    "recursion": (
        """util.func private @f(%d: !hal.device) { USE util.call @f(%d) : (!hal.device) -> () util.return }
           util.func public @g() { %b = util.global.load @b : !hal.device util.call @f(%b) : (!hal.device) -> () util.return }""",
        ("b",),
    ),
    "results of a call": (
        """util.func private @g(%x: !hal.device) -> (index, !hal.device) {
             %c0 = arith.constant 0 : index util.return %c0, %x : index, !hal.device }
           util.func public @f() { %a = util.global.load @a : !hal.device
             %i, %d = util.call @g(%a) : (!hal.device) -> (index, !hal.device) USE util.return }""",
        ("a",),
    ),
    "block argument": (
        """util.func public @f(%c: i1) {
             %a = util.global.load @a : !hal.device
             %b = util.global.load @b : !hal.device
             cf.cond_br %c, ^next(%a : !hal.device), ^next(%b : !hal.device)
           ^next(%d: !hal.device): USE cf.cond_br %c, ^next(%d : !hal.device), ^end
           ^end: util.return }""",
        ("a", "b"),
    ),
    "if": (
        """util.func public @f(%c: i1) {
             %d = scf.if %c -> (!hal.device) { %a = util.global.load @a : !hal.device scf.yield %a : !hal.device }
                  else { %b = util.global.load @b : !hal.device scf.yield %b : !hal.device }
             USE util.return }""",
        ("a", "b"),
    ),
    "for": (
        """util.func public @f(%n: index) {
             %a = util.global.load @a : !hal.device
             %b = util.global.load @b : !hal.device
             %r = scf.for %i = %n to %n step %n iter_args(%d = %a) -> (!hal.device) { USE scf.yield %b : !hal.device }
             util.return }""",
        ("a", "b"),
    ),
    "while": (
        """util.func public @f(%c: i1) {
             %a = util.global.load @a : !hal.device
             %b = util.global.load @b : !hal.device
             %d = scf.while (%x = %a) : (!hal.device) -> !hal.device { scf.condition(%c) %x : !hal.device }
                  do { ^bb0(%y: !hal.device): scf.yield %b : !hal.device }
             USE util.return }""",
        ("a", "b"),
    ),
    "a global set once by an initializer stands for itself": (
        """util.global private @chosen : !hal.device
           util.initializer { %a = util.global.load @a : !hal.device util.global.store %a, @chosen : !hal.device util.return }
           util.func public @f() { %d = util.global.load @chosen : !hal.device USE util.return }""",
        ("chosen",),
    ),
    "a global that changes stands for what it is set to": (
        """util.global private mutable @changing : !hal.device
           util.func public @g() { %a = util.global.load @a : !hal.device util.global.store %a, @changing : !hal.device
             %c = util.global.load @changing : !hal.device util.global.store %c, @changing : !hal.device util.return }
           util.func public @f() { %d = util.global.load @changing : !hal.device USE util.return }""",
        ("a",),
    ),
    "a global that changes by its address": (
        """util.global private mutable @changing : !hal.device
           util.func public @g() { %p = util.global.address @changing : !util.ptr<!hal.device> util.return }
           util.func public @f() { %d = util.global.load @changing : !hal.device USE util.return }""",
        None,
    ),
    "affinity": (
        "util.func public @f() { %d = hal.device.resolve on(#hal.device.affinity<@b>) : !hal.device USE util.return }",
        ("b",),
    ),
    "optimization barrier": (
        """util.func public @f() { %a = util.global.load @a : !hal.device
             %d = util.optimization_barrier %a : !hal.device USE util.return }""",
        ("a",),
    ),
}


def analyze(text: str) -> DeviceAnalysis:
    return DeviceAnalysis(parse_module(DEVICES + text, make_context()))


def names(globals: tuple[util.GlobalOp, ...] | None) -> tuple[str, ...] | None:
    return None if globals is None else tuple(op.sym_name.data for op in globals)


@pytest.mark.parametrize("body, expected", CASES.values(), ids=CASES.keys())
def test_globals_of_a_value(body, expected):
    analysis = analyze(body.replace("USE", "%allocator = hal.device.allocator<%d : !hal.device> : !hal.allocator"))
    (use,) = [op for op in analysis.module.walk() if isinstance(op, hal.DeviceAllocatorOp)]
    assert names(analysis.lookup_device_globals(use.device)) == expected


def test_targets_follow_choices_fallbacks_and_stores():
    analysis = analyze("""util.global private @chosen : !hal.device
      util.initializer { %a = util.global.load @either : !hal.device util.global.store %a, @chosen : !hal.device util.return }""")
    ids = {name: [target.device_id.data for target in analysis.device_targets(name) or ()] for name in ("a", "either", "chosen")}
    assert ids == {"a": ["a"], "either": ["c", "a"], "chosen": ["c", "a"]}


def test_targets_of_an_ordinal_are_not_known():
    assert analyze("").device_targets("third") is None
    assert analyze("").device_targets("known_or_third") is None


def test_executable_targets_of_an_affinity():
    analysis = analyze("")
    formats = {
        device: [target.format.data for target in analysis.executable_targets(hal.DeviceAffinityAttr.of(device))]
        for device in ("b", "either")
    }
    assert formats == {"b": ["fb"], "either": ["fa"]}
    assert [target.format.data for target in analysis.executable_targets()] == ["fa", "fb"]


def test_executable_targets_beside_an_ordinal_are_kept():
    assert [t.format.data for t in analyze("").executable_targets(hal.DeviceAffinityAttr.of("known_or_third"))] == ["fa"]
