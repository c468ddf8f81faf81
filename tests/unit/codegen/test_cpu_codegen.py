# ruff: noqa: E501
"""Pieces of the CPU code generator: targets, tiles, where ops land, and what the objects may need."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import IndexType
from xdsl.ir import Block

from pyrie.codegen.cpu.lowering.indices import CannotVectorize, Lanes, Position, PositionArithmetic
from pyrie.codegen.cpu.lowering.scopes import KernelBuilder
from pyrie.codegen.cpu.machine import describe
from pyrie.codegen.cpu.objects import compile_object
from pyrie.codegen.cpu.strategies.contraction import balanced, register_tile
from pyrie.codegen.cpu.strategies.plan import Plan, blocks
from pyrie.codegen.target import TargetOptions, load_backend
from pyrie.dialects import arith
from pyrie.support.errors import CompileError, InputError, UnsupportedError

AVX512, AVX2, SSE = (describe(cpu, "", "x86_64") for cpu in ("x86-64-v4", "x86-64-v3", "generic"))


# ---- targets -----------------------------------------------------------------------------------------------------------


def test_a_target_spells_out_its_machine():
    (target,) = load_backend("llvm-cpu").executable_targets(TargetOptions(cpu="x86-64-v3", triple="x86_64-linux-gnu"))
    text = str(target)
    assert '"llvm-cpu", "embedded-elf-x86_64"' in text
    assert "+avx2" in text and "avx512" not in text
    assert "native_vector_size = 32 : i64" in text


@pytest.mark.parametrize("options, message", [
    (TargetOptions(cpu="pentium9000"), "pentium9000"),
    (TargetOptions(triple="pdp11-dec-unix"), "pdp11"),
    (TargetOptions(cpu_features="avx2"), "'avx2' is not a CPU feature"),
])  # fmt: skip
def test_unknown_machines_are_refused_by_name(options: TargetOptions, message: str):
    with pytest.raises(InputError, match=message):
        load_backend("llvm-cpu").executable_targets(options)


def test_unknown_backends_are_refused_with_those_that_exist():
    with pytest.raises(InputError) as refused:
        load_backend("abacus")
    assert "llvm-cpu" in str(refused.value)


def test_features_are_added_and_removed():
    machine = describe("x86-64-v3", "-fma,+gfni", "x86_64")
    assert not machine.has_fma and "gfni" in machine.features and machine.vector_bytes == 32


# ---- tiles -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", [AVX512, AVX2, SSE], ids=["avx512", "avx2", "sse"])
@pytest.mark.parametrize("rows, columns", [(None, None), (128, 768), (49, 512), (1, 3072), (7, 10), (3136, 256), (1, 1)])
def test_accumulators_fit_in_registers(machine, rows, columns):
    height, width = register_tile(rows, columns, machine)
    vectors = -(-width // machine.lanes)
    assert height * vectors + vectors + 1 <= machine.vector_registers
    assert height <= (rows or height) and width <= (columns or width)


def test_rows_are_split_evenly():
    assert [balanced(rows, 8) for rows in (49, 128, 17, 9, 8, 1)] == [7, 8, 6, 5, 8, 1]


@pytest.mark.parametrize(
    "extents, lanes, work", [((100, 1000), (1, 64), 32768), ((4, None, 30), (1, 1, 30), 1000), ((), (), 10), ((7,), (7,), 1)]
)
def test_blocks_are_whole_tiles_of_about_the_work_wanted(extents, lanes, work):
    result = blocks(extents, lanes, work)
    assert all(block % lane == 0 for block, lane in zip(result, lanes, strict=True))
    inner = 1
    for extent, block in zip(extents, result, strict=True):
        inner *= block or extent or 1
    assert inner <= max(2 * work, max(lanes, default=1))


def test_plans_survive_being_attributes():
    from pyrie.codegen.cpu.lowering.nests import Tiling

    plan = Plan("contraction", Tiling((0, 64), (8, 48), (1, 0)), row_lanes=64, inner_lanes=16, packed=1)
    assert Plan.from_attribute(plan.attribute()) == plan


# ---- placing -----------------------------------------------------------------------------------------------------------


def test_ops_land_where_their_operands_exist_and_only_once():
    block = Block()
    builder = KernelBuilder(block)
    made = []

    def outer(i, _):
        def inner(j, _):
            made.extend([builder.add(builder.mul(i, 7), 3), builder.add(builder.mul(i, 7), 3), builder.add(i, j)])
            return []

        builder.for_(0, 10, 1, [], inner)
        return []

    builder.for_(0, 10, 1, [], outer)
    invariant, again, variant = made
    assert invariant is again
    loop = block.last_op
    assert loop is not None
    names = [op.name for op in loop.regions[0].block.ops]
    assert names == ["arith.muli", "arith.addi", "scf.for", "scf.yield"]
    assert variant.owner.parent_op().name == "scf.for" and variant.owner.parent_op() is not loop


def test_guarded_reads_stay_inside_their_guard():
    block = Block(arg_types=[IndexType()])
    builder = KernelBuilder(block)
    condition = builder.pure(arith.CmpiOp, [block.args[0], block.args[0]], [_i1()], {"predicate": _predicate()}).results[0]

    def then():
        builder.pure(arith.DivUIOp, [block.args[0], block.args[0]], [IndexType()], speculatable=False)
        builder.pure(arith.AddiOp, [block.args[0], block.args[0]], [IndexType()])
        return []

    builder.if_(condition, [], then, list)
    names = [op.name for op in block.ops]
    assert "arith.addi" in names and "arith.divui" not in names


def _i1():
    from xdsl.dialects.builtin import i1

    return i1


def _predicate():
    from xdsl.dialects.builtin import IntegerAttr, i64

    return IntegerAttr(0, i64)


# ---- positions ---------------------------------------------------------------------------------------------------------


def test_lanes_that_stay_in_one_block_survive_division():
    arithmetic = PositionArithmetic(KernelBuilder(Block()))
    lanes = Lanes(16, 0)
    position = Position(32, ((lanes, 1),))
    outer, inner = arithmetic.delinearize(position, [4, 64])
    assert (outer.base, outer.lanes) == (0, ()) and (inner.base, inner.lanes) == (32, ((lanes, 1),))
    with pytest.raises(CannotVectorize):
        arithmetic.delinearize(position, [40, 40])


# ---- objects -----------------------------------------------------------------------------------------------------------


def module(body: str) -> str:
    return f'target triple = "{SSE.triple}"\n{body}\n'


def test_an_object_that_needs_a_library_is_refused_with_the_caller(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYRIE_CACHE_DIR", "")
    text = module(
        "declare float @fmodf(float, float)\ndefine float @kernel(float %x) {\n  %y = call float @fmodf(float %x, float %x)\n  ret float %y\n}"
    )
    with pytest.raises(CompileError) as refused:
        compile_object(text, SSE)
    assert "fmodf" in str(refused.value) and "kernel" in str(refused.value)


def test_text_that_llvm_rejects_is_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYRIE_CACHE_DIR", "")
    with pytest.raises(CompileError, match="LLVM rejects"):
        compile_object(module("define void @f() {\n  %x = add i32 1, 2.0\n  ret void\n}"), SSE)


# ---- what is not there -------------------------------------------------------------------------------------------------


def test_an_op_without_a_kernel_is_named_with_its_place():
    from pyrie.dialects import hal
    from pyrie.dialects.registry import make_context
    from pyrie.ir.parser import parse_module

    backend = load_backend("llvm-cpu")
    (target,) = backend.executable_targets(TargetOptions(cpu="generic", triple="x86_64"))
    tensor = "!iree_tensor_ext.dispatch.tensor"
    text = f"""
