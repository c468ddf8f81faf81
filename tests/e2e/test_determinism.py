"""The same source gives the same bytes: from another process, and across a stop in the middle."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest
from examples import EXAMPLES, MODELS

from pyrie.ir.printer import print_module
from pyrie.session import Session, compile

COMPILE = """
import hashlib, sys
from pyrie.session import compile
for path in sys.argv[1:]:
    print(hashlib.sha256(compile(path, cache=False)).hexdigest())
"""


def test_hash_seeds_change_nothing():
    paths = [str(EXAMPLES / model) for model in MODELS]
    digests = []
    for seed in ("0", "1"):
        command = [sys.executable, "-c", COMPILE, *paths]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        digests.append(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split())
    assert digests[0] == digests[1] and len(set(digests[0])) == len(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_stopping_at_stream_and_going_on_gives_the_same_module(model: str):
    whole = compile(EXAMPLES / model, cache=False)
    stopped = print_module(Session().compile(EXAMPLES / model, until="stream"), locations=True)
    session = Session()
    resumed = session.serialize(session.compile(stopped, after="stream"))
    assert hashlib.sha256(resumed).hexdigest() == hashlib.sha256(whole).hexdigest()
