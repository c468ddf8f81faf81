"""IR to text, byte for byte as MLIR's AsmPrinter writes it.

One pass over the IR collects pieces; an attribute is printed once and kept. Attributes with an alias stay objects in the list of
pieces until the end, when all are known and can be sorted and numbered (`#map`, `#map1`), then everything is joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xdsl.dialects.builtin import (
    AffineMapAttr,
    AffineSetAttr,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    LocationAttr,
    ModuleOp,
    UnitAttr,
    UnregisteredOp,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue, TypeAttribute
from xdsl.printer import Printer as XDSLPrinter
from xdsl.traits import IsTerminator

from pyrie.ir.asm_names import Names
from pyrie.ir.attr_dict import InPrintOrder, in_order
from pyrie.ir.builtin_text import FORMATTERS, LOCATIONS, dense_text, integer_text
from pyrie.ir.literals import format_float, format_integer, format_key, format_string
from pyrie.ir.resources import Blob, ResourceAttr, format_resources

# Ops whose regions elide a dialect prefix; in the regions of all others names are written in full.
_DEFAULT_DIALECTS = {"builtin.module": "builtin", "func.func": "func"}


class _Piece:
    """An attribute's text, printed once: `parts` are strings and further pieces. `depth` orders aliases, as in MLIR."""

    __slots__ = ("alias", "attribute", "deferrable", "depth", "is_location", "name", "parts", "text")

    def __init__(self, attribute: Attribute):
        self.attribute = attribute
        self.is_location = isinstance(attribute, LOCATIONS)
        self.parts: list[Any] = []
        self.text: str | None = None  # set if it neither is nor holds an alias
        self.alias: str | None = None
        self.name = ""
        self.depth = 0
        self.deferrable = True


