"""Bytes kept on disk by key: compiled modules and kernels. Anything wrong with the cache is a miss, never an error.

Private to the user (0700), written by atomic rename, bounded in size, digest-checked on read, safe for several processes.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from pyrie.support import env

MAX_BYTES = 2 << 30  # of all entries of one directory together; the least recently used go first
_MAGIC = b"pyrie-cache-1\n"
_DIGEST_SIZE = 32


class DiskCache:
    """Entries below `directory`; `None` or an unusable directory make a cache that holds nothing."""

    def __init__(self, directory: Path | None, max_bytes: int = MAX_BYTES):
        self.max_bytes = max_bytes
        self.directory = directory if directory is not None and _is_private(directory) else None

    @staticmethod
    def of(kind: str) -> DiskCache:
        """The user's cache for `kind` (`modules`, `kernels`) below PYRIE_CACHE_DIR."""
        root = env.get("PYRIE_CACHE_DIR")
        return DiskCache(Path(root).expanduser() / kind if root else None)

    def get(self, key: str) -> bytes | None:
        """The bytes stored under `key`, or None if there are none or they are damaged."""
        if self.directory is None:
            return None
        path = self.directory / key
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        head = len(_MAGIC) + _DIGEST_SIZE
        data = raw[head:]
        if not raw.startswith(_MAGIC) or raw[len(_MAGIC) : head] != _digest(data):
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return data

    def put(self, key: str, data: bytes) -> None:
        """Stores `data` under `key`, whole or not at all."""
        if self.directory is None or len(data) > self.max_bytes:
            return
        with suppress(OSError):
            descriptor, temporary = tempfile.mkstemp(dir=self.directory, prefix=".new-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_MAGIC + _digest(data))
                    file.write(data)
                os.replace(temporary, self.directory / key)
            except BaseException:
                os.unlink(temporary)
                raise
            self._shrink()

    def _shrink(self) -> None:
        assert self.directory is not None
        entries = []
        for entry in os.scandir(self.directory):
            with suppress(OSError):  # another process may take it away meanwhile
                status = entry.stat()
                entries.append((status.st_mtime_ns, status.st_size, entry.path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self.max_bytes:
                break
            with suppress(OSError):
                os.unlink(path)
            total -= size


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_SIZE).digest()


def _is_private(directory: Path) -> bool:
    """Makes the directory if need be; whether it is ours alone."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
    except OSError:
        return False
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022
