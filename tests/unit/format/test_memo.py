"""The list of caches in a module survives writing and reading, and damage is told."""

from __future__ import annotations

import pytest

from pyrie.format.memo import CacheRecord, read_records, write_records
from pyrie.support.errors import VerifyError

RECORDS = [CacheRecord("main", "__device_0", True, 1, 1), CacheRecord('odd "name"\n\u2028', "d", False, 8, 16)]


def test_records_are_read_as_they_were_written():
    assert read_records(write_records(RECORDS)) == RECORDS
    assert read_records("") == []


@pytest.mark.parametrize("text", ["[", "1", "[]", '["f", "d", 0, 1, 1]', '["f", "d", true, 1.0, 1]', "[" * 100_000, "\0"])
def test_damage_is_told(text: str):
    with pytest.raises(VerifyError, match="damaged"):
        read_records(text)
