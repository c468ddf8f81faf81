"""Objects that LLVM makes, linked and loaded by the system's own loader and described by ours; damaged images are refused."""

from __future__ import annotations

import ctypes
import random
import struct
from pathlib import Path

import llvmlite.binding as llvm
import pytest

from pyrie.format.elf import link, read_image
from pyrie.support.errors import CompileError, InputError, PyrieError, UnsupportedError

FIRST = """
@table = constant [3 x ptr] [ptr @scale, ptr @message, ptr @counter]
@message = private constant [6 x i8] c"hello\\00"
@counter = global i32 5
@zeros = global [1000 x i32] zeroinitializer, align 64
@other = external global i32
declare i32 @triple(i32)
define i32 @scale(i32 %x) {
  %y = call i32 @triple(i32 %x)
  %c = load i32, ptr @counter
  %next = add i32 %c, 1
  store i32 %next, ptr @counter
  %o = load i32, ptr @other
  %z = load i32, ptr getelementptr ([1000 x i32], ptr @zeros, i64 0, i64 999)
  %a = add i32 %y, %c
  %b = add i32 %a, %o
  %r = add i32 %b, %z
  ret i32 %r
}
define ptr @get_table() { ret ptr @table }
"""
SECOND = """
@other = global i32 100
define i32 @triple(i32 %x) { %y = mul i32 %x, 3
  ret i32 %y }
"""


@pytest.fixture(scope="module")
def compiled():
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()

    def compile_text(text: str, *, reloc: str = "pic", triple: str = "x86_64-unknown-unknown-elf") -> bytes:
        module = llvm.parse_assembly(text)
        module.verify()
        return llvm.Target.from_triple(triple).create_target_machine(opt=3, reloc=reloc, codemodel="small").emit_object(module)

    return compile_text


@pytest.fixture(scope="module")
def image(compiled) -> bytes:
    return link([compiled(FIRST), compiled(SECOND)], exported=["scale", "get_table"])


def test_linked_code_runs(image: bytes, tmp_path: Path):
    path = tmp_path / "image.so"
    path.write_bytes(image)
    library = ctypes.CDLL(str(path))
    assert [library.scale(7), library.scale(7)] == [126, 127]
    library.get_table.restype = ctypes.POINTER(ctypes.c_char_p)
    assert library.get_table()[1] == b"hello"


def test_linking_is_deterministic(compiled, image: bytes):
    assert link([compiled(FIRST), compiled(SECOND)], exported=["scale", "get_table"]) == image


def test_the_image_is_described_as_it_was_linked(image: bytes):
    described = read_image(image)
    assert described.machine.format == "embedded-elf-x86_64"
    assert list(described.exports) == ["scale", "get_table"]
    kinds = [(s.is_writable, s.is_executable, s.is_relro) for s in described.segments]
    assert kinds == [(False, False, False), (False, True, False), (True, False, True), (True, False, False)]
    code, data = described.segments[1], described.segments[3]
    assert all(code.start <= offset < code.start + code.size for offset in described.exports.values())
    assert data.size >= 4000 > len(data.data)
    targets = {t for _, t in described.relocations}
    assert {described.exports["scale"], data.start} <= targets


def test_an_image_by_hand_runs_like_the_systems_loader(image: bytes):
    """Copy, relocate, call: the whole of the loader's job, on writable memory that is then made executable."""
    described = read_image(image)
    memory = mmap_executable(described.size)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for segment in described.segments:
        memory[segment.start : segment.start + len(segment.data)] = bytes(segment.data)
    for place, target in described.relocations:
        memory[place : place + 8] = struct.pack("<Q", base + target)
    scale = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(base + described.exports["scale"])
    assert [scale(7), scale(7)] == [126, 127]


