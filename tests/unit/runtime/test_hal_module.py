"""The `hal` and `check` modules as bytecode sees them."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from small_modules import context, imports, ref, straight

from pyrie.format.module import CallingConvention
from pyrie.runtime import Buffer, BufferView, create_device
from pyrie.runtime.hal import flags
from pyrie.runtime.hal.buffer import BufferRef
from pyrie.runtime.modules.check import CheckModule
from pyrie.runtime.modules.hal import HalModule
from pyrie.runtime.modules.registry import Host, NativeModule, create_native_module, export
from pyrie.runtime.vm.objects import VMBuffer
from pyrie.support import dtypes
from pyrie.support.errors import DeviceError

F32, I32 = dtypes.BY_MLIR["f32"].hal, dtypes.BY_MLIR["i32"].hal


@pytest.fixture
def hal() -> HalModule:
    return HalModule(Host((create_device("local-sync"),)))


def text(value: str) -> VMBuffer:
    return VMBuffer(memoryview(value.encode()), is_mutable=False)


def view_of(array: np.ndarray, encoding: int = flags.ENCODING_DENSE_ROW_MAJOR) -> BufferView:
    buffer = create_device("local-sync").allocator.allocate(array.nbytes)
    buffer.bytes()[:] = array.view(np.uint8).ravel()
    return BufferView(buffer, array.shape, dtypes.from_numpy(array.dtype).hal, encoding)


@pytest.mark.parametrize("module", [HalModule, CheckModule])
def test_functions_take_what_their_conventions_say(module: type[NativeModule]):
    for name, (convention, attribute) in module.exports.items():
        arguments = CallingConvention.parse(convention).arguments
        parameters = [p for p in inspect.signature(getattr(module, attribute)).parameters.values() if p.name != "self"]
        if parameters and parameters[0].kind is inspect.Parameter.VAR_POSITIONAL:
            continue  # not supported, whatever the arguments
        assert len(parameters) == len(arguments), name


def test_the_whole_of_version_seven_is_there():
    assert HalModule.version == 7
    assert len(HalModule.exports) == 58
    assert len(CheckModule.exports) == 5


@pytest.mark.parametrize("name", ["channel.create", "channel.split", "channel.rank_and_count", "command_buffer.collective"])
def test_what_is_not_supported_says_so_by_name(hal: HalModule, name: str):
    function = hal.resolve(name, HalModule.exports[name][0])
    assert function
    with pytest.raises(DeviceError, match=f"hal.{name} is not supported") as caught:
        function()
    assert caught.value.code == "UNIMPLEMENTED"


def test_resolving_needs_the_exact_convention(hal: HalModule):
    assert hal.resolve("devices.count", "0v_i")
    assert hal.resolve("devices.count", "0v_I") is None
    assert hal.resolve("no.such", "0v_i") is None


@pytest.mark.parametrize(
    "view, expected, message",
    [
        (view_of(np.ones((2, 3), np.float32)), (F32, 1, (2, 3)), None),
        (view_of(np.ones((2, 3), np.uint32)), (I32, 1, (2, 3)), None),
        (view_of(np.ones((2, 3), np.bool_)), (dtypes.BY_MLIR["i8"].hal, 1, (2, 3)), None),
        (view_of(np.ones((2, 3), np.float32), flags.ENCODING_OPAQUE), (F32, 1, (2, 3)), None),
        (view_of(np.ones((2, 3), np.float32)), (I32, 1, (2, 3)), "element type f32; expected i32"),
        (view_of(np.ones((2, 3), np.int32)), (F32, 1, (2, 3)), "element type i32; expected f32"),
        (view_of(np.ones((2, 3), np.int32)), (dtypes.BY_MLIR["i16"].hal, 1, (2, 3)), "expected i16"),
        (view_of(np.ones((2, 3), np.float32)), (F32, 1, (3, 2)), r"shape \[2, 3\]; expected \[3, 2\]"),
        (view_of(np.ones((2, 3), np.float32)), (F32, 1, ()), r"expected \[\]"),
        (view_of(np.ones((2, 3), np.float32)), (F32, 2, (2, 3)), "encoding 1; expected 2"),
    ],
)
def test_view_assertions(hal: HalModule, view: BufferView, expected: tuple, message: str | None):
    element, encoding, shape = expected
    if message is None:
        hal.buffer_view_assert(view, text("x"), element, encoding, shape)
    else:
        with pytest.raises(DeviceError, match=f"x has .*{message}") as caught:
            hal.buffer_view_assert(view, text("x"), element, encoding, shape)
        assert caught.value.code == "INVALID_ARGUMENT"


def test_buffer_assertions_loads_and_stores(hal: HalModule):
    device = hal.host.devices[0]
    buffer = device.allocator.allocate(8)
    hal.buffer_assert(buffer, text("x"), device.allocator, 8, flags.MEMORY_DEVICE_VISIBLE, 0xC03)
    with pytest.raises(DeviceError, match="fewer than the expected 9"):
        hal.buffer_assert(buffer, text("x"), device.allocator, 9, flags.MEMORY_DEVICE_VISIBLE, 0xC03)
    hal.buffer_store(-2, buffer, 4, 2)
    assert (hal.buffer_load(buffer, 4, 2), hal.buffer_load(buffer, 4, 1)) == (0xFFFE, 0xFE)
    hal.buffer_store(-2, buffer, 4, 4)
    assert hal.buffer_load(buffer, 4, 4) == -2
    for offset, length in ((5, 4), (-1, 2), (0, 5), (0, -1)):
        with pytest.raises(DeviceError):
            hal.buffer_load(buffer, offset, length)


def test_importing_constants(hal: HalModule):
    allocator = hal.host.devices[0].allocator
    memory = VMBuffer.allocate(256)
    constant = VMBuffer(memory.data.toreadonly(), is_mutable=False)
    immutable = flags.USAGE_SHARING_IMMUTABLE
    shared = hal.allocator_import(allocator, 1, -1, 0, immutable, constant, 64, 128)
    assert isinstance(shared, Buffer)
    memory.data[64] = 77
    assert shared.read(0, 1) == b"\x4d"
    with pytest.raises(DeviceError, match="read-only"):
        shared.write(0, b"x")
    assert hal.allocator_import(allocator, 1, -1, 0, immutable, constant, 4, 8) is None, "not aligned: the program copies it instead"
    with pytest.raises(DeviceError, match="aligned"):
        hal.allocator_import(allocator, 0, -1, 0, immutable, constant, 4, 8)
    with pytest.raises(DeviceError, match="constant usage only"):
        hal.allocator_import(allocator, 1, -1, 0, 0, constant, 64, 128)
    with pytest.raises(DeviceError, match="outside"):
        hal.allocator_import(allocator, 1, -1, 0, immutable, constant, 200, 128)


def test_files_are_read_through_the_queue(hal: HalModule):
    device = hal.host.devices[0]
    buffer = device.allocator.allocate(4)
    file = hal.ex_file_from_memory(device, -1, flags.ACCESS_READ, text("0123456789"), 2, 6, 0)
    hal.device_queue_read(device, -1, None, None, file, 1, buffer, 0, 4, 0)
    assert buffer.read(0, 4) == b"3456"
    with pytest.raises(DeviceError, match="outside a file of 6 bytes"):
        hal.device_queue_read(device, -1, None, None, file, 3, buffer, 0, 4, 0)
    with pytest.raises(DeviceError, match="read-only"):
        hal.ex_file_from_memory(device, -1, flags.ACCESS_WRITE, text("x"), 0, 1, 0)


def test_executables_of_unknown_format(hal: HalModule):
    device = hal.host.devices[0]
    with pytest.raises(DeviceError, match=r"format 'abacus' is not supported here\n.*embedded-elf"):
        hal.executable_create(device, -1, text("abacus"), text(""), None)
    with pytest.raises(DeviceError, match=r"3 bytes, no multiple of 4"):
        hal.executable_create(device, -1, text("abacus"), text(""), text("abc"))


def test_fences_from_bytecode(hal: HalModule):
    device = hal.host.devices[0]
    fence = hal.fence_create(device, 0)
    assert hal.fence_await(0, 0, (None, fence)) == 4  # DEADLINE_EXCEEDED
    hal.fence_fail(fence, 15)
    assert hal.fence_query(fence) == 15
    with pytest.raises(DeviceError) as caught:
        hal.fence_await(-1, 0, (fence,))
    assert caught.value.code == "DATA_LOSS"


def test_bytecode_that_mistakes_one_object_for_another_gets_an_error():
    """Every import on null, and on objects of wrong kinds."""
    device = create_device("local-sync")
    wrong = [None, device, device.allocator, device.allocator.allocate(4), text("text"), view_of(np.zeros(1, np.float32))]
    for name, (convention, _) in HalModule.exports.items():
        parsed = CallingConvention.parse(convention)
        if parsed.is_variadic or not any(b.value == "ref" for b in parsed.arguments):
            continue
        letters = convention[1:].split("_")
        registers, scalar, refs = [], 0, 0
        for bank in parsed.arguments:
            if bank.value == "ref":
                registers.append(ref(refs))
                refs += 1
            else:
                scalar += scalar & 1 if bank.is_wide else 0
                registers.append(scalar)
                scalar += 2 if bank.is_wide else 1
        body = straight(("call", 0x80000000, tuple(registers), _results(letters[1])), ("return", ()))
        made = context({"f": (f"0{letters[0]}_v", body)}, imports=imports(**{f"hal__{name.replace('.', '__')}": convention}))
        for value in wrong:
            arguments = [value if bank.value == "ref" else 1 for bank in parsed.arguments]
            try:
                made.call("f", *arguments)
            except DeviceError as error:
                assert str(error)


def _results(letters: str) -> tuple[int, ...]:
    registers = {"i": 40, "I": 42, "r": ref(40)}
    return () if letters == "v" else tuple(registers[x] + (10 if i and x == letters[i - 1] else 0) for i, x in enumerate(letters))


def test_check_module_reports_every_failure_of_a_call():
    device = create_device("local-sync")
    check = create_native_module("check", Host((device,)))
    assert isinstance(check, CheckModule)
    a, b = np.array([1, 2, np.nan], np.float32), np.array([1, 2.001, np.nan], np.float32)
    check.expect_eq(device, view_of(a), view_of(a))
    check.expect_almost_eq(device, view_of(a), view_of(b), 1e-2, 0.0)
    check.expect_true(5)
    check.expect_false(0)
    check.expect_all_true(device, view_of(np.ones(3, np.int8)))
    check.after_call()
    check.expect_eq(device, view_of(a), view_of(b))
    check.expect_almost_eq(device, view_of(a), view_of(b), 1e-5, 0.0)
    check.expect_almost_eq(device, view_of(a), view_of(b[:2]), 1e-5, 0.0)
    check.expect_true(0)
    check.expect_all_true(device, view_of(np.array([1, 0], np.int8)))
    with pytest.raises(DeviceError) as caught:
        check.after_call()
    message = str(caught.value)
    assert message.count("Expected") == 5
    assert "index 1" in message
    assert "Shapes do not match" in message
    check.after_call()


def test_modules_of_the_users_own(monkeypatch: pytest.MonkeyPatch):
    class Own(NativeModule):
        name = "own"

        @export("twice", "i_i")
        def twice(self, value: int) -> int:
            return 2 * value

        @export("sum", "CiID_I")
        def sum(self, pairs: tuple[tuple[int, int], ...]) -> int:
            return sum(a * b for a, b in pairs)

    from pyrie.runtime.modules import registry

    monkeypatch.setitem(registry._MODULES, "own", "small_modules:Own")
    import small_modules

    monkeypatch.setattr(small_modules, "Own", Own, raising=False)
    twice = straight(("call", 0x80000000, (0,), (1,)), ("return", (1,)))
    weighted = straight(("call.variadic", 0x80000001, (2,), (0, 2, 1, 4), (6,)), ("return", (6,)))
    made = context({"twice": ("0i_i", twice), "sum": ("0iiII_I", weighted)}, imports=imports(own__twice="0i_i", own__sum="0CiID_I"))
    assert made.call("twice", 21) == 42
    assert made.call("sum", 2, 3, 10, 100) == 320


def test_direct_transfers_check_their_buffers():
    device = create_device("local-sync")
    with pytest.raises(DeviceError) as caught:
        device.fill(None, None, BufferRef(device.allocator.allocate(4), 0, 2, 4), b"\0")
    assert caught.value.code == "OUT_OF_RANGE"
