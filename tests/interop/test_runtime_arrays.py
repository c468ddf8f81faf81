"""Whatever array a caller hands over is read right and never written; results belong to the caller alone."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from conftest import RealIREE
from pyrie.program import Program
from pyrie.runtime import arrays, create_device
from pyrie.runtime.arrays import SMALL_RESULT
from pyrie.support.errors import InputError

pytestmark = pytest.mark.interop
HERE = Path(__file__).parent
SEED = 20261123


@pytest.fixture(scope="module", params=["local-sync", "local-task"])
def program(real_iree: Callable[[Path | str], RealIREE], request: pytest.FixtureRequest) -> Program:
    return Program(real_iree(HERE / "runtime_breadth.mlir").module, request.param)


def base(rows: int = 6, columns: int = 8) -> np.ndarray:
    return np.random.default_rng(SEED).standard_normal((rows, columns), dtype=np.float32)


def aligned(array: np.ndarray, offset: int = 0) -> np.ndarray:
    """A copy whose data begins `offset` bytes after a multiple of 64."""
    memory = np.zeros(array.nbytes + 128, np.uint8)
    start = -memory.__array_interface__["data"][0] % 64 + offset
    copy = np.ndarray(array.shape, array.dtype, memory.data, start)
    copy[...] = array
    return copy


def read_only(array: np.ndarray) -> np.ndarray:
    array = aligned(array)
    array.flags.writeable = False
    return array


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "plain": lambda x: x,
    "aligned": aligned,
    "misaligned by 4": lambda x: aligned(x, 4),
    "misaligned by 1": lambda x: aligned(x, 1),
    "read-only": read_only,
    "read-only and misaligned": lambda x: (
        np.frombuffer(b"abc" + x.tobytes(), np.uint8)[3:].view(np.uint8).view("V4").view(x.dtype).reshape(x.shape)
    ),
    "transposed": lambda x: x.T,
    "Fortran": np.asfortranarray,
    "every other row": lambda x: x[::2],
    "reversed": lambda x: x[::-1, ::-1],
    "columns": lambda x: x[:, 2:5],
    "broadcast": lambda x: np.broadcast_to(x[0], (3, x.shape[1])),
    "big-endian": lambda x: x.astype(">f4"),
    "big-endian and transposed": lambda x: x.astype(">f4").T,
    "field of a record": lambda x: np.rec.fromarrays([x, x.astype(np.int64)], names="a,b")["a"],
    "masked": np.ma.masked_array,
    "no rows": lambda x: x[:0],
    "no columns": lambda x: x[:, :0].T.copy().T,
    "memory map": lambda x: x,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(program: Program, layout: str, tmp_path: Path):
    x = LAYOUTS[layout](base())
    if layout == "memory map":
        np.save(tmp_path / "x.npy", x)
        x = np.load(tmp_path / "x.npy", mmap_mode="r")
    before = np.array(x, np.float32, copy=True)
    result = program["dynamic"](x)
    np.testing.assert_array_equal(result, before + before)
    np.testing.assert_array_equal(np.asarray(x, np.float32), before, err_msg="the argument was written")
    assert result.dtype == np.float32
    assert result.flags.writeable
    assert result.flags.c_contiguous
    assert not np.shares_memory(result, x)


IN_PLACE = """
func.func @sort(%x: tensor<4xi32>) -> tensor<4xi32> {
  %0 = "stablehlo.sort"(%x) ({
  ^bb0(%a: tensor<i32>, %b: tensor<i32>):
    %less = stablehlo.compare LT, %a, %b : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %less : tensor<i1>
  }) {dimension = 0 : i64, is_stable = false} : (tensor<4xi32>) -> tensor<4xi32>
  return %0 : tensor<4xi32>
}
func.func @update(%x: tensor<4xi32>, %y: tensor<2xi32>) -> tensor<4xi32> {
  %one = stablehlo.constant dense<1> : tensor<i32>
  %0 = stablehlo.dynamic_update_slice %x, %y, %one : (tensor<4xi32>, tensor<2xi32>, tensor<i32>) -> tensor<4xi32>
  return %0 : tensor<4xi32>
}
func.func @same(%x: tensor<4xi32>) -> tensor<4xi32> attributes {iree.reflection = {pyrie.arguments = "read-only"}} {
  return %x : tensor<4xi32>
}
"""


def test_programs_that_work_in_place_do_not_write_to_arguments(real_iree: Callable[[Path | str], RealIREE], tmp_path: Path):
    (tmp_path / "in_place.mlir").write_text(IN_PLACE)
    program = Program(real_iree(tmp_path / "in_place.mlir").module)
    for x in (aligned(np.array([3, 1, 2, 0], np.int32)), read_only(np.array([3, 1, 2, 0], np.int32))):
        np.testing.assert_array_equal(program["sort"](x), [0, 1, 2, 3])
        np.testing.assert_array_equal(program["update"](x, [8, 9]), [3, 8, 9, 0])
        np.testing.assert_array_equal(x, [3, 1, 2, 0])


def test_arguments_are_shared_with_a_function_that_promises_to_leave_them(
    real_iree: Callable[[Path | str], RealIREE], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "in_place.mlir").write_text(IN_PLACE)
    program = Program(real_iree(tmp_path / "in_place.mlir").module)
    shared = []
    monkeypatch.setattr(arrays, "wrap_address", lambda *a, wrap=arrays.wrap_address, **n: shared.append(a[0]) or wrap(*a, **n))
    for x in (aligned(np.arange(4, dtype=np.int32)), read_only(np.arange(4, dtype=np.int32)), aligned(np.arange(4, dtype=np.int32), 4)):
        program["sort"](x)
        result = program["same"](x)
        np.testing.assert_array_equal(result, x)
        assert not np.shares_memory(result, x), "the caller's memory is not given back as a result"
    assert len(shared) == 2, "the two aligned ones, in the one function that promised"


def test_the_same_array_twice(program: Program):
    x = aligned(np.arange(5, dtype=np.int64))
    np.testing.assert_array_equal(program["i64"](x, x), x * x)
    np.testing.assert_array_equal(program["i64"](x, x[::-1]), x * x[::-1])


def test_bools_of_any_stride(program: Program):
    x = np.arange(30).reshape(5, 6) % 4 == 0
    np.testing.assert_array_equal(program["i1"](x[:, 2], x[:, 4]), x[:, 2] ^ x[:, 4], strict=True)


class Exporter:
    """Offers an array through DLPack and nothing else."""

    def __init__(self, array: np.ndarray):
        self.array = array

    def __dlpack__(self, **options: object) -> object:
        return self.array.__dlpack__(**options)  # pyright: ignore[reportArgumentType]

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()


def test_dlpack_both_ways(program: Program):
    x = base()
    result = program["dynamic"](Exporter(x))
    np.testing.assert_array_equal(result, x + x)
    np.testing.assert_array_equal(np.from_dlpack(result), x + x)


def test_tensors_that_dlpack_cannot_carry_to_numpy(program: Program):
    class Mixed(Exporter):
        def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
            return self.array

        def __dlpack__(self, **options: object) -> object:
            raise BufferError("no bf16 in numpy")

    x = np.arange(5).astype(ml_dtypes.bfloat16)
    np.testing.assert_array_equal(program["bf16"](Mixed(x), Mixed(x)), x + x, strict=True)
    Mixed.__array__ = None  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(InputError, match="cannot be read through DLPack: no bf16"):
        program["bf16"](Mixed(x), x)


def test_sequences_and_scalars(program: Program):
    np.testing.assert_array_equal(program["dynamic"]([[1, 2.5], [3, 4]]), np.array([[2, 5], [6, 8]], np.float32), strict=True)
    np.testing.assert_array_equal(program["i1"]([True] * 5, [False] * 5), [True] * 5)
    assert program["scalars"](np.int32(1), np.array(2), np.float32(0.5))[:2] == (2, 4)


@pytest.mark.parametrize(
    "function, arguments, named, message",
    [
        ("dynamic", [np.ones((2, 2))], {}, r"argument 'input0' is float64; expected float32\n.*tensor<\?x\?xf32>\n.*astype"),
        ("dynamic", [np.ones(4, np.float32)], {}, r"has shape \[4\]; expected \[\?, \?\]"),
        ("rows", [np.ones((2, 5), np.float32), np.ones((4, 3), np.float32)], {}, r"'input0' has shape \[2, 5\]; expected \[\?, 4\]"),
        ("rows", [np.ones((2, 4), np.float32)], {}, r"needs 'input1' too"),
        ("rows", [], {}, r"needs 'input0', 'input1' too"),
        ("rows", [1, 2, 3], {}, r"takes 2 arguments, not 3"),
        ("rows", [1], {"input0": 2}, r"'input0' was given twice"),
        ("rows", [], {"weights": 2}, r"'weights' is not one of them"),
        ("dynamic", ["text"], {}, r"is of type str; expected an array"),
        ("dynamic", [None], {}, r"is of type NoneType; expected an array"),
        ("dynamic", [[[1, 2], [3]]], {}, r"cannot become an array of f32"),
        ("i8", [[1, 2, 3, 4, 1.5], [0] * 5], {}, r"holds float64 values; expected i8"),
        ("i8", [[1, 2, 3, 4, 999], [0] * 5], {}, r"cannot become an array of i8"),
        ("i1", [[1, 0, 1, 0, 1], [True] * 5], {}, r"holds int64 values; expected i1"),
        ("scalars", [2**40, 1, 1.0], {}, r"is 1099511627776, which i32 cannot hold"),
        ("scalars", [1.5, 1, 1.0], {}, r"expected a number of type i32"),
        ("scalars", [1, 1, "x"], {}, r"expected a number of type f32"),
        ("nothing", [1], {}, r"takes 0 arguments, not 1"),
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit(program: Program, function: str, arguments: list, named: dict, message: str):
    with pytest.raises(InputError, match=message):
        program[function](*arguments, **named)


STATE = """
util.global private mutable @kept = dense<0.0> : tensor<40xf32>
func.func @set(%x: tensor<40xf32>) {
  util.global.store %x, @kept : tensor<40xf32>
  return
}
func.func @get() -> tensor<40xf32> {
  %0 = util.global.load @kept : tensor<40xf32>
  return %0 : tensor<40xf32>
}
func.func @double() {
  %0 = util.global.load @kept : tensor<40xf32>
  %1 = arith.addf %0, %0 : tensor<40xf32>
  util.global.store %1, @kept : tensor<40xf32>
  return
}
"""


@pytest.mark.parametrize("device", ["local-sync", "local-task"])
def test_a_program_that_keeps_its_argument_keeps_a_copy(real_iree: Callable[[Path | str], RealIREE], tmp_path: Path, device: str):
    (tmp_path / "state.mlir").write_text(STATE)
    program = Program(real_iree(tmp_path / "state.mlir").module, device)
    x = aligned(np.full(40, 3, np.float32))
    program["set"](x)
    x[:] = 5
    got = program["get"]()
    np.testing.assert_array_equal(got, 3)
    got[:] = 9
    program["double"]()
    np.testing.assert_array_equal(program["get"](), 6)
    np.testing.assert_array_equal(x, 5)
    np.testing.assert_array_equal(got, 9)


def test_names(program: Program):
    x, y = np.ones((2, 4), np.float32), np.ones((4, 3), np.float32)
    expected = program["rows"](x, y)
    np.testing.assert_array_equal(program["rows"](x, input1=y), expected)
    np.testing.assert_array_equal(program["rows"](input1=y, input0=x), expected)
    with pytest.raises(InputError, match="no function 'absent'"):
        program["absent"]
    with pytest.raises(InputError, match="none is called 'main'"):
        program(x)


def test_results_outlive_the_program(real_iree: Callable[[Path | str], RealIREE]):
    x = base(200, 100)
    assert x.nbytes > SMALL_RESULT
    program = Program(real_iree(HERE / "runtime_breadth.mlir").module.read_bytes(), "local-task")
    large, small = program["dynamic"](x), program["dynamic"](x[:2, :2])
    later = [program["dynamic"](x) for _ in range(20)]
    del program
    gc.collect()
    churn = [np.full_like(x, 7) for _ in range(20)]
    for result in (large, *later):
        np.testing.assert_array_equal(result, x + x)
    np.testing.assert_array_equal(small, x[:2, :2] * 2)
    large[:] = 1
    assert len(churn) == 20
    np.testing.assert_array_equal(later[0], x + x)


def test_a_dropped_program_frees_its_memory_at_once(real_iree: Callable[[Path | str], RealIREE]):
    device = create_device("local-sync")
    program = Program(real_iree("counter").module, device)
    program["add"](1)
    before = device.allocator.pool.cached_bytes()
    gc.disable()
    try:
        del program
        assert device.allocator.pool.cached_bytes() > before
    finally:
        gc.enable()


def test_large_results_are_handed_over_without_a_copy(program: Program):
    address = {program["large"](np.ones((300, 500), np.float32)).__array_interface__["data"][0] for _ in range(20)}
    assert len(address) <= 4, "freed results go back to the pool and come again"
    assert all(a % 64 == 0 for a in address)


def test_memory_stays_flat(real_iree: Callable[[Path | str], RealIREE]):
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    program = Program(real_iree("mlp").module)
    x = base(4, 64)
    for _ in range(500):
        program(x)
    gc.collect()
    before = resident()
    for _ in range(2000):
        program(x)
    gc.collect()
    assert resident() - before < 1 << 20


@pytest.mark.parametrize("device", ["local-sync", "local-task"])
def test_eight_threads_share_a_program(real_iree: Callable[[Path | str], RealIREE], device: str):
    program, counter = Program(real_iree("mlp").module, device), Program(real_iree("counter").module, device)
    inputs = [np.random.default_rng(i).standard_normal((4, 64), dtype=np.float32) for i in range(8)]
    expected = [program(x) for x in inputs]
    wrong: list[object] = []

    def work(i: int) -> None:
        try:
            for _ in range(40):
                if not np.array_equal(program(inputs[i]), expected[i]):
                    wrong.append(i)
                counter["add"](1)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert counter["add"](0) == 8 * 40


def test_saving(program: Program, tmp_path: Path):
    program.save(tmp_path / "copy.vmfb")
    copy = Program.load(tmp_path / "copy.vmfb")
    assert copy.functions == program.functions
    np.testing.assert_array_equal(copy["constant"](), [1, -2, 3, -4])
    assert [p.name for p in tmp_path.iterdir()] == ["copy.vmfb"]
    with pytest.raises(InputError, match="cannot write the module"):
        program.save(tmp_path / "no" / "such" / "directory.vmfb")