def mmap_executable(size: int):
    import mmap

    return mmap.mmap(-1, size, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def test_undefined_symbols_are_named(compiled):
    with pytest.raises(CompileError, match=r"other, needed by first\n  triple, needed by first"):
        link([compiled(FIRST)], exported=["scale"], names=["first"])


def test_double_definitions_are_named(compiled):
    with pytest.raises(CompileError, match="triple is defined by both object 0 and object 1"):
        link([compiled(SECOND), compiled(SECOND)], exported=[])


def test_missing_exports_are_named(compiled):
    with pytest.raises(CompileError, match="no object defines query"):
        link([compiled(SECOND)], exported=["query"])


def test_a_strong_definition_wins_over_a_weak_one(compiled, tmp_path: Path):
    weak = compiled("define weak i32 @f() { ret i32 1 }\ndefine i32 @g() { %r = call i32 @f()\n ret i32 %r }")
    strong = compiled("define i32 @f() { ret i32 2 }")
    path = tmp_path / "weak.so"
    path.write_bytes(link([weak, strong], exported=["g"]))
    assert ctypes.CDLL(str(path)).g() == 2


def test_groups_are_kept_once(compiled, tmp_path: Path):
    shared = "$f = comdat any\ndefine linkonce_odr i32 @f() comdat { ret i32 3 }\n"
    first = compiled(shared + "define i32 @g() { %r = call i32 @f()\n ret i32 %r }")
    second = compiled(shared + "define i32 @h() { %r = call i32 @f()\n ret i32 %r }")
    path = tmp_path / "groups.so"
    path.write_bytes(link([first, second], exported=["g", "h"]))
    library = ctypes.CDLL(str(path))
    assert [library.g(), library.h()] == [3, 3]


def test_code_for_fixed_addresses_is_refused(compiled):
    text = """
    @a = dso_local global [9 x i32] zeroinitializer
    define i32 @f(i64 %i) {
      %p = getelementptr [9 x i32], ptr @a, i64 0, i64 %i
      %v = load i32, ptr %p
      ret i32 %v
    }"""
    with pytest.raises(CompileError, match=r"R_X86_64_32S to 'a' in \.text fixes an address"):
        link([compiled(text, reloc="static")], exported=["f"])


def test_constructors_and_threads_are_refused(compiled):
    with pytest.raises(UnsupportedError, match="thread-local"):
        link([compiled("@t = thread_local global i32 1\ndefine ptr @f() { ret ptr @t }")], exported=["f"])


def test_another_machine_is_refused(compiled):
    with pytest.raises(UnsupportedError, match="ELF machine 183"):
        link([compiled(SECOND, triple="aarch64-unknown-unknown-elf")], exported=["triple"])


@pytest.mark.parametrize("junk", [b"", b"\x7fELF", b"x" * 4096])
def test_junk_is_refused(junk: bytes):
    with pytest.raises(InputError, match="ELF"):
        link([junk], exported=[])
    with pytest.raises(InputError, match="ELF"):
        read_image(junk)


def test_damaged_images_and_objects_never_escape(compiled, image: bytes):
    """Whatever happens to the bytes, the answer is a description within bounds or an error of ours."""
    seed = 20261123
    generator = random.Random(seed)
    source = compiled(SECOND)
    for step in range(1500):
        damaged = bytearray(image if step % 3 else source)
        for _ in range(generator.randint(1, 4)):
            damaged[generator.randrange(len(damaged))] = generator.choice((0, 1, 0x7F, 0x80, 0xFF, generator.randrange(256)))
        if step % 5 == 0:
            del damaged[generator.randrange(len(damaged)) :]
        try:
            if step % 3:
                described = read_image(bytes(damaged))
                assert all(s.start >= 0 and s.start + s.size <= described.size for s in described.segments), f"seed {seed} step {step}"
                assert all(0 <= p <= described.size - 8 and 0 <= t <= described.size for p, t in described.relocations)
            else:
                link([bytes(damaged)], exported=["triple"])
        except PyrieError:
            pass
