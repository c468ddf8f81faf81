"""Small kernels in machine code for tests of the executors, each written in LLVM text and compiled here."""

from __future__ import annotations

import functools
import platform
import runpy
from pathlib import Path

from pyrie.runtime import Executable, Kernel
from pyrie.runtime.native.memory import PROT_EXECUTE, PROT_READ, NativeMemory

ROOT = Path(__file__).resolve().parents[3]
CHUNK = 16  # elements of i32 that a workgroup handles

# mix: of each element of a chunk in binding 0, makes element * constant 0 + constant 1 + workgroup in binding 1.
# spin: the same, after as many rounds as constant 2 says. fail: returns constant 1 in the workgroup that constant 0 names.
# local: mixes through local memory, whose end it uses. nothing: does nothing. meet: counts itself in binding 0, then waits there until
# constant 0 is reached; returns 1 if that takes more rounds than constant 1 says.
TEXT = """
define i32 @nothing(ptr %environment, ptr %dispatch, ptr %group) { ret i32 0 }

define i32 @fail(ptr %environment, ptr %dispatch, ptr %group) {
  %constants.at = getelementptr i8, ptr %dispatch, i64 24
  %constants = load ptr, ptr %constants.at
  %code.at = getelementptr i32, ptr %constants, i64 1
  %where = load i32, ptr %constants
  %code = load i32, ptr %code.at
  %x = load i32, ptr %group
  %here = icmp eq i32 %x, %where
  %result = select i1 %here, i32 %code, i32 0
  ret i32 %result
}

define i32 @spin(ptr %environment, ptr %dispatch, ptr %group) {
entry:
  %constants.at = getelementptr i8, ptr %dispatch, i64 24
  %constants = load ptr, ptr %constants.at
  %rounds.at = getelementptr i32, ptr %constants, i64 2
  br label %wait
wait:
  %i = phi i32 [ 0, %entry ], [ %i.next, %again ]
  %rounds = load volatile i32, ptr %rounds.at
  %go.on = icmp ult i32 %i, %rounds
  br i1 %go.on, label %again, label %work
again:
  %i.next = add i32 %i, 1
  br label %wait
work:
  %code = call i32 @work(ptr %dispatch, ptr %group, ptr null)
  ret i32 %code
}

define i32 @mix(ptr %environment, ptr %dispatch, ptr %group) {
  %code = call i32 @work(ptr %dispatch, ptr %group, ptr null)
  ret i32 %code
}

define i32 @meet(ptr %environment, ptr %dispatch, ptr %group) {
entry:
  %constants.at = getelementptr i8, ptr %dispatch, i64 24
  %constants = load ptr, ptr %constants.at
  %rounds.at = getelementptr i32, ptr %constants, i64 1
  %wanted = load i32, ptr %constants
  %rounds = load i32, ptr %rounds.at
  %bindings.at = getelementptr i8, ptr %dispatch, i64 32
  %bindings = load ptr, ptr %bindings.at
  %counter = load ptr, ptr %bindings
  %before = atomicrmw add ptr %counter, i32 1 seq_cst
  br label %wait
wait:
  %i = phi i32 [ 0, %entry ], [ %i.next, %again ]
  %count = load atomic volatile i32, ptr %counter seq_cst, align 4
  %met = icmp uge i32 %count, %wanted
  br i1 %met, label %done, label %again
again:
  %i.next = add i32 %i, 1
  %patient = icmp ult i32 %i.next, %rounds
  br i1 %patient, label %wait, label %done
done:
  %result = phi i32 [ 0, %wait ], [ 1, %again ]
  ret i32 %result
}

define i32 @local(ptr %environment, ptr %dispatch, ptr %group) {
entry:
  %size.at = getelementptr i8, ptr %group, i64 24
  %size = load i32, ptr %size.at
  %enough = icmp uge i32 %size, 65536
  br i1 %enough, label %go, label %refuse
refuse:
  ret i32 99
go:
  %local.at = getelementptr i8, ptr %group, i64 16
  %local = load ptr, ptr %local.at
  %end = getelementptr i8, ptr %local, i64 65532
  %code = call i32 @work(ptr %dispatch, ptr %group, ptr %end)
  ret i32 %code
}

define internal i32 @work(ptr %dispatch, ptr %group, ptr %scratch) {
entry:
  %constants.at = getelementptr i8, ptr %dispatch, i64 24
  %constants = load ptr, ptr %constants.at
  %c1.at = getelementptr i32, ptr %constants, i64 1
  %c0 = load i32, ptr %constants
  %c1 = load i32, ptr %c1.at
  %bindings.at = getelementptr i8, ptr %dispatch, i64 32
  %bindings = load ptr, ptr %bindings.at
  %target.at = getelementptr ptr, ptr %bindings, i64 1
  %source = load ptr, ptr %bindings
  %target = load ptr, ptr %target.at
  %x = load i32, ptr %group
  %start = mul i32 %x, 16
  %end = add i32 %start, 16
  %add = add i32 %c1, %x
  %has.scratch = icmp ne ptr %scratch, null
  br label %loop
loop:
  %i = phi i32 [ %start, %entry ], [ %i.next, %store ]
  %i.wide = zext i32 %i to i64
  %from = getelementptr i32, ptr %source, i64 %i.wide
  %to = getelementptr i32, ptr %target, i64 %i.wide
  %value = load i32, ptr %from
  %scaled = mul i32 %value, %c0
  %mixed = add i32 %scaled, %add
  br i1 %has.scratch, label %through, label %store
through:
  store volatile i32 %mixed, ptr %scratch
  %back = load volatile i32, ptr %scratch
  br label %store
store:
  %final = phi i32 [ %mixed, %loop ], [ %back, %through ]
  store i32 %final, ptr %to
  %i.next = add i32 %i, 1
  %more = icmp ult i32 %i.next, %end
  br i1 %more, label %loop, label %done
done:
  ret i32 0
}
"""
# name -> constants, bindings, local memory
KERNELS = {"mix": (2, 2, 0), "spin": (3, 2, 0), "fail": (2, 0, 0), "local": (2, 2, 65536), "nothing": (0, 0, 0), "meet": (2, 1, 0)}
ORDINALS = {name: i for i, name in enumerate(KERNELS)}


@functools.cache
def kernels() -> Executable:
    """An executable with the kernels of KERNELS, in that order."""
    script = runpy.run_path(str(ROOT / "scripts" / "generate_machine_code.py"))
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    code, offsets = script["machine_code"](TEXT, f"{machine}-unknown-linux-gnu")
    memory = NativeMemory(len(code))
    memory.write(0, code)
    memory.protect(0, memory.size, PROT_READ | PROT_EXECUTE)
    made = [
        Kernel(name, constants, bindings, local, address=memory.address + offsets[name], owner=memory)
        for name, (constants, bindings, local) in KERNELS.items()
    ]
    return Executable("test", made)
