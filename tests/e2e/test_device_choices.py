"""Programs whose devices are chosen when they are loaded: by number, by what they run, by fallback, the first of several."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

import pyrie
from conftest import iree_tool
from pyrie.session import compile
from pyrie.support.errors import DeviceError

FALLBACK = """
  util.global private @base = #hal.device.alias<"local"> : !hal.device
  util.global private @back = #hal.device.fallback<@base> : !hal.device
"""
# what the program says of its devices (module attributes, globals); the first of `select` that is there is used
FOUND = {
    "ordinal": ("hal.device.targets = [#hal.device.ordinal<0>]", ""),
    "first of several": (
        'hal.device.targets = [#hal.device.select<[#hal.device.ordinal<9>, #hal.device.alias<"local"[7]>, #hal.device.alias<"local">]>]',
        "",
    ),
    "two named, the second the default": (
        'hal.device.default = "second", hal.device.targets = {first = #hal.device.alias<"local">, second = #hal.device.ordinal<0>}',
        "",
    ),
    "fallback": ("stream.affinity.default = #hal.device.affinity<@back>", FALLBACK),
}
MISSING = {
    "ordinal": "hal.device.targets = [#hal.device.ordinal<9>]",
    "the fourth that runs the code": 'hal.device.targets = [#hal.device.alias<"local"[3]>]',
    "none of several": 'hal.device.targets = [#hal.device.select<[#hal.device.ordinal<9>, #hal.device.alias<"local"[7]>]>]',
}


def module(attributes: str, globals: str = "") -> bytes:
    text = f"""module attributes {{{attributes}}} {{
      {globals}
      func.func @double(%a: tensor<4xf32>) -> tensor<4xf32> {{
        %0 = stablehlo.add %a, %a : tensor<4xf32>
        return %0 : tensor<4xf32>
      }}
    }}"""
    return compile(text, cache=False)


@pytest.mark.parametrize("case", FOUND, ids=str)
def test_a_device_is_found(case: str):
    program = pyrie.load(module(*FOUND[case]))
    np.testing.assert_array_equal(program["double"](np.arange(4, dtype=np.float32)), np.arange(0, 8, 2, dtype=np.float32))


@pytest.mark.interop
@pytest.mark.parametrize("case", FOUND, ids=str)
def test_the_real_runtime_finds_it_too(case: str, tmp_path: Path):
    (tmp_path / "m.vmfb").write_bytes(module(*FOUND[case]))
    command = [iree_tool("iree-run-module"), f"--module={tmp_path}/m.vmfb", "--device=local-sync", "--function=double", "--input=4xf32=3"]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "4xf32=6 6 6 6" in finished.stdout


@pytest.mark.parametrize("case", MISSING, ids=str)
def test_a_device_that_is_not_there_is_named(case: str):
    with pytest.raises(DeviceError, match=r"HAL device `__device_0` not found or unavailable: #hal\.device\."):
        pyrie.load(module(MISSING[case]))
