"""The real iree-opt prints our vm text as we print it; where our input differs from its output, we change it in the same way."""

from __future__ import annotations

import subprocess

import pytest

from conftest import iree_tool
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module

pytestmark = pytest.mark.interop

TEXT = """
vm.module @m attributes {note = "mine"} {
  vm.global.i64 private mutable @g = 5 : i64
  vm.global.ref public @r : !vm.list<!vm.ref<?>>
  vm.func @declared()
  vm.import private optional @other.maybe.there(%a : i32 ...)
  vm.func private @also_declared(i32, !vm.buffer) -> (i32, i64)
  vm.initializer {
    %0 = vm.const.i64 0
    vm.global.store.i64 %0, @g : i64
    vm.return
  }
  vm.func @f(%a: i32, %b: f64) -> (i32, f64) attributes {inlining_policy = #util.inline.always, ordinal = 2 : i32} {
    %address = vm.global.address @g : !util.ptr<i64>
    %0 = vm.global.load.indirect.i64 %address : !util.ptr<i64> -> i64
    %1 = vm.const.i32 0
    %2 = vm.const.i32 -7
    %3 = vm.const.f64 0.1
    %4 = vm.rodata.inline "name" <mime_type = "text/plain"> : !vm.buffer = "bytes"
    %5, %6 = vm.rodata.table.inline i64 : !vm.buffer, !vm.buffer = ["a", dense<1> : vector<3xi32>]
    %7 = vm.buffer.length %4 : !vm.buffer -> i64
    %8 = vm.buffer.compare %4, %7, %5, %0, %0 : !vm.buffer, !vm.buffer
    %9 = vm.buffer.hash %6, %7, %0 : !vm.buffer -> i64
    vm.buffer.fill.i8 %4, %0, %7, %1 : i32 -> !vm.buffer
    %10 = vm.buffer.clone %4, %0, %7, %a : !vm.buffer -> !vm.buffer
    vm.buffer.copy %4, %0, %10, %0, %7 : !vm.buffer -> !vm.buffer
    %11 = vm.cmp.gte.i64.u %7, %9 : i64
    %resolved = vm.import.resolved @other.maybe.there : i32
    %12 = vm.cmp.eq.f64.near %b, %3 : f64
    vm.check.eq %a, %2, "not minus seven" : i32
    vm.check.nz %10 : !vm.buffer
    vm.trace "event"(%a, %b) : i32, f64
    vm.cond_break %a, ^next(%8 : i32)
  ^next(%x: i32):
    %13 = vm.optimization_barrier %x : i32
    vm.cond_fail %13, %a, "failed"
    %14 = vm.cast.ref.any %10 : !vm.buffer -> !vm.ref<?>
    %15 = vm.cast.any.ref %14 : !vm.ref<?> -> !vm.list<?>
    vm.discard.refs %15, %4 : !vm.list<?>, !vm.buffer
    vm.yield ^done
  ^done:
    vm.return %11, %b : i32, f64
  }
  vm.export @f as("other name") attributes {ordinal = 0 : i32}
}
"""


def test_iree_opt_prints_the_same():
    real = subprocess.run([iree_tool("iree-opt"), "-"], input=TEXT, capture_output=True, text=True, check=False)
    assert real.returncode == 0, real.stderr
    assert print_module(parse_module(TEXT, make_context())).strip() == real.stdout.strip()
