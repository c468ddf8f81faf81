"""What a VM module holds: functions, imports, exports, initializers, globals and read-only data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FlatSymbolRefAttrConstr,
    FunctionType,
    IntegerAttr,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    UnitAttr,
    f32,
    f64,
    i32,
    i64,
)
from xdsl.dialects.utils import parse_func_op_like, print_func_op_like
from xdsl.ir import Attribute, Block, Region
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    ParsePropInAttrDict,
    base,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
)
from xdsl.irdl.constraints import EqAttrConstraint
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, NoTerminator, Pure, SymbolOpInterface, SymbolTable
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import SymbolVisibility, TypeOrAttr
from pyrie.dialects.vm.types import POINTER, BufferType, is_reference, reference_name
from pyrie.ir.attr_dict import with_inherent


def _function_properties(properties: dict[str, Attribute | None]) -> dict[str, Attribute]:
    return {name: value for name, value in properties.items() if value is not None}


@irdl_op_definition
class ModuleOp(IRDLOperation):
    """One loadable module; its symbols become the ordinals of the bytecode."""

    name = "vm.module"

    sym_visibility = opt_prop_def(StringAttr)
    sym_name = prop_def(SymbolNameConstraint())
    ordinal_counts = opt_prop_def(AnyAttr())
    version = opt_prop_def(IntegerAttr)
    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove(), SymbolTable(), NoTerminator(), SymbolOpInterface())
    irdl_options = (ParsePropInAttrDict(),)
    custom_directives = (SymbolVisibility,)
    assembly_format = "custom<SymbolVisibility>($sym_visibility) $sym_name attr-dict-with-keyword $body"

    def __init__(self, name: str):
        super().__init__(properties={"sym_name": StringAttr(name), "sym_visibility": StringAttr("public")}, regions=[Region(Block())])


@irdl_op_definition
class FuncOp(IRDLOperation):
    """A function. `vm.unwind` and `vm.yield` among its attributes say that it may fail or be suspended."""

    name = "vm.func"

    sym_name = prop_def(SymbolNameConstraint())
    function_type = prop_def(FunctionType)
    sym_visibility = opt_prop_def(StringAttr)
    ordinal = opt_prop_def(IntegerAttr)
    inlining_policy = opt_prop_def(AnyAttr())
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    body = region_def()

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface())

    def __init__(self, name: str, function_type: FunctionType, body: Region | None = None, *, visibility: str | None = "private"):
        properties = {"sym_name": StringAttr(name), "function_type": function_type}
        if visibility:
            properties["sym_visibility"] = StringAttr(visibility)
        super().__init__(properties=properties, regions=[body or Region(Block(arg_types=function_type.inputs.data))])

    @classmethod
    def parse(cls, parser: Parser) -> FuncOp:
        visibility = parser.parse_optional_visibility_keyword()
        name, inputs, outputs, body, extra, arg_attrs, res_attrs = parse_func_op_like(parser, reserved_attr_names=())
        attributes = dict(extra.data) if extra else {}
        properties = _function_properties(
            {
                "sym_name": StringAttr(name),
                "function_type": FunctionType.from_lists(inputs, outputs),
                "sym_visibility": visibility,
                "ordinal": attributes.pop("ordinal", None),
                "inlining_policy": attributes.pop("inlining_policy", None),
                "arg_attrs": arg_attrs,
                "res_attrs": res_attrs,
            }
        )
        return cls.create(properties=properties, attributes=attributes, regions=[body])

    def print(self, printer: Printer) -> None:
        if self.sym_visibility:
            printer.print_string(f" {self.sym_visibility.data}")
        print_func_op_like(
            printer,
            self.sym_name,
            self.function_type,
            self.body,
            with_inherent(self.attributes, {"inlining_policy": self.inlining_policy, "ordinal": self.ordinal}),
            arg_attrs=self.arg_attrs,
            res_attrs=self.res_attrs,
            reserved_attr_names=(),
            print_empty_outputs=False,
        )

    def verify_(self) -> None:
        if self.body.blocks and tuple(self.body.blocks[0].arg_types) != self.function_type.inputs.data:
            raise VerifyException("the types of the entry block's arguments differ from the function type")


@irdl_op_definition
class ExportOp(IRDLOperation):
    """Makes a function callable from outside, under its own name or another: `vm.export @f as("g")`."""

    name = "vm.export"

    function_ref = prop_def(FlatSymbolRefAttrConstr)
    export_name = prop_def(StringAttr)
    ordinal = opt_prop_def(IntegerAttr)

    def __init__(self, function: str, *, name: str | None = None, attributes: dict[str, Attribute] | None = None):
        properties = {"function_ref": SymbolRefAttr(function), "export_name": StringAttr(name or function)}
        super().__init__(properties=properties, attributes=attributes or {})

    @classmethod
    def parse(cls, parser: Parser) -> ExportOp:
        function = parser.parse_symbol_name().data
        name = None
        if parser.parse_optional_keyword("as"):
            with parser.in_parens():
                name = parser.parse_str_literal()
        extra = parser.parse_optional_attr_dict_with_keyword()
        attributes = dict(extra.data) if extra else {}
        ordinal = attributes.pop("ordinal", None)
        op = cls(function, name=name, attributes=attributes)
        if ordinal is not None:
            op.properties["ordinal"] = ordinal
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_attribute(self.function_ref)
        if self.export_name.data != self.function_ref.string_value():
            printer.print_string(f' as("{self.export_name.data}")')
        printer.print_op_attributes(with_inherent(self.attributes, {"ordinal": self.ordinal}), print_keyword=True)


@irdl_op_definition
class ImportOp(IRDLOperation):
    """A function of another module: `@hal.fence.await(%timeout : i32, %fences : !vm.ref<!hal.fence> ...) -> i32`.

    An argument followed by `...` may be given any number of times; `optional` imports may be missing at run time.
    """

    name = "vm.import"

    sym_name = prop_def(SymbolNameConstraint())
    function_type = prop_def(FunctionType)
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    sym_visibility = opt_prop_def(StringAttr)
    ordinal = opt_prop_def(IntegerAttr)
    is_optional = opt_prop_def(UnitAttr)
    minimum_version = opt_prop_def(IntegerAttr)
    body = region_def()

    traits = traits_def(SymbolOpInterface())

    def __init__(
        self,
        name: str,
        function_type: FunctionType,
        *,
        arguments: Sequence[tuple[str, bool]] = (),
        minimum_version: int | None = None,
        attributes: dict[str, Attribute] | None = None,
    ):
        """`arguments` gives each argument's name and whether it is variadic."""
        properties: dict[str, Attribute] = {
            "sym_name": StringAttr(name),
            "function_type": function_type,
            "sym_visibility": StringAttr("private"),
            "arg_attrs": ArrayAttr(_argument_attributes(argument, variadic) for argument, variadic in arguments),
        }
        if minimum_version is not None:
            properties["minimum_version"] = IntegerAttr(minimum_version, i32)
        super().__init__(properties=properties, attributes=attributes or {}, regions=[Region()])

    def is_variadic(self, index: int) -> bool:
        """Whether argument `index` may be given any number of times."""
        return self.arg_attrs is not None and "vm.variadic" in self.arg_attrs.data[index].data

    @property
    def has_variadic_arguments(self) -> bool:
        return any(self.is_variadic(i) for i in range(len(self.function_type.inputs)))

    @classmethod
    def parse(cls, parser: Parser) -> ImportOp:
        visibility = parser.parse_optional_visibility_keyword()
        is_optional = UnitAttr() if parser.parse_optional_keyword("optional") else None
        name = parser.parse_symbol_name()
        types: list[Attribute] = []
        arg_attrs: list[DictionaryAttr] = []

        def argument() -> None:
            operand = parser.parse_optional_unresolved_operand()
            if operand is not None:
                parser.parse_punctuation(":")
            types.append(parser.parse_type())
            variadic = parser.parse_optional_punctuation("...") is not None
            arg_attrs.append(_argument_attributes(operand.operand_name if operand else "", variadic))

        parser.parse_comma_separated_list(parser.Delimiter.PAREN, argument)
        results: list[Attribute] = []
        if parser.parse_optional_punctuation("->"):
            listed = parser.parse_optional_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
            results = [*listed] if listed is not None else [parser.parse_type()]
        extra = parser.parse_optional_attr_dict_with_keyword()
        attributes = dict(extra.data) if extra else {}
        properties = _function_properties(
            {
                "sym_name": name,
                "function_type": FunctionType.from_lists(types, results),
                "arg_attrs": ArrayAttr(arg_attrs),
                "sym_visibility": visibility,
                "ordinal": attributes.pop("ordinal", None),
                "is_optional": is_optional,
                "minimum_version": attributes.pop("minimum_version", None),
            }
        )
        return cls.create(properties=properties, attributes=attributes, regions=[Region()])

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.sym_visibility.data if self.sym_visibility else 'public'} ")
        if self.is_optional:
            printer.print_string("optional ")
        printer.print_symbol_name(self.sym_name.data)
        with printer.in_parens():
            for i, type in enumerate(self.function_type.inputs.data):
                printer.print_string(", " if i else "")
                attributes = self.arg_attrs.data[i].data if self.arg_attrs else {}
                if isinstance(name := attributes.get("vm.name"), StringAttr):
                    printer.print_string(f"%{name.data} : ")
                printer.print_attribute(type)
                printer.print_string(" ..." if "vm.variadic" in attributes else "")
        print_results(printer, self.function_type.outputs.data)
        inherent = {"minimum_version": self.minimum_version, "ordinal": self.ordinal}
        printer.print_op_attributes(with_inherent(self.attributes, inherent), print_keyword=True)


