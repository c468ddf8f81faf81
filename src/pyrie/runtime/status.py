"""Status codes of the VM and HAL, which travel through bytecode as integers and reach users as `DeviceError.code`."""

from __future__ import annotations

from pyrie.support.errors import DeviceError

OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED = range(8)
RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS = range(8, 16)
UNAUTHENTICATED, DEFERRED, INCOMPATIBLE = range(16, 19)
CODE_MASK = 0x1F

NAMES: tuple[str, ...] = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED"),
    *("RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"),
    *("UNAUTHENTICATED", "DEFERRED", "INCOMPATIBLE"),
)


def error(code: int, message: str, *, hint: str | None = None) -> DeviceError:
    """A DeviceError with the name of an integer status code; a code without a name becomes UNKNOWN."""
    return DeviceError(message, code=NAMES[code] if 0 < code < len(NAMES) else "UNKNOWN", hint=hint)


def code_of(error: BaseException) -> int:
    """The integer status code of an error; INTERNAL for one that carries none."""
    name = getattr(error, "code", None)
    return NAMES.index(name) if name in NAMES else INTERNAL