class Printer(XDSLPrinter):
    """Prints one root op; use `print_module`. Dialects see xDSL's printer interface."""

    def __init__(self, root: Operation | None = None, *, generic: bool = False, locations: bool = False, aliases: bool = True):
        super().__init__(None, print_generic_format=generic, print_debuginfo=locations)
        self.names = Names(root, generic=generic) if root is not None else None
        self.blobs: dict[str, Blob] = {}
        self.has_aliases = aliases
        self._out: list[Any] = []
        self._by_id: dict[int, _Piece] = {}
        self._by_value: dict[Attribute, _Piece] = {}
        self._order: list[_Piece] = []
        self._open: list[_Piece] = []
        self._default_dialects = ["builtin"]
        self._printed_as: dict[type, tuple[str, bool]] = {}

    # ---- text

    def print_string(self, text: str, *, indent: int | None = None) -> None:
        if "\n" in text:
            pad = "\n" + " " * ((self._indent if indent is None else indent) * self.indent_num_spaces)
            text = text.replace("\n", pad)
        self._out.append(text)

    def _print_new_line(self, indent: int | None = None, print_message: bool = True) -> None:
        self._out.append("\n" + " " * ((self._indent if indent is None else indent) * self.indent_num_spaces))

    def print_bytes_literal(self, bytestring: bytes) -> None:
        self._out.append(format_string(bytestring))

    def print_string_literal(self, string: str) -> None:
        self._out.append(format_string(string))

    def print_identifier_or_string_literal(self, string: str) -> None:
        self._out.append(format_key(string))

    def print_float(self, value: float, type: Any) -> None:
        self._out.append(format_float(value, type))

    def print_int(self, value: int, type: Any = None) -> None:
        self._out.append(format_integer(value, type))

    # ---- values and blocks

    def print_ssa_value(self, value: SSAValue) -> str:
        text = self.names.use(value) if self.names is not None else "%?"
        self._out.append(text)
        return text[1:]

    def print_operand(self, operand: SSAValue) -> None:
        self._out.append(self.names.use(operand) if self.names is not None else "%?")

    def _get_block_name(self, block: Block) -> str:
        return self.names.blocks.get(block, "^bb?")[1:] if self.names is not None else "bb?"

    def print_block_argument(self, arg: BlockArgument, print_type: bool = True) -> None:
        self.print_ssa_value(arg)
        if print_type:
            self._out.append(": ")
            self.print_attribute(arg.type)
            if self.print_debuginfo:
                self._print_location(arg.location, alias=False)

    def print_block(self, block: Block, print_block_args: bool = True, print_block_terminator: bool = True) -> None:
        if print_block_args:
            self._print_new_line()
            self.print_block_name(block)
            if block.args:
                with self.in_parens():
                    self.print_list(block.args, self.print_block_argument)
            self._out.append(":")
            self._print_predecessors(block)
        self._indent += 1
        last = block.last_op
        for op in block.ops:
            if op is last and not print_block_terminator and op.has_trait(IsTerminator, value_if_unregistered=False):
                break
            self._print_new_line()
            self.print_op(op)
        self._indent -= 1

    def _print_predecessors(self, block: Block) -> None:
        region = block.parent
        if region is None:
            self._out.append("  // block is not in a region!")
            return
        found = [b for b in region.blocks if b.last_op is not None for s in b.last_op.successors if s is block]
        if not found:
            if block is not region.blocks.first:
                self._out.append("  // no predecessors")
        elif len(found) == 1:
            self._out.append(f"  // pred: ^{self._get_block_name(found[0])}")
        else:
            self._out.append(f"  // {len(found)} preds: " + ", ".join(f"^{self._get_block_name(b)}" for b in found))

    def print_region(
        self, region: Region, print_entry_block_args: bool = True, print_empty_block: bool = True, print_block_terminators: bool = True
    ) -> None:
        self._out.append("{")
        parent = region.parent
        dialect = "" if parent is None else getattr(parent, "default_dialect", None) or _DEFAULT_DIALECTS.get(parent.name, "")
        self._default_dialects.append(dialect)
        first = region.blocks.first
        if first is not None:
            header = (print_empty_block and first.first_op is None) or (print_entry_block_args and bool(first.args))
            self.print_block(first, header, print_block_terminators)
            block = first.next_block
            while block is not None:
                self.print_block(block, True, print_block_terminators)
                block = block.next_block
        self._default_dialects.pop()
        self._print_new_line()
        self._out.append("}")

    # ---- operations

    def print_op(self, op: Operation) -> None:
        out = self._out
        if self.print_debuginfo:
            self._location_piece(op.location, deferrable=True)
        if op.results:
            out.append(self.names.definition(op) if self.names is not None else "%? = ")
        cls = type(op)
        known = self._printed_as.get(cls)
        if known is None:
            custom = not (self.print_generic_format or cls.print is Operation.print or isinstance(op, UnregisteredOp))
            known = self._printed_as[cls] = (op.name, custom)
        name, custom = known
        if custom:
            default = self._default_dialects[-1]
            if default and name.startswith(default) and name.find(".", len(default)) == len(default) and name.count(".") == 1:
                name = name[len(default) + 1 :]
            out.append(name)
            self._print_custom(op)
        else:
            self._print_generic(op)
        if self.print_debuginfo:
            self._print_location(op.location)

    def _print_custom(self, op: Operation) -> None:
        if not isinstance(op, ModuleOp):
            op.print(self)
            return
        if op.sym_name is not None:
            self._out.append(f" @{format_key(op.sym_name.data)}")
        self.print_op_attributes(op.attributes, print_keyword=True)
        self._out.append(" ")
        self.print_region(op.body, print_empty_block=False)

    def _print_generic(self, op: Operation) -> None:
        attributes = op.attributes
        if isinstance(op, UnregisteredOp):
            self._out.append(format_string(op.op_name.data))
            attributes = {name: value for name, value in attributes.items() if name != "op_name__"}
        else:
            self._out.append(format_string(op.name))
        self.print_operands(op.operands)
        if op.successors:
            with self.in_square_brackets():
                self.print_list(op.successors, self.print_block_name)
        self._print_op_properties(op.properties)
        if op.regions:
            self._out.append(" ")
            with self.in_parens():
                self.print_list(op.regions, self.print_region)
        self.print_op_attributes(attributes)
        self._out.append(" : ")
        self.print_function_type([o.type for o in op.operands], [r.type for r in op.results])

    def print_operation_type(self, op: Operation) -> None:
        self.print_function_type(op.operand_types, op.result_types)

    def print_op_attributes(
        self, attributes: Mapping[str, Attribute], *, reserved_attr_names: Iterable[str] = (), print_keyword: bool = False
    ) -> bool:
        if not attributes:
            return False
        reserved = set(reserved_attr_names)
        shown = InPrintOrder((name, attributes[name]) for name in in_order(attributes) if name not in reserved)
        if not shown:
            return False
        self._out.append(" attributes " if print_keyword else " ")
        self.print_attr_dict(shown)
        return True

    def print_attr_dict(self, attr_dict: Mapping[str, Attribute]) -> None:
        self._out.append("{")
        for index, name in enumerate(in_order(attr_dict)):
            if index:
                self._out.append(", ")
            self._out.append(format_key(name))
            value = attr_dict[name]
            if type(value) is not UnitAttr:
                self._out.append(" = ")
                self.print_attribute(value)
        self._out.append("}")

    # ---- attributes

    def print_attribute(self, attribute: Attribute) -> None:
        piece = self._by_id.get(id(attribute)) or self._piece(attribute)
        parent = self._open[-1] if self._open else None
        if piece.is_location and (parent is None or not parent.is_location):  # in full, or by an alias in a dictionary
            _pin(piece)
            self._out += (piece,) if parent is not None and piece.alias else ("loc(", *piece.parts, ")")
            return
        if parent is not None and piece.depth and piece.depth >= parent.depth:
            parent.depth = piece.depth + 1
        self._out.append(piece if piece.text is None else piece.text)

    def _piece(self, attribute: Attribute) -> _Piece:
        try:
            piece = self._by_value.get(attribute)
        except TypeError:  # a dialect's attribute holds something unhashable
            return self._print_piece(attribute, _Piece(attribute))
        if piece is None:
            piece = _Piece(attribute)
            self._by_value[attribute] = piece
            self._print_piece(attribute, piece)
        self._by_id[id(attribute)] = piece
        if piece.attribute is not attribute:
            self._kept.append(attribute)  # an id is only a key while its object lives
        return piece

    @property
    def _kept(self) -> list[Attribute]:
        return self.__dict__.setdefault("_kept_attributes", [])

    def _print_piece(self, attribute: Attribute, piece: _Piece) -> _Piece:
        piece.alias = _alias_of(attribute) if self.has_aliases else None
        piece.depth = 1 if piece.alias else 0
        if piece.alias:
            self._order.append(piece)
        outer, outer_indent = self._out, self._indent
        self._out, self._indent = piece.parts, 0
        self._open.append(piece)
        formatter = FORMATTERS.get(type(attribute))
        if formatter is not None:
            formatter(self, attribute)
        else:
            super().print_attribute(attribute)
        self._open.pop()
        self._out, self._indent = outer, outer_indent
        if piece.alias is None and all(type(part) is str for part in piece.parts):
            piece.text = "".join(piece.parts)
        return piece

    def print_attribute_without_type(self, attribute: Attribute) -> None:
        """A typed constant without its ` : type`, for formats that print the type themselves."""
        match attribute:
            case IntegerAttr():
                self._out.append(integer_text(attribute))
            case FloatAttr():
                self.print_float(attribute.value.data, attribute.type)
            case DenseIntOrFPElementsAttr():
                self._out.append(dense_text(attribute))
            case ResourceAttr():
                self.print_resource(attribute)
            case _:
                self.print_attribute(attribute)

    def print_resource(self, attribute: ResourceAttr) -> None:
        key, blob = attribute.key, attribute.blob
        if blob is not None:
            known, count = self.blobs.setdefault(key, blob), 0
            while known != blob:  # another blob has the key: take the next free one
                count += 1
                known = self.blobs.setdefault(f"{key}_{count}", blob)
            key = f"{key}_{count}" if count else key
        self._out.append(f"dense_resource<{format_key(key)}>")

    def print_resource_handle(self, dialect: str, handle: str) -> None:
        self._out.append(format_key(handle))

    # ---- locations

    def _location_piece(self, location: LocationAttr, *, deferrable: bool) -> _Piece:
        piece = self._by_id.get(id(location)) or self._piece(location)
        if not deferrable:
            _pin(piece)
        return piece

    def _print_location(self, location: LocationAttr, *, alias: bool = True) -> None:
        piece = self._location_piece(location, deferrable=alias)
        self._out += (" loc(", *([piece] if alias else piece.parts), ")")

    # ---- the whole

    def text(self, *, separator: str = "") -> str:
        """Everything printed so far, with the aliases it needs and the resources it names."""
        order = sorted(self._order, key=lambda p: (p.depth, not isinstance(p.attribute, TypeAttribute), p.alias))
        counts: dict[str, int] = {}
        for piece in order:
            assert piece.alias is not None
            index = counts.get(piece.alias, 0)
            counts[piece.alias] = index + 1
            suffix = "" if index == 0 else f"_{index}" if piece.alias[-1].isdigit() else str(index)
            piece.name = ("!" if isinstance(piece.attribute, TypeAttribute) else "#") + piece.alias + suffix
        head = [_definition(piece) for piece in order if not self._is_deferred(piece)]
        tail = [_definition(piece) for piece in order if self._is_deferred(piece)]
        body: list[str] = []
        _join(self._out, body)
        return "".join([*head, *body, separator, *tail]) + format_resources(self.blobs.items())

    @staticmethod
    def _is_deferred(piece: _Piece) -> bool:
        return piece.is_location and piece.deferrable