#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>, #hal.pipeline.binding<storage_buffer>]>
hal.executable private @e {{
  hal.executable.variant public @v target({target}) {{
    hal.executable.export public @k ordinal(0) layout(#layout) count(%d: !hal.device) -> (index, index, index) {{
      %x, %y, %z = iree_tensor_ext.dispatch.workgroup_count_from_slice()
      hal.return %x, %y, %z : index, index, index
    }}
    builtin.module {{
      func.func @k() {{
        %c0 = arith.constant 0 : index
        %0 = hal.interface.binding.subspan layout(#layout) binding(0) offset(%c0) : {tensor}<readonly:tensor<4xf32>>
        %1 = hal.interface.binding.subspan layout(#layout) binding(1) offset(%c0) : {tensor}<writeonly:tensor<4xf32>>
        %2 = iree_tensor_ext.dispatch.tensor.load %0, offsets = [0], sizes = [4], strides = [1] : {tensor}<readonly:tensor<4xf32>> -> tensor<4xf32>
        %3 = tensor.insert %c into %2[%c0] : tensor<4xf32>
        iree_tensor_ext.dispatch.tensor.store %3, %1, offsets = [0], sizes = [4], strides = [1] : tensor<4xf32> -> {tensor}<writeonly:tensor<4xf32>>
        return
      }}
    }}
  }}
}}""".replace("%c into", "%f into").replace("%3 = tensor", "%f = arith.constant 1.0 : f32\n        %3 = tensor")
    context = make_context()
    module = parse_module(text, context, name="model.mlir")
    variant = next(op for op in module.walk() if isinstance(op, hal.ExecutableVariantOp))
    with pytest.raises(UnsupportedError) as refused:
        backend.translate(context, variant)
    assert "tensor.insert" in str(refused.value) and "model.mlir" in str(refused.value) and "supported" in str(refused.value)
