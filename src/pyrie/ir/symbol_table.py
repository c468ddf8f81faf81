"""Symbols of one table by name, kept up to date through `insert`, `erase` and `rename`."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import (
    AffineMapAttr,
    ArrayAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    DictionaryAttr,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    StringAttr,
    SymbolRefAttr,
    UnitAttr,
)
from xdsl.ir import Attribute, Operation, ParametrizedAttribute
from xdsl.rewriter import InsertPoint
from xdsl.traits import SymbolOpInterface


def symbol_name(op: Operation) -> str | None:
    """The symbol `op` defines, or None."""
    name = op.properties.get("sym_name") or op.attributes.get("sym_name")
    return name.data if isinstance(name, StringAttr) else None


def set_symbol_name(op: Operation, name: str) -> None:
    """Changes the symbol `op` defines; uses are the caller's business."""
    holder = op.attributes if "sym_name" in op.attributes else op.properties
    holder["sym_name"] = StringAttr(name)


def is_private(op: Operation) -> bool:
    """Whether the symbol cannot be named from outside of its table."""
    visibility = op.properties.get("sym_visibility") or op.attributes.get("sym_visibility")
    return isinstance(visibility, StringAttr) and visibility.data in ("private", "nested")


class SymbolTable:
    """The symbols directly inside of `root` (a module, an executable)."""

    def __init__(self, root: Operation):
        self.root = root
        self._ops: dict[str, Operation] = {}
        for region in root.regions:
            for block in region.blocks:
                for op in block.ops:
                    name = symbol_name(op)
                    if name is not None:
                        self._ops[name] = op

    def __contains__(self, name: str) -> bool:
        return name in self._ops

    def __iter__(self) -> Iterator[Operation]:
        return iter(list(self._ops.values()))

    def lookup(self, name: str | StringAttr | SymbolRefAttr) -> Operation | None:
        """The op of that name, following `@a::@b` into nested tables; None if there is none."""
        if isinstance(name, SymbolRefAttr):
            found = self._ops.get(name.root_reference.data)
            for nested in name.nested_references:
                found = SymbolTable(found).lookup(nested) if found is not None else None
            return found
        return self._ops.get(name if isinstance(name, str) else name.data)

    def unique_name(self, base: str) -> str:
        """`base`, or `base_0`, `base_1`, ... if it is taken."""
        name, count = base, 0
        while name in self._ops:
            name, count = f"{base}_{count}", count + 1
        return name

    def insert(self, op: Operation, *, before: Operation | None = None, after: Operation | None = None) -> str:
        """Adds `op` (at the end unless told where) under a unique name and returns it."""
        base = symbol_name(op)
        assert base is not None, f"{op.name} has no symbol name"
        name = self.unique_name(base)
        if name != base:
            set_symbol_name(op, name)
        if op.parent is None:
            block = self.root.regions[0].blocks[0]
            if before is not None or after is not None:
                point = InsertPoint.before(before) if before is not None else InsertPoint.after(after)  # pyright: ignore[reportArgumentType]
                assert point.block is not None
                if point.insert_before is None:
                    point.block.add_op(op)
                else:
                    point.block.insert_op_before(op, point.insert_before)
            else:
                block.add_op(op)
        self._ops[name] = op
        return name

    def erase(self, op: Operation) -> None:
        """Removes `op` from the table and the IR."""
        name = symbol_name(op)
        if name is not None and self._ops.get(name) is op:
            del self._ops[name]
        op.detach()
        op.erase()

    def rename(self, op: Operation, name: str) -> str:
        """Gives `op` the name (made unique) and changes every use below the table's root. Returns the name."""
        old = symbol_name(op)
        assert old is not None
        name = self.unique_name(name)
        del self._ops[old]
        self._ops[name] = op
        set_symbol_name(op, name)
        replace_symbol(self.root, old, name)
        return name

    def uses(self, name: str) -> list[Operation]:
        """The ops below the root that refer to the symbol, in order. One look-up walks the whole IR: for many, take `symbol_uses`."""
        return symbol_uses(self.root).get(name, [])


def referenced_symbols(attribute: Attribute, cache: dict[int, frozenset[str]] | None = None) -> frozenset[str]:
    """Root names of the symbols an attribute refers to, however deep."""
    if isinstance(attribute, SymbolRefAttr):
        return frozenset((attribute.root_reference.data,))
    if type(attribute) in _HOLD_NO_SYMBOLS:
        return _NONE
    if cache is not None and (known := cache.get(id(attribute))) is not None:
        return known
    if isinstance(attribute, ArrayAttr):
        parts = attribute.data
    elif isinstance(attribute, DictionaryAttr):
        parts = attribute.data.values()
    else:
        parts = attribute.parameters if isinstance(attribute, ParametrizedAttribute) else ()
    found = _NONE.union(*(referenced_symbols(part, cache) for part in parts))
    if cache is not None:
        cache[id(attribute)] = found
    return found


def symbol_references(attribute: Attribute) -> Iterator[SymbolRefAttr]:
    """The references an attribute holds, whole (`@a::@b`), however deep."""
    work = [attribute]
    while work:
        current = work.pop()
        if isinstance(current, SymbolRefAttr):
            yield current
        elif isinstance(current, ArrayAttr):
            work += reversed(current.data)
        elif isinstance(current, DictionaryAttr):
            work += reversed(tuple(current.data.values()))
        elif isinstance(current, ParametrizedAttribute) and type(current) not in _HOLD_NO_SYMBOLS:
            work += reversed(current.parameters)


_NONE: frozenset[str] = frozenset()
_HOLD_NO_SYMBOLS = frozenset(
    (IntegerAttr, FloatAttr, StringAttr, UnitAttr, IntegerType, IndexType, DenseArrayBase, DenseIntOrFPElementsAttr, AffineMapAttr)
)


def symbol_uses(root: Operation) -> dict[str, list[Operation]]:
    """For each symbol named anywhere below `root`: the ops that name it."""
    uses: dict[str, list[Operation]] = {}
    cache: dict[int, frozenset[str]] = {}
    for op in root.walk():
        names: set[str] = set()
        for attribute in (*op.properties.values(), *op.attributes.values()):
            names |= referenced_symbols(attribute, cache)
        for name in sorted(names):
            uses.setdefault(name, []).append(op)
    return uses


def replace_symbol(root: Operation, old: str, new: str) -> None:
    """Makes every reference to `@old` below `root` one to `@new`."""
    cache: dict[int, frozenset[str]] = {}
    for op in root.walk():
        for holder in (op.properties, op.attributes):
            for key, attribute in list(holder.items()):
                if old in referenced_symbols(attribute, cache):
                    holder[key] = _replaced(attribute, old, new)


def _replaced(attribute: Attribute, old: str, new: str) -> Attribute:
    match attribute:
        case SymbolRefAttr() if attribute.root_reference.data == old:
            return SymbolRefAttr(new, attribute.nested_references)
        case ArrayAttr():
            return ArrayAttr([_replaced(part, old, new) for part in attribute.data])
        case DictionaryAttr():
            return DictionaryAttr({key: _replaced(part, old, new) for key, part in attribute.data.items()})
        case ParametrizedAttribute() if not isinstance(attribute, SymbolRefAttr):
            return type(attribute).new([_replaced(part, old, new) for part in attribute.parameters])
    return attribute


def is_symbol(op: Operation) -> bool:
    """Whether the op defines a symbol of the table round it."""
    return op.has_trait(SymbolOpInterface, value_if_unregistered=False) and symbol_name(op) is not None
