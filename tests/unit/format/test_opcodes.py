"""The opcode table against facts taken down from IREE's published instruction set."""

from __future__ import annotations

import hashlib

from pyrie.format.opcodes import OPCODES, Field, Kind

# Of the lines `code mnemonic KIND:bank...` (`!` marks results) of all operations of bytecode 17.0, sorted.
PUBLISHED_DIGEST = "51a396b3e179b7a2"


def shown(field: Field) -> str:
    bank = f":{field.bank.value}" if field.bank and field.kind in (Kind.REGISTER, Kind.CONSTANT) else ""
    return f"{field.kind.name}{'!' if field.result else ''}{bank}"


def test_table_is_the_published_one():
    lines = sorted(f"{op.code.hex()} {op.mnemonic} {' '.join(map(shown, op.fields))}" for op in OPCODES if not op.is_pseudo)
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] == PUBLISHED_DIGEST


def test_counts_of_the_three_sets():
    operations = [op.code for op in OPCODES if not op.is_pseudo]
    assert [sum(c[:-1] == prefix for c in operations) for prefix in (b"", b"\xe0", b"\xe1")] == [136, 62, 64]


def test_codes_and_mnemonics_are_unique():
    assert len({op.code for op in OPCODES}) == len({op.mnemonic for op in OPCODES}) == len(OPCODES)
