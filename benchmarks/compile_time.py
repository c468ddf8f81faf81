"""Where a compile spends its time: every example, cold, in a fresh process, by phase and by pass.

python benchmarks/compile_time.py            # prints the tables
python benchmarks/compile_time.py --write    # rewrites docs/compile_time.md with them
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODELS = ("digits.onnx", "mlp.mlir", "transformer_block.mlir", "loop.mlir", "counter.mlir")
PAGE = ROOT / "docs" / "compile_time.md"

# Runs in a process of its own: imports count, as they do for a user.
CHILD = """
import json, sys, time
begin = time.perf_counter()
from pyrie.session import Session
imported = time.perf_counter()
session = Session()
module = session.compile(sys.argv[1])
data = session.serialize(module)
end = time.perf_counter()
phases = {p.name: (p.seconds, {c.name: c.seconds for c in p.children}) for p in session.observer.timing.children}
print(json.dumps({"import": imported - begin, "total": end - begin, "bytes": len(data), "phases": phases}))
"""


def compile_once(model: str) -> dict:
    command = [sys.executable, "-c", CHILD, str(ROOT / "examples" / model)]
    environment = {**os.environ, "PYRIE_CACHE_DIR": ""}
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


def loading(run: dict) -> float:
    """Seconds outside of passes: each phase's code is imported when the phase begins, then the module's bytes are made."""
    return run["total"] - run["import"] - sum(seconds for seconds, _ in run["phases"].values())


def median_of(runs: list[dict]) -> dict:
    """The run whose total is the median."""
    middle = statistics.median_low([run["total"] for run in runs])
    return next(run for run in runs if run["total"] == middle)


def report(repeats: int) -> str:
    runs = {model: median_of([compile_once(model) for _ in range(repeats)]) for model in MODELS}
    phases = list(next(iter(runs.values()))["phases"])
    lines = [
        "# Where a compile spends its time",
        "",
        f"Made by `python benchmarks/compile_time.py --write`: cold, no cache, one fresh process each, the median of {repeats}. Seconds.",
        "",
        "| | " + " | ".join(runs) + " |",
        "|---|" + "---|" * len(runs),
        "| imports | " + " | ".join(f"{run['import']:.2f}" for run in runs.values()) + " |",
        *(
            "| " + phase + " | " + " | ".join(f"{run['phases'].get(phase, (0,))[0]:.2f}" for run in runs.values()) + " |"
            for phase in phases
        ),
        "| loading the phases' code, writing the module | " + " | ".join(f"{loading(run):.2f}" for run in runs.values()) + " |",
        "| **whole** | " + " | ".join(f"**{run['total']:.2f}**" for run in runs.values()) + " |",
        "| module, KB | " + " | ".join(f"{run['bytes'] / 1024:.0f}" for run in runs.values()) + " |",
        "",
        "The slowest passes of `digits.onnx`:",
        "",
        "| pass | phase | seconds |",
        "|---|---|---|",
    ]
    digits = runs["digits.onnx"]["phases"]
    passes = [(seconds, name, phase) for phase, (_, children) in digits.items() for name, seconds in children.items()]
    lines += [f"| {name} | {phase} | {seconds:.3f} |" for seconds, name, phase in sorted(passes, reverse=True)[:12]]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"rewrite {PAGE.relative_to(ROOT)}")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    text = report(arguments.repeats)
    if arguments.write:
        PAGE.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
