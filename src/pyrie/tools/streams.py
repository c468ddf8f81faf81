"""Where a command reads and writes, so that it also runs inside of a test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pyrie.support.errors import InputError


@dataclass(frozen=True)
class Streams:
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO

    def read(self, path: str) -> str:
        """The text of a file; `-` is standard input. Raises InputError."""
        if path == "-":
            return self.stdin.read()
        try:
            return Path(path).read_bytes().decode()
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", location=path) from None
        except UnicodeDecodeError as error:
            raise InputError(f"is not UTF-8 text (byte {error.start})", location=path) from None

    def write(self, path: str, text: str) -> None:
        """Writes text to a file; `-` is standard output. Raises InputError."""
        if path == "-":
            self.stdout.write(text)
            return
        self.write_bytes(path, text.encode())

    def write_bytes(self, path: str, data: bytes) -> None:
        """Writes bytes to a file; `-` is standard output. Raises InputError."""
        if path == "-":
            self.stdout.flush()
            getattr(self.stdout, "buffer", self.stdout).write(data)  # pyright: ignore[reportArgumentType]
            return
        try:
            Path(path).write_bytes(data)
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", location=path) from None

    def warn(self, message: str) -> None:
        self.stderr.write(f"warning: {message}\n")
