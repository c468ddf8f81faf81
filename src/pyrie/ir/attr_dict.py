"""`attr-dict` as MLIR writes it: inherent attributes that the format does not name stand in `<...>`, discardable ones in `{...}`.

    memref.alloc() <alignment = 64> {my.note = "x"} : memref<4xf32>

xDSL puts both into the braces. Importing this module replaces how its attr-dict directive reads and prints; `<{...}>` and inherent
attributes in the braces, the spellings of older IREE versions, are read too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import Attribute, TypedAttribute
from xdsl.irdl import IRDLOperation, ParamAttrConstraint, PropertyDef, VerificationContext
from xdsl.irdl.declarative_assembly_format import AttrDictDirective, ParsingState, PrintingState
from xdsl.parser import Parser
from xdsl.printer import Printer

from pyrie.ir.literals import format_key


class InPrintOrder(dict[str, Attribute]):
    """Attributes to print in the order they have here; others are sorted by name."""


def in_order(attributes: Mapping[str, Attribute]) -> Iterable[str]:
    """The names of `attributes` as they are printed."""
    return attributes if isinstance(attributes, InPrintOrder) else sorted(attributes)


def with_inherent(attributes: Mapping[str, Attribute], inherent: Mapping[str, Attribute | None]) -> InPrintOrder:
    """What one `attributes {...}` of a function-like op shows: sorted discardable attributes, then the inherent ones that are set."""
    shown = InPrintOrder((name, attributes[name]) for name in sorted(attributes))
    shown.update({name: value for name, value in inherent.items() if value is not None})
    return shown


_parse_braces = AttrDictDirective.parse
_print_braces = AttrDictDirective.print
_BRACES = ("stablehlo.", "chlo.")  # dialects that keep writing inherent attributes in the braces


def _known_type(property: PropertyDef) -> tuple[type[TypedAttribute], Attribute] | None:
    """The class and type of a property whose constraint leaves only one type, which is then not written."""
    bases = property.constr.get_bases()
    constraint = property.constr
    if bases is None or len(bases) != 1 or not isinstance(constraint, ParamAttrConstraint):
        return None
    base = next(iter(bases))
    if not issubclass(base, TypedAttribute) or not (of_type := constraint.param_constrs[base.get_type_index()]).can_infer(set()):
        return None
    return base, of_type.infer(VerificationContext())


def _parse(self: AttrDictDirective, parser: Parser, state: ParsingState) -> None:
    if self.expected_properties and parser.parse_optional_punctuation("<"):
        braces = parser.parse_optional_punctuation("{") is not None
        _parse_inherent(self, parser, state)
        if braces:
            parser.parse_punctuation("}")
        parser.parse_punctuation(">")
    _parse_braces(self, parser, state)


def _parse_inherent(self: AttrDictDirective, parser: Parser, state: ParsingState) -> None:
    definition = state.op_type.get_irdl_definition()

    def one() -> None:
        position = parser.pos
        name = parser.parse_optional_str_literal() or parser.parse_identifier()
        if name not in self.expected_properties:
            parser.raise_error(f"'{name}' is not one of {', '.join(sorted(self.expected_properties))}", position)
        if not parser.parse_optional_punctuation("="):
            state.properties[name] = UnitAttr()
        elif (typed := _known_type(definition.properties[name])) is not None:
            state.properties[name] = typed[0].parse_with_type(parser, typed[1])
        else:
            state.properties[name] = parser.parse_attribute()

    parser.parse_comma_separated_list(parser.Delimiter.NONE, one)


def _print(self: AttrDictDirective, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
    if op.name.startswith(_BRACES):
        _print_braces(self, printer, state, op)
        return
    definition = op.get_irdl_definition()
    inherent: list[tuple[str, Attribute]] = []
    for name, property in definition.properties.items():
        value = op.properties.get(name)
        if name in self.expected_properties and value is not None and value != property.default_value:
            inherent.append((name, value))

    def one(entry: tuple[str, Attribute]) -> None:
        name, value = entry
        printer.print_string(format_key(name))
        if isinstance(value, UnitAttr):
            return
        printer.print_string(" = ")
        typed = _known_type(definition.properties[name])
        if typed is not None and isinstance(value, TypedAttribute) and value.get_type() == typed[1]:
            value.print_without_type(printer)
        else:
            printer.print_attribute(value)

    if inherent:
        printer.print_string(" <")
        printer.print_list(inherent, one)
        printer.print_string(">")
    defaults = {
        name for name, d in definition.attributes.items() if d.default_value is not None and op.attributes.get(name) == d.default_value
    }
    reserved = self.reserved_attr_names | defaults
    printed = printer.print_op_attributes(op.attributes, reserved_attr_names=reserved, print_keyword=self.with_keyword)
    if inherent or printed:
        state.last_was_punctuation = False
        state.should_emit_space = True


AttrDictDirective.parse = _parse
AttrDictDirective.print = _print
