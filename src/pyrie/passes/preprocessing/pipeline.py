"""The preprocessing phase: the user's own passes (`--iree-preprocessing-pass-pipeline`), none by default."""

from __future__ import annotations

from pyrie.ir.pass_options import parse_pipeline
from pyrie.ir.passes import Pipeline
from pyrie.passes.options import CompileOptions
from pyrie.passes.registry import load_pass


def preprocessing_phase(options: CompileOptions) -> Pipeline:
    """same -> same."""
    return Pipeline("preprocessing", *parse_pipeline(options.preprocessing_pipeline, load_pass))