def _argument_attributes(name: str, variadic: bool) -> DictionaryAttr:
    attributes: dict[str, Attribute] = {"vm.name": StringAttr(name)} if name else {}
    if variadic:
        attributes["vm.variadic"] = UnitAttr()
    return DictionaryAttr(attributes)


def print_results(printer: Printer, types: Sequence[Attribute]) -> None:
    """Prints ` -> type`, ` -> (type, type)`, or nothing."""
    if not types:
        return
    printer.print_string(" -> ")
    if len(types) == 1:
        printer.print_attribute(types[0])
        return
    with printer.in_parens():
        printer.print_list(types, printer.print_attribute)


@irdl_op_definition
class InitializerOp(IRDLOperation):
    """Runs when the module is loaded, in the order of the text."""

    name = "vm.initializer"

    function_type = prop_def(FunctionType)
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    body = region_def()

    traits = traits_def(IsolatedFromAbove())

    def __init__(self, body: Region | None = None):
        super().__init__(properties={"function_type": FunctionType.from_lists([], [])}, regions=[body or Region(Block())])

    @classmethod
    def parse(cls, parser: Parser) -> InitializerOp:
        extra = parser.parse_optional_attr_dict_with_keyword()
        op = cls(parser.parse_region())
        op.attributes.update(extra.data if extra else {})
        return op

    def print(self, printer: Printer) -> None:
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body)


