"""The one tree of errors that users meet. Each says what was wrong, where, and the way out."""

from __future__ import annotations


class PyrieError(Exception):
    """Base of every error Pyrie raises on purpose.

    `location` is the user's own name for the place (a node name, `file:line:column`, an argument); `hint` is the way out.
    The text is `location: message` followed by indented detail lines and the hint.
    """

    def __init__(self, message: str, *, location: str | None = None, details: tuple[str, ...] = (), hint: str | None = None):
        self.message, self.location, self.details, self.hint = message, location, details, hint
        super().__init__(message)

    def __str__(self) -> str:
        head = f"{self.location}: {self.message}" if self.location else self.message
        tail = [*self.details, *((self.hint,) if self.hint else ())]
        return "\n".join([head, *(f"  {line}" for line in tail)])


class InputError(PyrieError):
    """What the user handed over cannot be used: a missing or damaged file, a wrong shape, dtype, count or flag."""


class UnsupportedError(PyrieError):
    """A legal model asks for something Pyrie does not have yet; `hint` says what is supported instead."""


class VerifyError(PyrieError):
    """An op, a module or a file breaks one of its invariants."""


class CompileError(PyrieError):
    """A pass or code generator could not finish; the text names the op and how to reproduce it."""


class LimitError(PyrieError):
    """Something is larger, deeper or longer than the limits in `support.limits` allow."""


class DeviceError(PyrieError):
    """A device, driver, executable or queue failed at run time. `code` is an IREE status name such as OUT_OF_RANGE."""

    def __init__(
        self, message: str, *, code: str = "UNKNOWN", location: str | None = None, details: tuple[str, ...] = (), hint: str | None = None
    ):
        super().__init__(message, location=location, details=details, hint=hint)
        self.code = code
