"""From tensors to tiles: the engine that every strategy drives.

`scopes` builds kernel ops, each at the outermost place where its operands exist; `indices` are positions in tensors, one or a vector of
them; `elements` says what a tile of any tensor's elements is; `nests` loops over the tiles of what a dispatch stores.
"""