class GlobalOp(IRDLOperation):
    """Base of the global declarations. `type` is the stored type, `initial_value` is absent for zero and for references."""

    @property
    def symbol(self) -> str:
        name = self.properties["sym_name"]
        assert isinstance(name, StringAttr)
        return name.data

    @property
    def type_(self) -> Attribute:
        return self.properties["type"]

    @property
    def initial(self) -> Attribute | None:
        return self.properties.get("initial_value")


def _global_op(mnemonic: str, doc: str, *, has_value: bool) -> type[GlobalOp]:
    members: dict[str, Any] = {
        "__doc__": doc,
        "__module__": __name__,
        "name": f"vm.global.{mnemonic}",
        "sym_visibility": opt_prop_def(StringAttr),
        "sym_name": prop_def(SymbolNameConstraint()),
        "type": prop_def(AnyAttr()),
        "is_mutable": opt_prop_def(UnitAttr),
        "inlining_policy": opt_prop_def(AnyAttr()),
        "ordinal": opt_prop_def(IntegerAttr),
        "traits": traits_def(SymbolOpInterface()),
        "irdl_options": (ParsePropInAttrDict(),),
        "custom_directives": (SymbolVisibility, TypeOrAttr),
    }
    start = "custom<SymbolVisibility>($sym_visibility) (`mutable` $is_mutable^)? $sym_name attr-dict "
    if has_value:
        members["initial_value"] = opt_prop_def(AnyAttr())
        members["assembly_format"] = start + "custom<TypeOrAttr>($type, $initial_value)"
    else:
        members["assembly_format"] = start + "`:` $type"
    return irdl_op_definition(type(f"Global{mnemonic.title()}Op", (GlobalOp,), members))


GLOBALS: dict[Attribute, type[GlobalOp]] = {
    type: _global_op(str(type), f"An {type} that lives as long as the module's state.", has_value=True) for type in (i32, i64, f32, f64)
}
GlobalRefOp = _global_op("ref", "A reference that lives as long as the module's state; null at first.", has_value=False)


