"""The reference interpreter: what a module means, computed with numpy. The oracle of the tests.

It knows ops by name only (no dialect is imported), evaluates whole iteration spaces at once where it can, and with `precise=True`
accumulates floating-point reductions in float64. Undefined cases have one documented value: division by zero gives 0 (remainder: the
dividend), shifts by the width or more give 0 or the sign, float-to-integer conversion saturates and takes NaN to 0, and an index out of
range reads the nearest element.
"""

from pyrie.ir.interpreter.machine import Interpreter, Machine
from pyrie.ir.interpreter.registry import elementwise, implements

__all__ = ["Interpreter", "Machine", "elementwise", "implements"]
