"""The `reference` target: executables that hold IR text, run by the reference interpreter. Slow, portable, and the oracle.

Importing this package makes the runtime able to load them; without it they are refused with a message.
"""

from pyrie.codegen.reference.executable import FORMAT, load
from pyrie.runtime.hal.executable import register_format

register_format(FORMAT, load)

__all__ = ["FORMAT", "load"]