def make_global(name: str, type: Attribute, *, mutable: bool, initial_value: Attribute | None = None) -> GlobalOp:
    """The global declaration for a value of `type`."""
    properties: dict[str, Attribute] = {"sym_visibility": StringAttr("private"), "sym_name": StringAttr(name), "type": type}
    if mutable:
        properties["is_mutable"] = UnitAttr()
    if initial_value is not None:
        properties["initial_value"] = initial_value
    cls = GlobalRefOp if is_reference(type) else GLOBALS[type]
    return cls(properties=properties)


@irdl_op_definition
class RodataOp(IRDLOperation):
    """Bytes in the module file: any attribute that serializes (dense elements, strings, `#util.composite`, ...)."""

    name = "vm.rodata"

    sym_visibility = opt_prop_def(StringAttr)
    sym_name = prop_def(SymbolNameConstraint())
    value = prop_def(AnyAttr())
    alignment = opt_prop_def(IntegerAttr.constr(EqAttrConstraint(i64)))
    ordinal = opt_prop_def(IntegerAttr)
    mime_type = opt_prop_def(StringAttr)

    traits = traits_def(SymbolOpInterface())
    irdl_options = (ParsePropInAttrDict(),)
    custom_directives = (SymbolVisibility,)
    assembly_format = "custom<SymbolVisibility>($sym_visibility) $sym_name attr-dict $value"

    def __init__(self, name: str, value: Attribute, *, alignment: int | None = None, mime_type: str | None = None):
        super().__init__(
            properties={
                "sym_visibility": StringAttr("private"),
                "sym_name": StringAttr(name),
                "value": value,
                "alignment": None if alignment is None else IntegerAttr(alignment, i64),
                "mime_type": None if mime_type is None else StringAttr(mime_type),
            }
        )


@irdl_op_definition
class RodataInlineOp(IRDLOperation):
    """Read-only data where it is used; hoisted to a `vm.rodata` before bytecode is made."""

    name = "vm.rodata.inline"

    name_ = opt_prop_def(StringAttr, prop_name="name")
    value = prop_def(AnyAttr())
    alignment = opt_prop_def(IntegerAttr.constr(EqAttrConstraint(i64)))
    mime_type = opt_prop_def(StringAttr)
    result = result_def(base(BufferType))

    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "($name^)? attr-dict `:` type($result) `=` $value"

    def __init__(self, value: Attribute, *, name: str | None = None, alignment: int | None = None, mime_type: str | None = None):
        super().__init__(
            properties={
                "name": None if name is None else StringAttr(name),
                "value": value,
                "alignment": None if alignment is None else IntegerAttr(alignment, i64),
                "mime_type": None if mime_type is None else StringAttr(mime_type),
            },
            result_types=[BufferType()],
        )

    def asm_result_names(self) -> tuple[str | None, ...]:
        return (reference_name(self.result.type),)


@irdl_op_definition
class RodataTableInlineOp(IRDLOperation):
    """Several pieces of read-only data one behind the other, and a table of where each lies: (offset, size) pairs of `table_type`.

    A pseudo op like `vm.rodata.inline`. `data_alignment` is that of each piece.
    """

    name = "vm.rodata.table.inline"

    table_name = opt_prop_def(StringAttr)
    data_name = opt_prop_def(StringAttr)
    table_type = prop_def(AnyAttr())
    data_array = prop_def(ArrayAttr)
    alignment = opt_prop_def(IntegerAttr.constr(EqAttrConstraint(i64)))
    data_alignment = opt_prop_def(IntegerAttr.constr(EqAttrConstraint(i64)))
    mime_type = opt_prop_def(StringAttr)
    table_result = result_def(base(BufferType))
    data_result = result_def(base(BufferType))

    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$table_type attr-dict `:` type($table_result) `,` type($data_result) `=` $data_array"

    def asm_result_names(self) -> tuple[str | None, ...]:
        return "table_result", "data_result"


@irdl_op_definition
class GlobalAddressOp(IRDLOperation):
    """The address of a global, for indirect access; folded into direct access before bytecode is made."""

    name = "vm.global.address"

    is_immutable = opt_prop_def(UnitAttr)
    global_ = prop_def(FlatSymbolRefAttrConstr, prop_name="global")
    result = result_def(POINTER)

    traits = traits_def(Pure())
    assembly_format = "(`immutable` $is_immutable^)? $global attr-dict `:` type($result)"
