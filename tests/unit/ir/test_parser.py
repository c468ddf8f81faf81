"""The text parser: what it accepts, how it numbers, and that damaged text is answered quickly, with a place, and never a crash."""

from __future__ import annotations

import random
import time

import pytest
from xdsl.dialects.builtin import FileLineColLoc, NameLoc

from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_file, parse_module
from pyrie.ir.printer import print_module
from pyrie.support.errors import InputError, LimitError, PyrieError, UnsupportedError

SECONDS = 1.0


def parse(text: str):
    return parse_module(text, make_context(allow_unregistered=True), name="input.mlir")


def failure(text: str) -> PyrieError:
    begin = time.process_time()
    with pytest.raises(PyrieError) as caught:
        parse(text)
    assert time.process_time() - begin < SECONDS
    assert not isinstance(caught.value.__cause__, RecursionError)
    return caught.value


def test_a_module_may_be_written_with_or_without_its_wrapper():
    bare = '"test.op"() : () -> ()\n'
    assert print_module(parse(bare)) == print_module(parse(f"module {{\n{bare}}}")) == 'module {\n  "test.op"() : () -> ()\n}\n'


def test_several_results_share_a_name():
    text = '%r:2 = "test.two"() : () -> (i32, i64)\n"test.use"(%r#1, %r#0) : (i64, i32) -> ()'
    assert '"test.use"(%0#1, %0#0)' in print_module(parse(text))


def test_aliases_may_be_used_before_they_are_defined():
    text = """
    "test.op"() {m = #map, t = !pair} : () -> () loc(#here)
#map = affine_map<(d0) -> (d0 + 1)>
!pair = tuple<i32, i64>
#here = loc("x":1:2)
"""
    module = parse(text)
    assert "t = tuple<i32, i64>" in print_module(module)
    assert isinstance(module.body.block.first_op.location, FileLineColLoc)


def test_values_may_be_used_before_they_are_defined():
    text = '"test.use"(%later) : (i32) -> ()\n%later = "test.make"() : () -> i32'
    assert print_module(parse(text)).splitlines()[1:3] == ['  "test.use"(%0) : (i32) -> ()', '  %0 = "test.make"() : () -> i32']


def test_names_end_with_their_region_and_isolated_ops_begin_anew():
    text = """
    util.func private @f(%x: index) -> index { util.return %x : index }
    util.func private @g(%x: index) -> index { util.return %x : index }
    """
    assert print_module(parse(text)).count("%arg0: index") == 2


def test_both_spellings_of_properties_are_read():
    in_braces = parse('%0 = "arith.constant"() {value = 1 : i32} : () -> i32')
    in_angles = parse('%0 = "arith.constant"() <{value = 1 : i32}> : () -> i32')
    assert print_module(in_braces) == print_module(in_angles)


def test_ops_know_where_they_stand():
    module = parse('\n  %0 = "test.op"() : () -> i32\n"test.named"() : () -> () loc("node")')
    first, second = module.body.block.ops
    assert (first.location.line.data, first.location.column.data) == (2, 8)
    assert isinstance(second.location, NameLoc)


def test_shapes_that_look_like_hexadecimal():
    assert "tensor<0x4xf32>" in print_module(parse('%0 = "test.op"() : () -> tensor<0x4xf32>'))
    assert "tensor<0xf32>" in print_module(parse('%0 = "test.op"() : () -> tensor<0xf32>'))


@pytest.mark.parametrize(
    "text, place, message",
    [
        ('"test.op"(%x) : (i32) -> ()', "input.mlir:1:11", "use of undeclared SSA value '%x'"),
        ('%0 = "test.op"() : () -> i32\n%0 = "test.op"() : () -> i32', "input.mlir:2:1", "redefinition of SSA value '%0'"),
        ('%0:2 = "test.op"() : () -> i32', "input.mlir:1:8", "has 1 results but 2 names are bound"),
        ('"test.op"() {a = #nope} : () -> ()', "input.mlir:1:23", "undefined symbol alias '#nope'"),
        ('"test.op"() : () -> (', "input.mlir:1:22", "type expected"),
        ('%0 = arith.constant 1 : tensor<', "input.mlir:1:32", "type"),
        ('"test.op"() {a = dense<[[1, 2], [3]]> : tensor<2x2xi8>} : () -> ()', "input.mlir:1:", "ranks are not consistent"),
        ('"test.op"() {a = dense<300> : tensor<2xi8>} : () -> ()', "input.mlir:1:", "out of range"),
        ('"test.op"() {a = dense<1> : tensor<2xf32>} : () -> ()', "input.mlir:1:", "floating-point"),
        ("module {", "input.mlir:1:9", ""),
        ("}", "input.mlir:1:1", "expected an operation"),
        ('"test.op"() {a = "open} : () -> ()\n', "input.mlir:1:18", "expected '\"' in string literal"),
        ("\x00", "input.mlir:1:1", "unexpected character"),
        ('"test.br"()[^bb7] : () -> ()', "input.mlir:1:", ""),
        ('#a = [#b]\n#b = [#a]\n"test.op"() {x = #a} : () -> ()', "input.mlir:1:9", "undefined symbol alias '#b'"),
        ('{-# dialect_resources: {', "input.mlir:1:1", "not closed"),
        ('{-#\n dialect_resources: { builtin: { k: "0xZZ" } }\n#-}', "input.mlir:2:", "hexadecimal"),
    ],
)  # fmt: skip
def test_errors_name_the_place(text: str, place: str, message: str):
    error = failure(text)
    assert isinstance(error, InputError)
    assert (error.location or "").startswith(place), error
    assert message in error.message


