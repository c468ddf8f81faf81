"""Resources, files, constants, executables and what an executable sees of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    ArrayAttr,
    FlatSymbolRefAttrConstr,
    IntegerAttr,
    StringAttr,
    SymbolNameConstraint,
    UnitAttr,
    i1,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import (
    HasParent,
    IsolatedFromAbove,
    IsTerminator,
    MemoryAllocEffect,
    MemoryFreeEffect,
    MemoryReadEffect,
    MemoryWriteEffect,
    Pure,
    ReturnLike,
    SingleBlockImplicitTerminator,
    SymbolOpInterface,
    SymbolTable,
)
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import ImplicitTerminatorRegion, ShapedTypeList, SymbolAlias, SymbolVisibility, WorkgroupCountRegion
from pyrie.dialects.stream.assembly import (
    AWAIT,
    AWAIT_OR_COLON,
    ON,
    SIGNAL,
    ConstantValueList,
    ImplicitYieldOp,
    PackSliceRanges,
    Resource,
    StreamOp,
    Timepoint,
    index,
    sized,
)
from pyrie.dialects.stream.types import BindingType, FileType
from pyrie.dialects.util.types import BufferType

# ---- context and allocation --------------------------------------------------------------------------------------------


@irdl_op_definition
class ContextResolveOp(StreamOp):
    """The device and queue affinity (or other objects, by type) that an affinity stands for."""

    name = "stream.context.resolve"

    affinity = opt_prop_def(Attribute)
    results_ = var_result_def()

    assembly_format = ON + "attr-dict `:` type($results_)"

    traits = traits_def(Pure())


@irdl_op_definition
class ResourceAllocOp(StreamOp):
    """Allocates a resource that lives until its last reference goes."""

    name = "stream.resource.alloc"

    storage_size = operand_def(index)
    uninitialized = opt_prop_def(UnitAttr)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    assembly_format = "(`uninitialized` $uninitialized^)? " + ON + "attr-dict `:` type($result) `` `{` $storage_size `}`"

    traits = traits_def(MemoryAllocEffect())


@irdl_op_definition
class ResourceAllocaOp(StreamOp):
    """Allocates a resource in the order of the timeline; it may be used once the result timepoint is reached."""

    name = "stream.resource.alloca"

    storage_size = operand_def(index)
    indeterminate_lifetime = opt_prop_def(UnitAttr)
    await_timepoint = opt_operand_def(Timepoint)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)
    result_timepoint = result_def(Timepoint)

    assembly_format = (
        "`uninitialized` (`indeterminate` $indeterminate_lifetime^)? "
        + ON
        + AWAIT_OR_COLON
        + "attr-dict type($result) `` `{` $storage_size `}` "
        + SIGNAL
    )

    traits = traits_def(MemoryAllocEffect())


@irdl_op_definition
class ResourceDeallocaOp(StreamOp):
    """Frees a resource in the order of the timeline."""

    name = "stream.resource.dealloca"

    operand = operand_def(Resource)
    operand_size = operand_def(index)
    prefer_origin = opt_prop_def(UnitAttr)
    await_timepoint = opt_operand_def(Timepoint)
    affinity = opt_prop_def(Attribute)
    result_timepoint = result_def(Timepoint)

    assembly_format = (
        "(`origin` $prefer_origin^)? " + ON + AWAIT + "$operand `:` type($operand) `` `{` $operand_size `}` " + SIGNAL + "attr-dict"
    )

    traits = traits_def(MemoryFreeEffect())


class _ReferenceOp(StreamOp):
    operand = operand_def(Resource)
    operand_size = operand_def(index)

    assembly_format = "$operand attr-dict `:` type($operand) `` `{` $operand_size `}`"


@irdl_op_definition
class ResourceRetainOp(_ReferenceOp):
    """Claims shared ownership of a resource."""

    name = "stream.resource.retain"


class _TerminalOp(_ReferenceOp):
    result = result_def(i1)

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("is_terminal",)


@irdl_op_definition
class ResourceReleaseOp(_TerminalOp):
    """Gives up a claim of ownership; true when it was the last."""

    name = "stream.resource.release"


@irdl_op_definition
class ResourceIsTerminalOp(_TerminalOp):
    """Whether nobody else owns the resource."""

    name = "stream.resource.is_terminal"


@irdl_op_definition
class ResourceSizeOp(StreamOp):
    """Size of a resource in bytes."""

    name = "stream.resource.size"

    operand = operand_def(Resource)
    affinity = opt_prop_def(Attribute)
    result = result_def(index)

    assembly_format = ON + "$operand attr-dict `:` type($operand)"

    traits = traits_def(Pure())


# ---- host access -------------------------------------------------------------------------------------------------------


@irdl_op_definition
class ResourceTryMapOp(StreamOp):
    """Makes host memory a resource without copying, if the device can; else the result is null and `did_map` false."""

    name = "stream.resource.try_map"

    source = operand_def(BufferType())
    source_offset = operand_def(index)
    result_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    did_map = result_def(i1)
    result = result_def(Resource)

    assembly_format = (
        ON + "$source `[` $source_offset `]` `:` type($source) `->` type($did_map) `,` " + sized("result") + "attr-dict-with-keyword"
    )

    traits = traits_def(MemoryAllocEffect())


@irdl_op_definition
class ResourceLoadOp(StreamOp):
    """Reads a value from a staging resource."""

    name = "stream.resource.load"

    source = operand_def(Resource)
    source_size = operand_def(index)
    source_offset = operand_def(index)
    result = result_def()

    assembly_format = "$source `[` $source_offset `]` `:` " + sized("source") + "`->` type($result) attr-dict-with-keyword"

    traits = traits_def(MemoryReadEffect())


@irdl_op_definition
class ResourceStoreOp(StreamOp):
    """Writes a value into a staging resource."""

    name = "stream.resource.store"

    target = operand_def(Resource)
    target_size = operand_def(index)
    target_offset = operand_def(index)
    value = operand_def()

    assembly_format = "$value `,` $target `[` $target_offset `]` `:` type($value) `->` " + sized("target") + "attr-dict-with-keyword"

    traits = traits_def(MemoryWriteEffect())


# ---- packing -----------------------------------------------------------------------------------------------------------


@irdl_op_definition
class ResourcePackOp(StreamOp):
    """Lays slices out in one slab so that those alive at the same time do not overlap.

    Slice i lives in the closed interval `lifetime_intervals[2i:2i+2]` and needs `dynamic_slice_sizes[i]` bytes. Results are the slab's
    size and each slice's offset.
    """

    name = "stream.resource.pack"

    offset = opt_operand_def(index)
    lifetime_intervals = prop_def(ArrayAttr[IntegerAttr])
    dynamic_slice_sizes = var_operand_def(index)
    affinity = opt_prop_def(Attribute)
    total_length = result_def(index)
    packed_offsets = var_result_def(index)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (PackSliceRanges,)
    assembly_format = (
        ON + "(`offset` `(` $offset^ `)`)? `slices` `(` `{` custom<PackSliceRanges>($lifetime_intervals, $dynamic_slice_sizes,"
        " type($packed_offsets)) `}` `)` `:` type($total_length) attr-dict-with-keyword"
    )

    traits = traits_def(Pure())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return (None,) * len(self.results)

    def verify_(self) -> None:
        if not len(self.packed_offsets) == len(self.dynamic_slice_sizes) == len(self.lifetime_intervals) / 2:
            raise VerifyException("needs one interval and one size for each slice")


@irdl_op_definition
class ResourceConstantsOp(StreamOp):
    """Constant resources; when the timepoint is reached their values are there."""

    name = "stream.resource.constants"

    values = prop_def(ArrayAttr)
    result_sizes = var_operand_def(index)
    affinity = opt_prop_def(Attribute)
    results_ = var_result_def(Resource)
    result_timepoint = result_def(Timepoint)

    custom_directives = (ConstantValueList,)
    assembly_format = (
        ON + "attr-dict `:` custom<ConstantValueList>(type($results_), $result_sizes, $values) `\\n` ` ` ` ` `=` `` `>`"
        " type($result_timepoint)"
    )

    traits = traits_def(Pure())

    def verify_(self) -> None:
        if not len(self.results_) == len(self.result_sizes) == len(self.values):
            raise VerifyException("needs one size and one value for each result")


@irdl_op_definition
class ResourceSubviewOp(StreamOp):
    """An alias of a range of a resource."""

    name = "stream.resource.subview"
    TIED: ClassVar = ("source",)

    T: ClassVar = VarConstraint("T", Resource)
    source = operand_def(T)
    source_size = operand_def(index)
    source_offset = operand_def(index)
    result_size = operand_def(index)
    result = result_def(T)

    assembly_format = "$source `[` $source_offset `]` `:` " + sized("source") + "`->` " + sized("result") + "attr-dict-with-keyword"

    traits = traits_def(Pure())


# ---- files -------------------------------------------------------------------------------------------------------------


@irdl_op_definition
class FileConstantOp(StreamOp):
    """Host memory as a file."""

    name = "stream.file.constant"

    source = operand_def(BufferType())
    source_size = operand_def(index)
    source_offset = operand_def(index)
    source_length = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(FileType())

    assembly_format = (
        ON + "$source `[` $source_offset `for` $source_length `]` `:` " + sized("source") + "`->` type($result) attr-dict-with-keyword"
    )

    traits = traits_def(MemoryAllocEffect())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("file",)


@irdl_op_definition
class FileReadOp(StreamOp):
    """Reads a range of a file into a resource."""

    name = "stream.file.read"

    source = operand_def(FileType())
    source_offset = operand_def(i64)
    target = operand_def(Resource)
    target_size = operand_def(index)
    target_offset = operand_def(index)
    length = operand_def(index)
    await_timepoint = opt_operand_def(Timepoint)
    affinity = opt_prop_def(Attribute)
    result_timepoint = result_def(Timepoint)

    assembly_format = (
        ON
        + AWAIT_OR_COLON
        + "$source `[` $source_offset `]` `,` $target `[` $target_offset `]` `,` $length `:` type($source) `->` "
        + sized("target")
        + SIGNAL
        + "attr-dict-with-keyword"
    )


@irdl_op_definition
class FileWriteOp(StreamOp):
    """Writes a range of a resource to a file."""

    name = "stream.file.write"

    source = operand_def(Resource)
    source_size = operand_def(index)
    source_offset = operand_def(index)
    target = operand_def(FileType())
    target_offset = operand_def(i64)
    length = operand_def(index)
    await_timepoint = opt_operand_def(Timepoint)
    affinity = opt_prop_def(Attribute)
    result_timepoint = result_def(Timepoint)

    assembly_format = (
        ON
        + AWAIT_OR_COLON
        + "$source `[` $source_offset `]` `,` $target `[` $target_offset `]` `,` $length `:` "
        + sized("source")
        + "`->` type($target) "
        + SIGNAL
        + "attr-dict-with-keyword"
    )


# ---- executables -------------------------------------------------------------------------------------------------------


@irdl_op_definition
class ExecutableEndOp(StreamOp):
    """Ends the body of an executable."""

    name = "stream.executable.end"

    assembly_format = "attr-dict"

    traits = traits_def(IsTerminator())


@irdl_op_definition
class ExecutableOp(ImplicitYieldOp):
    """A module of device code and the entry points it exports."""

    name = "stream.executable"

    sym_visibility = opt_prop_def(StringAttr)
    sym_name = prop_def(SymbolNameConstraint())
    body = region_def("single_block")

    custom_directives = (SymbolVisibility, ImplicitTerminatorRegion)
    assembly_format = "custom<SymbolVisibility>($sym_visibility) $sym_name attr-dict-with-keyword custom<ImplicitTerminatorRegion>($body)"

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface(), SymbolTable(), SingleBlockImplicitTerminator(ExecutableEndOp))


@irdl_op_definition
class ExecutableExportOp(StreamOp):
    """An entry point of an executable; the region computes the workgroup count from the workload."""

    name = "stream.executable.export"

    sym_visibility = opt_prop_def(StringAttr)
    sym_name = prop_def(SymbolNameConstraint())
    function_ref = prop_def(FlatSymbolRefAttrConstr)
    workgroup_count = region_def()

    custom_directives = (SymbolVisibility, SymbolAlias, WorkgroupCountRegion)
    assembly_format = (
        "custom<SymbolVisibility>($sym_visibility) custom<SymbolAlias>($sym_name, $function_ref)"
        " custom<WorkgroupCountRegion>($workgroup_count) attr-dict-with-keyword"
    )

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface(), HasParent(ExecutableOp))

    def verify_(self) -> None:
        if self.workgroup_count.blocks and not isinstance(self.workgroup_count.block.last_op, ReturnOp):
            raise VerifyException("needs a workgroup count region that ends in stream.return")


@irdl_op_definition
class ReturnOp(StreamOp):
    """Returns the workgroup count."""

    name = "stream.return"

    arguments = var_operand_def()

    assembly_format = "attr-dict $arguments `:` type($arguments)"

    traits = traits_def(Pure(), IsTerminator(), ReturnLike())


@irdl_op_definition
class YieldOp(StreamOp):
    """Yields resources from a region of execution."""

    name = "stream.yield"
    SIZES: ClassVar = (("resource_operands", "resource_operand_sizes"),)

    resource_operands = var_operand_def(Resource)
    resource_operand_sizes = var_operand_def(index)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ShapedTypeList,)
    assembly_format = "attr-dict ($resource_operands^ `:` custom<ShapedTypeList>(type($resource_operands), $resource_operand_sizes))?"

    traits = traits_def(Pure(), IsTerminator())

    def __init__(self, resources: Sequence[SSAValue] = (), sizes: Sequence[SSAValue] = ()):
        super().__init__(operands=[resources, sizes])


@irdl_op_definition
class BindingSubspanOp(StreamOp):
    """A binding from `byte_offset` on, seen as a tensor."""

    name = "stream.binding.subspan"

    binding = operand_def(BindingType())
    byte_offset = operand_def(index)
    dynamic_dims = var_operand_def(index)
    result = result_def()

    assembly_format = "$binding `` `[` $byte_offset `]` attr-dict `:` type($binding) `->` type($result) (`{` $dynamic_dims^ `}`)?"

    traits = traits_def(Pure())


class _WorkgroupInfoOp(StreamOp):
    dimension = prop_def(IntegerAttr.constr(index))
    result = result_def(index)

    assembly_format = "`[` $dimension `]` attr-dict `:` type($result)"

    traits = traits_def(Pure())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return (f"{self.name.removeprefix('stream.dispatch.').replace('.', '_')}_{self.dimension.value.data}",)

    def verify_(self) -> None:
        if not 0 <= self.dimension.value.data <= 2:
            raise VerifyException(f"asks for dimension {self.dimension.value.data} of a grid of three")


@irdl_op_definition
class DispatchWorkgroupIDOp(_WorkgroupInfoOp):
    """Index of the current workgroup along one dimension of the grid."""

    name = "stream.dispatch.workgroup.id"


@irdl_op_definition
class DispatchWorkgroupCountOp(_WorkgroupInfoOp):
    """Number of workgroups along one dimension of the grid."""

    name = "stream.dispatch.workgroup.count"


@irdl_op_definition
class DispatchWorkgroupSizeOp(_WorkgroupInfoOp):
    """Number of invocations of a workgroup along one dimension."""

    name = "stream.dispatch.workgroup.size"


OPS = [
    BindingSubspanOp,
    ContextResolveOp,
    DispatchWorkgroupCountOp,
    DispatchWorkgroupIDOp,
    DispatchWorkgroupSizeOp,
    ExecutableEndOp,
    ExecutableExportOp,
    ExecutableOp,
    FileConstantOp,
    FileReadOp,
    FileWriteOp,
    ResourceAllocOp,
    ResourceAllocaOp,
    ResourceConstantsOp,
    ResourceDeallocaOp,
    ResourceIsTerminalOp,
    ResourceLoadOp,
    ResourcePackOp,
    ResourceReleaseOp,
    ResourceRetainOp,
    ResourceSizeOp,
    ResourceStoreOp,
    ResourceSubviewOp,
    ResourceTryMapOp,
    ReturnOp,
    YieldOp,
]
