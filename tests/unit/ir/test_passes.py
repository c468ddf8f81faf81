"""Pipelines and pass options: text to values and back, checks at phase boundaries, what a broken pass leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest
from xdsl.dialects.builtin import ModuleOp, UnitAttr

from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.pass_options import make_pass, options_text, parse_pipeline, pass_text
from pyrie.ir.passes import Dialects, InternalError, ModulePass, Observer, Pipeline, StopPipeline
from pyrie.support.errors import CompileError, InputError, VerifyError

TEXT = "util.func public @f(%a: index) -> index {\n  %0 = arith.addi %a, %a : index\n  util.return %0 : index\n}\n"


@dataclass(frozen=True)
class Mark(ModulePass):
    """Sets an attribute on the module."""

    name = "mark"
    label: str = "seen"
    count: int = 1
    loud: bool = False
    sizes: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    mode: Literal["fast", "slow"] = "fast"
    limit_bytes: int | None = None

    def apply(self, context, module: ModuleOp) -> None:
        module.attributes[self.label] = UnitAttr()


@dataclass(frozen=True)
class Break(ModulePass):
    name = "break"

    def apply(self, context, module: ModuleOp) -> None:
        raise ZeroDivisionError("by accident")


@dataclass(frozen=True)
class Spoil(ModulePass):
    name = "spoil"

    def apply(self, context, module: ModuleOp) -> None:
        func = module.body.block.first_op
        func.regions[0].block.last_op.detach()


PASSES = {cls.name: cls for cls in (Mark, Break, Spoil)}


def module() -> ModuleOp:
    return parse_module(TEXT, make_context(), name="f.mlir")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", Mark()),
        ("label=x", Mark(label="x")),
        ("label=x count=0x10 loud", Mark(label="x", count=16, loud=True)),
        ("loud=false limit-bytes=7", Mark(limit_bytes=7)),
        ("sizes=1,2,3 mode=slow", Mark(sizes=(1, 2, 3), mode="slow")),
        ("sizes={4,5}", Mark(sizes=(4, 5))),
        ('names=a,"b,c",#d<[e,f]>', Mark(names=("a", "b,c", "#d<[e,f]>"))),
        ('label="two words"', Mark(label="two words")),
    ],
)
def test_options(text: str, expected: Mark):
    made = make_pass(Mark, text)
    assert made == expected
    assert make_pass(Mark, options_text(made)) == made


@pytest.mark.parametrize("text", ["colour=red", "count=many", "loud=perhaps", "mode=medium", "=3", "sizes={1"])
def test_bad_options_are_refused(text: str):
    with pytest.raises(InputError, match="mark"):
        make_pass(Mark, text)


@pytest.mark.parametrize(
    "text, names",
    [
        ("builtin.module(mark)", ["mark"]),
        ("builtin.module(mark{label=a},util.func(mark{label=b}, break),spoil)", ["mark{label=a}", "mark{label=b}", "break", "spoil"]),
        ("mark, mark{sizes={1,2}}", ["mark", "mark{sizes=1,2}"]),
        ("builtin.module()", []),
        ("", []),
    ],
)
def test_pipelines_as_text(text: str, names: list[str]):
    passes = parse_pipeline(text, PASSES.__getitem__)
    assert [pass_text(p) for p in passes] == names
    assert parse_pipeline(f"builtin.module({','.join(names)})", PASSES.__getitem__) == passes


@pytest.mark.parametrize("text", ["builtin.module(mark", "mark)", "mark{", "builtin.module(mark;break)", "a(" * 50])
def test_bad_pipelines_are_refused(text: str):
    with pytest.raises((InputError, KeyError)):
        parse_pipeline(text, PASSES.__getitem__)


def test_a_pipeline_is_flat_and_skips_what_is_switched_off():
    pipeline = Pipeline("outer", Mark("a"), None, Pipeline("inner", Mark("b"), Mark("c")))
    assert [p.label for p in pipeline.passes] == ["a", "b", "c"]


def test_what_a_phase_leaves_is_checked():
    Pipeline("good", leaves=Dialects("util", "arith")).run(make_context(), module())
    Pipeline("single op", leaves=Dialects("util", "arith.addi")).run(make_context(), module())
    with pytest.raises(CompileError, match=r"f.mlir:2:8: 'arith.addi' is still there after phase 'bad'"):
        Pipeline("bad", leaves=Dialects("util")).run(make_context(), module())


def test_invalid_ir_is_found_at_the_boundary_and_blamed_on_the_op():
    with pytest.raises(VerifyError, match=r"'arith\.addi' op .* not a terminator"):
        Pipeline("phase", Spoil()).run(make_context(), module())


def test_verify_each_finds_it_before_the_next_pass():
    with pytest.raises(VerifyError) as caught:
        Pipeline("phase", Spoil(), Break()).run(make_context(), module(), Observer(verify_each=True))
    assert "in pass 'spoil' of phase 'phase'" in caught.value.__notes__


def test_a_broken_pass_is_an_internal_error_that_says_which():
    with pytest.raises(InternalError) as caught:
        Pipeline("phase", Mark(), Break()).run(make_context(), module())
    error = caught.value
    assert (error.phase, error.index, error.broken) == ("phase", 1, Break())
    assert isinstance(error.__cause__, ZeroDivisionError)


def test_a_pipeline_can_stop_before_a_pass():
    stopped = module()
    with pytest.raises(StopPipeline):
        Pipeline("phase", Mark("a"), Mark("b")).run(make_context(), stopped, Observer(stop_before=("phase", 1)))
    assert set(stopped.attributes) == {"a"}


def test_observers_see_each_pass_and_its_time():
    seen: list[str] = []
    observer = Observer(after_pass=lambda item, _: seen.append(pass_text(item)))
    Pipeline("phase", Mark("a"), Mark("b")).run(make_context(), module(), observer)
    assert seen == ["mark{label=a}", "mark{label=b}"]
    lines = list(observer.timing.children[0].lines())
    assert lines[0].endswith("phase") and sum("mark" in line for line in lines) == 2


def test_uses_before_definitions_are_found():
    broken = module()
    add = broken.body.block.first_op.regions[0].block.first_op
    block = add.parent
    copy = add.clone()
    block.insert_op_before(copy, add)
    copy.operands[0] = add.results[0]
    with pytest.raises(VerifyError, match="does not dominate"):
        Pipeline("phase").run(make_context(), broken)
