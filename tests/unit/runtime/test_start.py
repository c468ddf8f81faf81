"""What importing the runtime costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SECONDS = 0.060
OF_NUMPY = 0.8  # of numpy's own import, so that a busy or slow machine is no failure
CODE = """
import time
start = time.perf_counter()
import numpy
middle = time.perf_counter()
import pyrie.runtime
print(middle - start, time.perf_counter() - middle)
"""


def test_importing_the_runtime_is_quick(tmp_path: Path):
    """With bytecode at hand, as in every installation; an environment that forbids to write it would measure Python's parser."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path)
    command = [sys.executable, "-c", CODE]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split() for _ in range(7)]
    numpy, runtime = (min(float(run[i]) for run in runs) for i in (0, 1))
    assert runtime < max(SECONDS, OF_NUMPY * numpy), f"{runtime * 1e3:.0f} ms beyond numpy's {numpy * 1e3:.0f} ms"
