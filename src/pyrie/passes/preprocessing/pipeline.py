"""The preprocessing phase: the program learns its devices, then the user's own passes run (`--iree-preprocessing-pass-pipeline`)."""

from __future__ import annotations

from pyrie.ir.pass_options import parse_pipeline
from pyrie.ir.passes import Pipeline
from pyrie.passes.hal.pipeline import device_assignment
from pyrie.passes.options import CompileOptions
from pyrie.passes.registry import load_pass


def preprocessing_phase(options: CompileOptions) -> Pipeline:
    """same -> same."""
    return Pipeline("preprocessing", device_assignment(options), *parse_pipeline(options.preprocessing_pipeline, load_pass))
