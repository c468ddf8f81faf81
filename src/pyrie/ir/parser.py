"""MLIR text to IR: xDSL's parser with a fast lexer, MLIR's rules where xDSL's differ, limits, and errors that show the place."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NoReturn, TypeVar, cast

from xdsl import parser as xdsl_parser
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    UNKNOWN_LOC,
    DenseIntOrFPElementsAttr,
    FileLineColLoc,
    FusedLoc,
    IndexType,
    IntAttr,
    IntegerType,
    LocationAttr,
    MemRefType,
    ModuleOp,
    NoneAttr,
    ShapedType,
    Signedness,
    StringAttr,
    TensorType,
    VectorType,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue, TypeAttribute
from xdsl.ir.affine import AffineMap, AffineSet
from xdsl.parser import ForwardDeclaredValue, ParserState, UnresolvedOperand
from xdsl.traits import IsolatedFromAbove
from xdsl.utils.exceptions import ParseError, VerifyException
from xdsl.utils.lexer import Input, Span
from xdsl.utils.mlir_lexer import KIND_BY_PUNCTUATION_SPELLING, MLIRTokenKind

from pyrie.ir.affine import AffineParser
from pyrie.ir.context import Context
from pyrie.ir.dense import parse_dense
from pyrie.ir.lexer import Lexer
from pyrie.ir.locations import Lines
from pyrie.ir.resources import Blob, ResourceAttr, split_resources
from pyrie.support import limits
from pyrie.support.errors import InputError, LimitError, PyrieError, UnsupportedError

T = TypeVar("T")

SCALARS: dict[str, TypeAttribute] = {
    "index": IndexType(),
    **xdsl_parser.AttrParser._builtin_float_types,
    **{
        f"{prefix}{width}": IntegerType(width, signedness)
        for prefix, signedness in (("i", Signedness.SIGNLESS), ("si", Signedness.SIGNED), ("ui", Signedness.UNSIGNED))
        for width in (1, 2, 4, 8, 16, 32, 64, 128)
    },
}
_SHAPED = re.compile(r"(tensor|vector|memref)<((?:(?:[0-9]++|\?)x)*+)([a-z][A-Za-z0-9]*+)>")
_ALIAS_DEFINITION = re.compile(r"^([#!][A-Za-z_][\w$.-]*)[ \t]*=(?!=)", re.MULTILINE)
_RECURSION_LIMIT = 12_000  # Python frames; MAX_NESTING_DEPTH levels need less than half of them

_BARE, _PERCENT, _HASH, _EXCLAMATION = (
    MLIRTokenKind.BARE_IDENT,
    MLIRTokenKind.PERCENT_IDENT,
    MLIRTokenKind.HASH_IDENT,
    MLIRTokenKind.EXCLAMATION_IDENT,
)


@lru_cache(maxsize=4096)
def _shaped_type(kind: str, dimensions: str, element: str) -> TypeAttribute | None:
    element_type = SCALARS.get(element)
    if element_type is None or (kind == "vector" and "?" in dimensions):
        return None
    shape = [DYNAMIC_INDEX if d == "?" else int(d) for d in dimensions.split("x")[:-1]]
    if len(shape) > limits.MAX_TENSOR_RANK:
        raise LimitError(f"rank {len(shape)} is above the limit of {limits.MAX_TENSOR_RANK}")
    match kind:
        case "tensor":
            return TensorType(element_type, shape)
        case "memref":
            return MemRefType(element_type, shape)
        case _:
            return VectorType(element_type, shape)


class Parser(xdsl_parser.Parser):
    """Parses one text. `resources` holds the blobs of its `{-# ... #-}` section."""

    def __init__(self, context: Context, text: str, name: str = "<input>"):
        body, blobs = split_resources(text, name)
        self.resources: dict[str, Blob] = blobs.get("builtin", {})
        self._lines = Lines(body, name)
        self._depth = 0
        self._defined: list[str] = []  # SSA names in order of definition: what leaving a region must forget
        self._op_types: list[type[Operation]] = []
        self._ops: dict[str, type[Operation]] = {}
        self._bare_types: dict[str, TypeAttribute] = {}
        self._first_use: dict[str, Span] = {}
        self._pending_aliases: dict[str, int] | None = None
        super().__init__(context, "", name)
        self._parser_state = ParserState(Lexer(Input(body, name)))

    # ---- tokens

    def _parse_optional_token(self, expected_kind: MLIRTokenKind) -> Any:
        state = self._parser_state
        token = state.current_token
        if token.kind is expected_kind:
            state.current_token = state.lexer.lex()
            return token
        return None

    def parse_optional_punctuation(self, punctuation: Any) -> Any:
        state = self._parser_state
        if state.current_token.kind is KIND_BY_PUNCTUATION_SPELLING[punctuation]:
            state.current_token = state.lexer.lex()
            return punctuation
        return None

    def parse_punctuation(self, punctuation: Any, context_msg: str = "") -> Any:
        state = self._parser_state
        if state.current_token.kind is not KIND_BY_PUNCTUATION_SPELLING[punctuation]:
            self.raise_error(f"expected '{punctuation}'{context_msg}")
        state.current_token = state.lexer.lex()
        return punctuation

    def parse_optional_characters(self, text: str) -> str | None:
        state = self._parser_state
        if state.current_token.text != text:
            return None
        state.current_token = state.lexer.lex()
        return text

    def parse_optional_keyword(self, keyword: str) -> str | None:
        state = self._parser_state
        token = state.current_token
        if token.kind is _BARE and token.text == keyword:
            state.current_token = state.lexer.lex()
            return keyword
        return None

    def _nest(self) -> None:
        self._depth += 1
        if self._depth > limits.MAX_NESTING_DEPTH:
            self._too_deep()

    def _too_deep(self) -> None:
        raise LimitError(
            f"regions, attributes and types are nested more than {limits.MAX_NESTING_DEPTH} deep", location=self._place(self.pos)
        )

    # ---- types and attributes

    def parse_optional_type(self) -> TypeAttribute | None:
        state = self._parser_state
        token = state.current_token
        kind = token.kind
        if kind is _BARE:
            text = token.text
            if (scalar := SCALARS.get(text)) is not None:
                state.current_token = state.lexer.lex()
                return scalar
            if text in ("tensor", "vector", "memref"):
                match = _SHAPED.match(state.lexer.input.content, token.span.start)
                if match is not None and (shaped := _shaped_type(*match.groups())) is not None:
                    state.lexer.pos = match.end()
                    state.current_token = state.lexer.lex()
                    return shaped
        elif kind is _EXCLAMATION:
            if (known := self._bare_types.get(token.text)) is not None and not state.lexer.input.content.startswith("<", state.lexer.pos):
                state.current_token = state.lexer.lex()
                return known
        elif kind is not MLIRTokenKind.L_PAREN:
            return None
        self._nest()
        result = super().parse_optional_type()
        self._depth -= 1
        return result

    def parse_optional_attribute(self) -> Attribute | None:
        self._nest()
        result = self._parse_optional_attribute()
        self._depth -= 1
        return result

    def _parse_optional_attribute(self) -> Attribute | None:
        state = self._parser_state
        kind = state.current_token.kind
        reader = self._ATTRIBUTES.get(kind)
        return reader(self) if reader is not None else None

    def _parse_bare_attribute(self) -> Attribute | None:
        text = self._parser_state.current_token.text
        if text in ("true", "false"):
            return self.try_parse_builtin_boolean_attr()
        if text == "unit":
            return self.parse_optional_unit_attr()
        if text == "loc":
            return self.parse_optional_location()
        return self.parse_optional_type() or self._parse_optional_builtin_parametrized_attr()

    def _parse_hash_attribute(self) -> Attribute:
        token = self._consume_token(_HASH)
        return self._parse_extended_type_or_attribute(token.text[1:], False)

    def _parse_bytes_attribute(self) -> Attribute | None:
        return super()._parse_optional_builtin_attr()

    _ATTRIBUTES: ClassVar[dict[MLIRTokenKind, Any]] = {
        MLIRTokenKind.BARE_IDENT: _parse_bare_attribute,
        MLIRTokenKind.HASH_IDENT: _parse_hash_attribute,
        MLIRTokenKind.STRING_LIT: lambda self: self._parse_optional_string_attr(),
        MLIRTokenKind.BYTES_LIT: _parse_bytes_attribute,
        MLIRTokenKind.INTEGER_LIT: lambda self: self.parse_optional_builtin_int_or_float_attr(),
        MLIRTokenKind.FLOAT_LIT: lambda self: self.parse_optional_builtin_int_or_float_attr(),
        MLIRTokenKind.MINUS: lambda self: self.parse_optional_builtin_int_or_float_attr(),
        MLIRTokenKind.L_SQUARE: lambda self: self._parse_optional_array_attr(),
        MLIRTokenKind.L_BRACE: lambda self: self._parse_optional_builtin_dict_attr(),
        MLIRTokenKind.AT_IDENT: lambda self: self._parse_optional_symref_attr(),
        MLIRTokenKind.L_PAREN: lambda self: self.parse_optional_type(),
        MLIRTokenKind.EXCLAMATION_IDENT: lambda self: self.parse_optional_type(),
    }

    def _parse_optional_builtin_attr(self) -> Attribute | None:
        return self._parse_optional_attribute()

    def _parse_extended_type_or_attribute(self, attr_or_dialect_name: str, is_type: bool) -> Any:
        if "." not in attr_or_dialect_name:
            alias = ("!" if is_type else "#") + attr_or_dialect_name
            if self._current_token.kind is not MLIRTokenKind.LESS or alias in self.attribute_aliases:
                return self._resolve_alias(alias)
            return super()._parse_extended_type_or_attribute(attr_or_dialect_name, is_type)  # pyright: ignore[reportCallIssue, reportArgumentType]
        before = self.pos
        result = super()._parse_extended_type_or_attribute(attr_or_dialect_name, is_type)  # pyright: ignore[reportCallIssue, reportArgumentType]
        if is_type and self.pos == before and self._current_token.kind is not MLIRTokenKind.LESS:
            self._bare_types["!" + attr_or_dialect_name] = cast(TypeAttribute, result)
        return result

    def _resolve_alias(self, alias: str) -> Attribute:
        known = self.attribute_aliases.get(alias)
        if known is not None:
            return known
        if self._pending_aliases is None:
            content = self.lexer.input.content
            self._pending_aliases = {m[1]: m.end() for m in _ALIAS_DEFINITION.finditer(content)}
        position = self._pending_aliases.pop(alias, None)
        if position is None:
            self.raise_error(f"undefined symbol alias '{alias}'", self.pos)
        token, after = self._current_token, self.lexer.pos
        self._resume_from(position)
        value = self.attribute_aliases[alias] = self.parse_attribute()
        self._parser_state.current_token = token
        self.lexer.pos = after
        return value

    def _parse_alias_def(self) -> None:
        name = self._consume_token().text
        self.parse_punctuation("=", " after attribute alias name")
        if name in self.attribute_aliases and (self._pending_aliases is None or name in self._pending_aliases):
            self.raise_error(f"redefinition of alias '{name}'")
        if self._pending_aliases is not None:
            self._pending_aliases.pop(name, None)
        self.attribute_aliases[name] = self.parse_attribute()

    def _parse_builtin_dense_resource_attr(self) -> Any:
        with self.in_angle_brackets():
            key = self.parse_identifier_or_str_literal(" for the key of a dense_resource")
        self.parse_punctuation(":")
        type_ = self.parse_type()
        if not isinstance(type_, ShapedType):
            self.raise_error(f"dense_resource has a shaped type, not {type_}")
        return ResourceAttr.get(key, type_, self.resources.get(key))

    def parse_dense_int_or_fp_elements_attr(self, type: Any) -> DenseIntOrFPElementsAttr:
        return parse_dense(self, type)

    def parse_affine_map(self) -> AffineMap:
        return AffineParser(self._parser_state).parse_affine_map()

    def parse_affine_set(self) -> AffineSet:
        return AffineParser(self._parser_state).parse_affine_set()

    def parse_affine_map_of_ssa_ids(self) -> Any:
        map, names = AffineParser(self._parser_state).parse_affine_map_of_ssa_ids()
        return map, [self.resolve_operand(UnresolvedOperand(name, 0), IndexType()) for name in names]

    # ---- locations

    def _parse_location(self) -> LocationAttr:
        state = self._parser_state
        if state.current_token.kind is _BARE and state.current_token.text == "fused":
            self._consume_token()
            metadata: Attribute = NoneAttr()
            if self._current_token.kind is MLIRTokenKind.LESS:
                with self.in_angle_brackets():
                    metadata = self.parse_attribute()
            return FusedLoc(tuple(self.parse_comma_separated_list(self.Delimiter.SQUARE, self._parse_location)), metadata)
        self._nest()
        location = super()._parse_location()
        self._depth -= 1
        if isinstance(location, FileLineColLoc) and self.parse_optional_keyword("to"):
            while self._current_token.kind in (MLIRTokenKind.COLON, MLIRTokenKind.INTEGER_LIT):  # a range is kept as its start
                self._consume_token()
        return location

    def parse_optional_location(self) -> LocationAttr | None:
        state = self._parser_state
        if state.current_token.kind is _BARE and state.current_token.text == "loc":
            return super().parse_optional_location()
        return None

    # ---- values

    def _parse_optional_block_arg_list(self, block: Block) -> Block | None:
        if self._current_token.kind is not MLIRTokenKind.L_PAREN:
            return None

        def parse_argument() -> None:
            name = self._parse_token(_PERCENT, "block argument expected").span
            self.parse_punctuation(":")
            type_ = self.parse_type()
            argument = block.insert_arg(type_, len(block.args), self.parse_optional_location() or self._lines.location(name.start))
            self._register_ssa_definition(name.text[1:], (argument,), name)

        self.parse_comma_separated_list(self.Delimiter.PAREN, parse_argument)
        return block

    def parse_optional_unresolved_operand(self) -> UnresolvedOperand | None:
        state = self._parser_state
        token = state.current_token
        if token.kind is not _PERCENT:
            return None
        following = state.current_token = state.lexer.lex()
        index = 0
        if following.kind is _HASH:
            digits = following.text[1:]
            if not digits.isdecimal():
                self.raise_error(f"expected the number of a value after '#', not '{digits}'")
            index = int(digits)
            state.current_token = state.lexer.lex()
        return UnresolvedOperand(token.span, index)

    def parse_argument(self, *, expect_type: bool = True) -> Any:
        argument = super().parse_argument(expect_type=expect_type)  # pyright: ignore[reportCallIssue, reportArgumentType]
        if expect_type:
            argument.location = self.parse_optional_location()  # pyright: ignore[reportAttributeAccessIssue]
        return argument

    def resolve_operand(self, operand: UnresolvedOperand, type: Any) -> Any:
        name = operand.span.text[1:]
        values = self.ssa_values.get(name)
        if values is None:
            references = self.forward_ssa_references.setdefault(name, {})
            value: SSAValue | None = references.get(operand.index)
            if value is None:
                self._first_use.setdefault(name, operand.span)
                value = references[operand.index] = ForwardDeclaredValue(type)
                return value
        elif operand.index < len(values):
            value = values[operand.index]
        else:
            self.raise_error(f"'%{name}' has {len(values)} values, there is no '#{operand.index}'", operand.span)
        if value.type != type:
            self.raise_error(f"use of value '%{name}' expects type {type}, but it has type {value.type}", operand.span)
        return value

    def _register_ssa_definition(self, name: str, values: Sequence[SSAValue], span: Span) -> None:
        if name in self.ssa_values:
            self.raise_error(f"redefinition of SSA value '%{name}'", span)
        self._defined.append(name)
        self.ssa_values[name] = tuple(values)
        references = self.forward_ssa_references.pop(name, None)
        if references is None:
            return
        for index, forward in references.items():
            if index >= len(values):
                self.raise_error(f"'%{name}' is used with index {index} but has {len(values)} values", span)
            if forward.type != values[index].type:
                self.raise_error(f"'%{name}' is defined with type {values[index].type} but used with type {forward.type}", span)
            forward.replace_all_uses_with(values[index])

    # ---- operations

    def _get_op_by_name(self, name: str) -> type[Operation]:
        op_type = self._ops.get(name)
        if op_type is None:
            op_type = self.ctx.get_optional_op(name, dialect_stack=self._parser_state.dialect_stack)
            if op_type is None:
                self._unknown_op(name)
            if "." in name:
                self._ops[name] = op_type
        return op_type

    def _unknown_op(self, name: str) -> NoReturn:
        dialect = name.partition(".")[0]
        loaded = sorted(op.name for op in self.ctx.loaded_ops if op.name.startswith(dialect + "."))
        known = sorted(self.ctx.registered_dialect_names)
        hint = f"dialects: {', '.join(known)}" if dialect not in known else f"dialect '{dialect}' has: {', '.join(loaded)}"
        raise UnsupportedError(f"operation '{name}' is not supported", location=self._place(self.pos), hint=hint)

    def parse_operation(self) -> Operation:
        state = self._parser_state
        start = state.current_token.span
        bound = self._parse_op_result_list() if state.current_token.kind is _PERCENT else []
        token = state.current_token
        if token.kind is _BARE:
            op_type = self._get_op_by_name(token.text)
            state.current_token = state.lexer.lex()
            generic = False
        elif token.kind is MLIRTokenKind.STRING_LIT:
            op_type = self._get_op_by_name(token.text[1:-1])
            state.current_token = state.lexer.lex()
            generic = True
        else:
            self.raise_error("operation name expected")
        if bound:
            start = token.span
        state.dialect_stack.append(op_type.name.partition(".")[0])
        self._op_types.append(op_type)
        op = self._parse_generic_operation(op_type) if generic else op_type.parse(self)
        self._op_types.pop()
        state.dialect_stack.pop()
        location = self.parse_optional_location()
        if location is not None:
            op.location = location
        elif op.location is UNKNOWN_LOC:  # not `loc(unknown)` in the text, which makes an object of its own
            op.location = self._lines.location(start.start)

        if bound:
            results = op.results
            count = sum(size for _, size in bound)
            if len(results) != count:
                self.raise_error(f"operation '{op.name}' has {len(results)} results but {count} names are bound", start)
            first = 0
            for span, size in bound:
                self._register_ssa_definition(span.text[1:], results[first : first + size], span)
                first += size
        return op

    def parse_optional_region(self, arguments: Any = None) -> Region | None:
        if self._current_token.kind is not MLIRTokenKind.L_BRACE:
            return None
        self._nest()
        isolated = bool(self._op_types) and self._op_types[-1].has_trait(IsolatedFromAbove, value_if_unregistered=False)
        outer, outer_forward = self.ssa_values, self.forward_ssa_references
        if isolated:
            self.ssa_values, self.forward_ssa_references = {}, {}
        mark = len(self._defined)
        region = self._parse_region_body(arguments)
        if isolated:
            self._check_forward_references()
            self.ssa_values, self.forward_ssa_references = outer, outer_forward
        else:
            for name in self._defined[mark:]:
                del self.ssa_values[name]
        del self._defined[mark:]
        self._depth -= 1
        return region

    def _parse_region_body(self, arguments: Any) -> Region:
        self._consume_token()
        region = Region()
        outer_blocks, outer_references = self.blocks, self.forward_block_references
        self.blocks, self.forward_block_references = {}, defaultdict(list)
        if arguments is not None:
            arguments = list(arguments)
            if self._current_token.kind is MLIRTokenKind.CARET_IDENT:
                self.raise_error("the entry block of a region with named arguments has no label")
            entry = Block(arg_types=[argument.type for argument in arguments])
            for value, argument in zip(entry.args, arguments, strict=True):
                self._register_ssa_definition(argument.name.text[1:], (value,), argument.name)
                value.location = argument.location or self._lines.location(argument.name.start)
            region.add_block(entry)
            self._parse_block_body(entry)
        elif self._current_token.kind not in (MLIRTokenKind.CARET_IDENT, MLIRTokenKind.R_BRACE):
            entry = Block()
            region.add_block(entry)
            self._parse_block_body(entry)
        while self.parse_optional_punctuation("}") is None:
            region.add_block(self._parse_block())
        self._check_block_references()
        self.blocks, self.forward_block_references = outer_blocks, outer_references
        return region

    def _parse_block(self) -> Block:
        label = self._parse_token(MLIRTokenKind.CARET_IDENT, "expected a block label")
        name = label.text[1:]
        block, defined = self.blocks.get(name, (None, None))
        if defined is not None:
            self.raise_error(f"redefinition of block '^{name}'", label.span)
        if block is None:
            block = Block()
        else:
            self.forward_block_references.pop(name)
        self.blocks[name] = block, label.span
        self._parse_optional_block_arg_list(block)
        self.parse_punctuation(":")
        self._parse_block_body(block)
        return block

    def parse_optional_successor(self) -> Block | None:
        token = self._parse_optional_token(MLIRTokenKind.CARET_IDENT)
        return None if token is None else self._get_block_from_name(token.span)

    def _get_block_from_name(self, block_name: Span) -> Block:
        name = block_name.text[1:]
        if name not in self.blocks:
            self.forward_block_references[name].append(block_name)
            self.blocks[name] = Block(), None
        return self.blocks[name][0]

    def _check_block_references(self) -> None:
        for name, spans in self.forward_block_references.items():
            self.raise_error(f"reference to an undefined block '^{name}'", spans[0])

    def _check_forward_references(self) -> None:
        for name in self.forward_ssa_references:
            self.raise_error(f"use of undeclared SSA value '%{name}'", self._first_use[name])

    def parse_module(self, allow_implicit_module: bool = True) -> ModuleOp:
        ops: list[Operation] = []
        while (kind := self._current_token.kind) is not MLIRTokenKind.EOF:
            if kind in (_HASH, _EXCLAMATION):
                self._parse_alias_def()
            elif (op := self.parse_optional_operation()) is not None:
                ops.append(op)
            else:
                self.raise_error("expected an operation")
        self._check_forward_references()
        self._check_block_references()
        if len(ops) == 1 and isinstance(ops[0], ModuleOp):
            return ops[0]
        module = ModuleOp(ops)
        module.location = FileLineColLoc(StringAttr(self.lexer.input.name), IntAttr(0), IntAttr(0))
        return module

    # ---- errors

    def _place(self, position: int) -> str:
        line, column = self._lines.line_column(min(position, len(self.lexer.input.content)))
        return f"{self.lexer.input.name}:{line}:{column}"

    def input_error(self, message: str, position: int) -> InputError:
        content = self.lexer.input.content
        position = min(position, len(content))
        start = content.rfind("\n", 0, position) + 1
        end = content.find("\n", position)
        left = max(start, position - 60)
        excerpt = content[left : min(end if end >= 0 else len(content), left + 120)].expandtabs(1)
        return InputError(message, location=self._place(position), details=(excerpt, " " * (position - left) + "^"))


def parse_module(text: str, context: Context, *, name: str = "<input>") -> ModuleOp:
    """The module that `text` holds; bare operations get one wrapped round them.

    Raises InputError (`name:line:column: ...` with the line and a caret), LimitError or UnsupportedError, and nothing else for any text.
    """
    return _guarded(text, context, name, lambda parser: parser.parse_module())


def parse_attribute_prefix(text: str, context: Context, *, name: str = "<attribute>") -> tuple[Attribute, int]:
    """The attribute at the start of `text`, and where what follows it starts. Raises as `parse_module` does."""
    return _guarded(text, context, name, lambda parser: (parser.parse_attribute(), parser.pos))


def _guarded(text: str, context: Context, name: str, parse: Callable[[Parser], T]) -> T:
    if len(text) > limits.MAX_TEXT_BYTES:
        raise LimitError(f"{len(text)} characters of text are above the limit of {limits.MAX_TEXT_BYTES}", location=name)
    try:
        parser = Parser(context, text, name)
    except ParseError as error:
        raise _lexical_error(error, text, name) from None
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _RECURSION_LIMIT))
    try:
        return parse(parser)
    except PyrieError as error:
        error.location = error.location or parser._place(parser.pos)
        raise
    except ParseError as error:
        raise parser.input_error(error.msg, error.span.start) from error
    except VerifyException as error:
        raise parser.input_error(str(error), parser.pos) from error
    except RecursionError:
        raise LimitError("the text is nested too deeply", location=parser._place(parser.pos)) from None
    except Exception as error:  # what a dialect's parser trips over in damaged text; a defect keeps its traceback as the cause
        raise parser.input_error(f"malformed operation or attribute ({type(error).__name__}: {error})", parser.pos) from error
    finally:
        sys.setrecursionlimit(limit)


def _lexical_error(error: ParseError, text: str, name: str) -> InputError:
    line, column = Lines(text, name).line_column(error.span.start)
    return InputError(error.msg, location=f"{name}:{line}:{column}")


def parse_file(path: str | Path, context: Context) -> ModuleOp:
    """The module in the file `path` (`-` is standard input). Raises InputError if it cannot be read or parsed."""
    return parse_module(read_source(path), context, name=str(path))


def read_source(path: str | Path) -> str:
    """The text of the file `path`, `-` being standard input. Raises InputError if it cannot be read or is not UTF-8."""
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else Path(path).read_bytes()
        return raw.decode()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", location=str(path)) from None
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text (byte {error.start})", location=str(path)) from None
