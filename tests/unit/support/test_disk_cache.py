"""The disk cache: what goes in comes out, and nothing that goes wrong with it is more than a miss."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyrie.support.disk_cache import DiskCache


def test_there_and_back(tmp_path: Path):
    cache = DiskCache(tmp_path / "c")
    assert cache.get("k") is None
    cache.put("k", b"value")
    assert cache.get("k") == b"value" == DiskCache(tmp_path / "c").get("k")
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b"", lambda b: b[:20] + b"\0" + b[21:], lambda b: b[::-1]]
)
def test_a_damaged_entry_is_a_miss(tmp_path: Path, damage):
    cache = DiskCache(tmp_path / "c")
    cache.put("k", b"value" * 100)
    path = tmp_path / "c" / "k"
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get("k") is None
    cache.put("k", b"new")
    assert cache.get("k") == b"new"


def test_the_least_recently_used_go_first(tmp_path: Path):
    cache = DiskCache(tmp_path / "c", max_bytes=3000)
    for index in range(4):
        cache.put(f"k{index}", bytes([index]) * 900)
        os.utime(tmp_path / "c" / f"k{index}", (index + 1, index + 1))
    assert cache.get("k1") is not None  # which makes it the most recent
    cache.put("k9", b"x" * 900)
    assert cache.get("k1") is not None and cache.get("k2") is None
    assert sum(p.stat().st_size for p in (tmp_path / "c").iterdir()) <= 3000


def test_what_is_too_large_is_not_kept(tmp_path: Path):
    cache = DiskCache(tmp_path / "c", max_bytes=10)
    cache.put("k", b"x" * 11)
    assert cache.get("k") is None


def test_a_directory_others_may_write_to_is_not_used(tmp_path: Path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c").chmod(0o777)
    cache = DiskCache(tmp_path / "c")
    cache.put("k", b"value")
    assert cache.get("k") is None and not list((tmp_path / "c").iterdir())


def test_a_file_in_place_of_the_directory_is_no_error(tmp_path: Path):
    (tmp_path / "c").write_text("")
    cache = DiskCache(tmp_path / "c" / "modules")
    cache.put("k", b"value")
    assert cache.get("k") is None


def test_an_empty_variable_switches_it_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYRIE_CACHE_DIR", "")
    assert DiskCache.of("modules").directory is None


def test_two_processes_write_at_once(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from pyrie.support.disk_cache import DiskCache\n"
        "cache = DiskCache(Path(sys.argv[1]), max_bytes=200_000)\n"
        "for i in range(200):\n"
        "    cache.put(f'k{i % 7}', bytes([i % 7]) * 20_000)\n"
        "    value = cache.get(f'k{i % 5}')\n"
        "    assert value is None or value == bytes([i % 5]) * 20_000\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "c")]) for _ in range(2)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
