"""What inlining and outlining do to memoize regions."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp

from pyrie.dialects import hal, util
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.inline_memoize_regions import InlineMemoizeRegions
from pyrie.passes.hal.outline_memoize_regions import OutlineMemoizeRegions

HERE = Path(__file__).parent


def run(text: str, *passes: ModulePass) -> ModuleOp:
    context = make_context()
    module = parse_module(text, context)
    for item in passes:
        item.apply(context, module)
    module.verify()
    return module


def function(module: ModuleOp, name: str) -> util.FuncOp:
    return next(op for op in module.ops if isinstance(op, util.FuncOp) and op.sym_name.data == name)


def test_inlining_the_example_leaves_no_region_and_records_once():
    module = run((HERE / "memoize_input.mlir").read_text(), InlineMemoizeRegions())
    ops = list(module.walk())
    assert not [op for op in ops if isinstance(op, hal.DeviceMemoizeOp)]
    (create,) = [op for op in ops if isinstance(op, hal.CommandBufferCreateOp)]
    assert "OneShot" in create.modes.words


REGION = """
util.global private @device : !hal.device
util.func public @f({arguments}) -> index {{
  %device = util.global.load immutable @device : !hal.device
  %any = arith.constant -1 : i64
  %r = hal.device.memoize<%device : !hal.device> affinity(%any) -> index {{
    %one = arith.constant 1 : index
    %sum = arith.addi {captured}, %one : index
    hal.return %sum : index
  }}
  util.return %r : index
}}
"""


def test_a_region_that_captures_an_argument_is_called_each_time():
    module = run(REGION.format(arguments="%x: index", captured="%x"), OutlineMemoizeRegions())
    assert not [op for op in module.ops if isinstance(op, util.InitializerOp)]
    calls = [op for op in function(module, "f").walk() if isinstance(op, util.CallOp)]
    assert [op.callee.string_value() for op in calls] == ["__f_memoize_apply"]
    assert calls[0].arguments[-1] is function(module, "f").body.block.args[0]


def test_a_region_that_captures_constants_runs_once_when_the_program_is_loaded():
    text = REGION.format(arguments="", captured="%c4").replace("  %device =", "  %c4 = arith.constant 4 : index\n  %device =", 1)
    module = run(text, OutlineMemoizeRegions())
    (initializer,) = [op for op in module.ops if isinstance(op, util.InitializerOp)]
    stores = [op for op in initializer.walk() if isinstance(op, util.GlobalStoreOp)]
    assert [op.global_name for op in stores] == ["__f_memoize_result_0_device"]
    calls = [op for op in function(module, "f").walk() if isinstance(op, util.CallOp)]
    assert [op.callee.string_value() for op in calls] == ["__f_memoize_lookup"]


def test_several_results_get_a_global_each():
    text = REGION.format(arguments="", captured="%c4").replace("  %device =", "  %c4 = arith.constant 4 : index\n  %device =", 1)
    text = text.replace("-> index {\n    %one", "-> index, i64 {\n    %one").replace(
        "hal.return %sum : index", "hal.return %sum, %any : index, i64"
    )
    module = run(text.replace("%r = hal", "%r:2 = hal").replace("util.return %r :", "util.return %r#0 :"), OutlineMemoizeRegions())
    names = [op.sym_name.data for op in module.ops if isinstance(op, util.GlobalOp)]
    assert {"__f_memoize_result_0_device", "__f_memoize_result_1_device"} <= set(names)


@pytest.mark.parametrize("item", [OutlineMemoizeRegions(), InlineMemoizeRegions()], ids=lambda item: item.name)
def test_a_region_in_an_initializer_does_not_crash(item: ModulePass):
    text = """
    util.global private @device : !hal.device
    util.global private @stored : index
    util.initializer {
      %device = util.global.load immutable @device : !hal.device
      %any = arith.constant -1 : i64
      %r = hal.device.memoize<%device : !hal.device> affinity(%any) -> index {
        %one = arith.constant 1 : index
        hal.return %one : index
      }
      util.global.store %r, @stored : index
      util.return
    }
    """
    module = run(text, item)
    assert not [op for op in module.walk() if isinstance(op, hal.DeviceMemoizeOp)]
    names = [op.sym_name.data for op in module.ops if isinstance(op, util.GlobalOp)]
    assert names == ["device", "stored"]  # it runs once as it is


@pytest.mark.parametrize("item", [OutlineMemoizeRegions(), InlineMemoizeRegions()], ids=lambda item: item.name)
def test_a_device_that_is_looked_up_does_not_crash(item: ModulePass):
    text = """
    util.func public @f(%i: index) -> index {
      %device = hal.devices.get %i : !hal.device
      %any = arith.constant -1 : i64
      %r = hal.device.memoize<%device : !hal.device> affinity(%any) -> index {
        %one = arith.constant 1 : index
        hal.return %one : index
      }
      util.return %r : index
    }
    """
    module = run(text, item)
    assert not [op for op in module.walk() if isinstance(op, hal.DeviceMemoizeOp)]


@pytest.mark.parametrize("item", [OutlineMemoizeRegions(), InlineMemoizeRegions()], ids=lambda item: item.name)
def test_nested_regions(item: ModulePass):
    text = """
    util.global private @device : !hal.device
    util.func public @f() -> index {
      %device = util.global.load immutable @device : !hal.device
      %any = arith.constant -1 : i64
      %r = hal.device.memoize<%device : !hal.device> affinity(%any) -> index {
        %one = arith.constant 1 : index
        %inner = hal.device.memoize<%device : !hal.device> affinity(%any) -> index {
          %two = arith.constant 2 : index
          hal.return %two : index
        }
        %sum = arith.addi %one, %inner : index
        hal.return %sum : index
      }
      util.return %r : index
    }
    """
    module = run(text, item)
    assert not [op for op in module.walk() if isinstance(op, hal.DeviceMemoizeOp)]


def test_a_captured_global_declared_later_is_initialized_first():
    text = """
    util.global private @device : !hal.device
    util.func public @f() -> index {
      %device = util.global.load immutable @device : !hal.device
      %later = util.global.load immutable @later : index
      %any = arith.constant -1 : i64
      %r = hal.device.memoize<%device : !hal.device> affinity(%any) -> index {
        %sum = arith.addi %later, %later : index
        hal.return %sum : index
      }
      util.return %r : index
    }
    util.global private @later : index
    util.initializer {
      %c7 = arith.constant 7 : index
      util.global.store %c7, @later : index
      util.return
    }
    """
    module = run(text, OutlineMemoizeRegions())
    order: list[str] = []
    for op in module.ops:
        if isinstance(op, util.InitializerOp):
            order += [store.global_name for store in op.walk() if isinstance(store, util.GlobalStoreOp)]
    assert order == ["later", "__f_memoize_result_0_device"]


QUEUE = """
util.global private @device : !hal.device
util.func public @f(%queue: i64) -> {type} {{
  %device = util.global.load immutable @device : !hal.device
  %c4 = arith.constant 4 : i64
  %r = hal.device.memoize<%device : !hal.device> affinity(%queue) -> i64 {{
    %sum = arith.addi %c4, {captured} : i64
    hal.return %sum : i64
  }}
  util.return %r : i64
}}
"""


def callees(module: ModuleOp, name: str) -> list[str]:
    return [op.callee.string_value() for op in function(module, name).walk() if isinstance(op, util.CallOp)]


def test_an_affinity_that_is_used_but_not_known_is_not_memoized():
    module = run(QUEUE.format(type="i64", captured="%queue"), OutlineMemoizeRegions())
    assert callees(module, "f") == ["__f_memoize_apply"]
    assert not [op for op in module.ops if isinstance(op, util.InitializerOp)]


def test_an_affinity_that_makes_no_difference_may_change():
    module = run(QUEUE.format(type="i64", captured="%c4"), OutlineMemoizeRegions())
    assert callees(module, "f") == ["__f_memoize_lookup"]


def test_an_affinity_that_may_change_is_a_key():
    module = run(QUEUE.format(type="i64", captured="%queue"), OutlineMemoizeRegions(memoize_dynamic=2))
    assert callees(module, "f") == ["__f_memoize_lookup"]
    keys = [op.sym_name.data for op in module.ops if isinstance(op, util.GlobalOp) and "_key_" in op.sym_name.data]
    assert keys == ["__f_memoize_key_0_0_device", "__f_memoize_key_0_1_device"]


def test_results_of_every_kind_are_kept():
    text = """
    util.global private @device : !hal.device
    util.global private @kernels : !hal.executable
    util.global private @weights : !hal.buffer
    util.func public @f() -> (!hal.command_buffer, !hal.executable, !hal.buffer, index, i1, f64) {
      %device = util.global.load immutable @device : !hal.device
      %kernels = util.global.load immutable @kernels : !hal.executable
      %weights = util.global.load immutable @weights : !hal.buffer
      %any = arith.constant -1 : i64
      %r:6 = hal.device.memoize<%device : !hal.device> affinity(%any) -> !hal.command_buffer, !hal.executable, !hal.buffer, index, i1, f64 {
        %cmd = hal.command_buffer.create device(%device : !hal.device) mode(None) categories(Transfer) affinity(%any) : !hal.command_buffer
        hal.command_buffer.finalize<%cmd : !hal.command_buffer>
        %c1 = arith.constant 1 : index
        %true = arith.constant true
        %half = arith.constant 0.5 : f64
        hal.return %cmd, %kernels, %weights, %c1, %true, %half : !hal.command_buffer, !hal.executable, !hal.buffer, index, i1, f64
      }
      util.return %r#0, %r#1, %r#2, %r#3, %r#4, %r#5 : !hal.command_buffer, !hal.executable, !hal.buffer, index, i1, f64
    }
    """
    for options in (OutlineMemoizeRegions(), OutlineMemoizeRegions(lazy=True)):
        module = run(text, options)
        kept = [str(op.type) for op in module.ops if isinstance(op, util.GlobalOp) and "_result_" in op.sym_name.data]
        assert kept == ["!hal.command_buffer", "!hal.executable", "!hal.buffer", "index", "i1", "f64"]
        assert callees(module, "f") == ["__f_memoize_lookup"]


def test_a_device_whose_recordings_cannot_be_used_again_gets_none_of_them_twice():
    text = """
    util.global private @device = #hal.device.target<"local", {pyrie.reuses_recordings = false}> : !hal.device
    util.func public @f(%before: !hal.fence, %after: !hal.fence) {
      %device = util.global.load immutable @device : !hal.device
      %any = arith.constant -1 : i64
      %r = hal.device.memoize<%device : !hal.device> affinity(%any) -> !hal.command_buffer {
        %cmd = hal.command_buffer.create device(%device : !hal.device) mode(None) categories(Transfer) affinity(%any) : !hal.command_buffer
        hal.command_buffer.finalize<%cmd : !hal.command_buffer>
        hal.return %cmd : !hal.command_buffer
      }
      hal.device.queue.execute<%device : !hal.device> affinity(%any) wait(%before) signal(%after) commands(%r) flags("None")
      util.return
    }
    """
    (create,) = [op for op in run(text, OutlineMemoizeRegions()).walk() if isinstance(op, hal.CommandBufferCreateOp)]
    assert create.parent_op().sym_name.data == "f" and list(create.modes.words) == ["OneShot"]
    reusable = text.replace(", {pyrie.reuses_recordings = false}", "")
    assert callees(run(reusable, OutlineMemoizeRegions()), "f") == ["__f_memoize_lookup"]