def test_errors_show_the_line_and_a_caret():
    error = failure('\n\n  "test.op"(%x) : (i32) -> ()')
    line, caret = error.details
    assert line[caret.index("^")] == "%"


def test_an_unknown_op_is_refused_by_name():
    with pytest.raises(UnsupportedError, match=r"'util\.nonsense' is not supported"):
        parse_module("util.nonsense", make_context(), name="input.mlir")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        '"test.op"() : ' + "(" * 10_000,
        '"test.op"() {a = ' + "[" * 10_000,
        '"test.op"() {a = ' + "{b = " * 10_000,
        '"test.op"() {a = dense<' + "[" * 10_000 + "> : tensor<1xi8>} : () -> ()",
        '"test.op"() {a = affine_map<(d0) -> (' + "(" * 10_000,
        "%0 = " * 10_000,
        '"test.op"() ({' * 10_000,
        "loc(callsite(" * 10_000,
        '"test.op"() : () -> () loc(' + 'callsite("a" at ' * 10_000,
        '"test.op"() : () -> tuple<' + "tuple<" * 10_000,
        '"' + "a" * 1_000_000,
        '"' + "\\" * 1_000_001,
        '"test.op"() {a = "' + "\\41" * 300_000,
        "@" * 100_000,
        "//" + "x" * 1_000_000 + "\n?",
        " " * 1_000_000 + "?",
        "{-#" * 100_000,
        '"test.op"() : () -> tensor<' + "1x" * 10_000 + "f32>",
        '"test.op"() {a = dense<0.0> : tensor<99999999x99999999x99999999xf32>} : () -> ()',
    ],
    ids=lambda text: f"{text[:24]}...{len(text)}",
)
def test_hostile_text_is_answered_at_once(text: str):
    error = failure(text)
    assert isinstance(error, InputError | LimitError | UnsupportedError)
    assert error.location is not None and error.location.startswith("input.mlir:")


def test_deep_but_sound_nesting_is_read():
    depth = 60
    text = '"test.op"() ({' * depth + '"test.end"() : () -> ()' + "}) : () -> ()" * depth
    assert print_module(parse(text)).count("test.op") == depth


def test_large_splats_cost_nothing():
    module = parse('"test.op"() {a = dense<0.0> : tensor<65536x65536xf32>} : () -> ()')
    assert "dense<0.000000e+00> : tensor<65536x65536xf32>" in print_module(module)


def test_every_truncation_of_a_sound_text_is_answered(request: pytest.FixtureRequest):
    path = request.config.rootpath / "examples" / "loop.mlir"
    text = path.read_text()
    context = make_context()
    for end in range(0, len(text), 7):
        try:
            parse_module(text[:end], context, name="loop.mlir")
        except PyrieError as error:
            assert error.location is None or error.location.startswith("loop.mlir")


def test_damaged_characters_are_answered(request: pytest.FixtureRequest):
    seed = 20261123
    print("seed", seed)
    chance = random.Random(seed)
    text = (request.config.rootpath / "examples" / "loop.mlir").read_text()
    context = make_context()
    for _ in range(200):
        at = chance.randrange(len(text))
        damaged = text[:at] + chance.choice('{}()[]<>%#@!^"\\x0\n,:=-') + text[at + chance.randrange(3) :]
        try:
            print_module(parse_module(damaged, context, name="loop.mlir"))
        except PyrieError as error:
            assert error.location is None or error.location.startswith("loop.mlir")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        parse_file(tmp_path / "missing.mlir", make_context())
    (tmp_path / "latin.mlir").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        parse_file(tmp_path / "latin.mlir", make_context())


def test_blocks_may_have_any_name_and_one_definition():
    text = (
        '"test.op"() ({\n  "test.br"()[^7] : () -> ()\n^7:\n  "test.br"()[^a.b] : () -> ()\n^a.b:\n  "test.end"() : () -> ()\n}) : () -> ()'
    )
    assert "^bb2:  // pred: ^bb1" in print_module(parse(text))
    assert "redefinition of block '^7'" in failure(text.replace("^a.b:", "^7:")).message


def test_types_without_storage_are_refused_with_a_place():
    error = failure('"test.op"() {a = dense<1.0> : tensor<2xf80>} : () -> ()')
    assert isinstance(error, UnsupportedError) and (error.location or "").startswith("input.mlir:1:")