def _pin(piece: _Piece) -> None:
    piece.deferrable = False
    for part in piece.parts:
        if isinstance(part, _Piece):
            _pin(part)


def _definition(piece: _Piece) -> str:
    parts: list[str] = []
    _join(piece.parts, parts)
    text = "".join(parts)
    return f"{piece.name} = loc({text})\n" if piece.is_location else f"{piece.name} = {text}\n"


def _join(parts: Sequence[Any], out: list[str]) -> None:
    for part in parts:
        if type(part) is str:
            out.append(part)
        elif part.alias is not None:
            out.append(part.name)
        else:
            _join(part.parts, out)


def _alias_of(attribute: Attribute) -> str | None:
    alias = _BUILTIN_ALIASES.get(type(attribute))
    if alias is not None:
        return alias
    hook = getattr(attribute, "asm_alias", None)
    return hook() if hook is not None else None


_BUILTIN_ALIASES: dict[type, str] = {
    AffineMapAttr: "map",
    AffineSetAttr: "set",
    **dict.fromkeys(LOCATIONS, "loc"),
}


def print_module(op: Operation, *, locations: bool = False, generic: bool = False, aliases: bool = True) -> str:
    """The text of `op`, ending in a line break, as `iree-opt` writes it.

    `locations` prints them so that they read back; `generic` takes no op's own format; without `aliases` every attribute is in place.
    """
    printer = Printer(op, generic=generic, locations=locations, aliases=aliases)
    printer.print_op(op)
    return printer.text(separator="\n")


def print_op(op: Operation) -> str:
    """One op as text, nothing abbreviated: for messages and tests."""
    return print_module(op, aliases=False).rstrip("\n")


def print_attribute(attribute: Attribute) -> str:
    """One attribute or type as text, nothing abbreviated."""
    printer = Printer(aliases=False)
    printer.print_attribute(attribute)
    return printer.text()
