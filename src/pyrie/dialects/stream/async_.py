"""Ops on bytes with value semantics: what happens to data, before it is decided when and in which memory."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, FlatSymbolRefAttrConstr, SymbolRefAttr, i32, i64
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
from xdsl.traits import MemoryAllocEffect, Pure, RecursiveMemoryEffect, SingleBlockImplicitTerminator
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import DispatchEntryPoints, ParameterReference, ShapedFunctionType, ShapedTiedResult
from pyrie.dialects.stream.assembly import (
    AWAIT,
    AWAIT_ONLY,
    ON,
    SIGNAL,
    CollectiveParam,
    DispatchOperands,
    ImplicitYieldOp,
    Resource,
    ResourceRegion,
    StreamOp,
    Timepoint,
    index,
    sized,
)
from pyrie.dialects.stream.resource import YieldOp
from pyrie.dialects.stream.types import ChannelType, CollectiveAttr, ResourceType
from pyrie.dialects.util.types import BufferType

# ---- producers ---------------------------------------------------------------------------------------------------------


@irdl_op_definition
class AsyncAllocaOp(StreamOp):
    """A fresh resource of undefined contents."""

    name = "stream.async.alloca"

    storage_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    assembly_format = ON + "attr-dict `:` type($result) `` `{` $storage_size `}`"

    traits = traits_def(MemoryAllocEffect())


@irdl_op_definition
class AsyncConstantOp(StreamOp):
    """A resource of constant contents."""

    name = "stream.async.constant"

    await_timepoint = opt_operand_def(Timepoint)
    value = prop_def()
    result_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    assembly_format = ON + AWAIT_ONLY + "`:` " + sized("result") + "`=` $value attr-dict-with-keyword"

    traits = traits_def(Pure())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("cst",)


@irdl_op_definition
class AsyncSplatOp(StreamOp):
    """A resource filled with one value of 1, 2, 4 or 8 bytes."""

    name = "stream.async.splat"

    await_timepoint = opt_operand_def(Timepoint)
    value = operand_def()
    result_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    assembly_format = ON + AWAIT_ONLY + "$value `:` type($value) `->` " + sized("result") + "attr-dict-with-keyword"

    traits = traits_def(Pure())


# ---- copies ------------------------------------------------------------------------------------------------------------


@irdl_op_definition
class AsyncCloneOp(StreamOp):
    """A copy of a resource."""

    name = "stream.async.clone"

    source = operand_def(Resource)
    source_size = operand_def(index)
    result_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    assembly_format = ON + "$source `:` " + sized("source") + "`->` " + sized("result") + "attr-dict-with-keyword"

    traits = traits_def(Pure())


@irdl_op_definition
class AsyncSliceOp(StreamOp):
    """A copy of a range of a resource, which may live otherwise."""

    name = "stream.async.slice"

    source = operand_def(Resource)
    source_size = operand_def(index)
    source_offset = operand_def(index)
    source_end = operand_def(index)
    result_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    assembly_format = (
        ON + "$source `[` $source_offset `to` $source_end `]` `:` " + sized("source") + "`->` " + sized("result") + "attr-dict-with-keyword"
    )

    traits = traits_def(Pure())


_TARGET = "custom<ShapedTiedResult>(ref($target), type($target), $target_size) attr-dict-with-keyword"


class _InPlaceOp(StreamOp):
    """Base of ops that write the range [target_offset, target_end) of `target` and return it."""

    TIED: ClassVar = ("target",)

    T: ClassVar = VarConstraint("T", Resource)
    affinity = opt_prop_def(Attribute)
    result = result_def(T)

    custom_directives = (ShapedTiedResult,)


@irdl_op_definition
class AsyncFillOp(_InPlaceOp):
    """`target` with a range filled with one value, in place."""

    name = "stream.async.fill"

    target = operand_def(_InPlaceOp.T)
    target_size = operand_def(index)
    target_offset = operand_def(index)
    target_end = operand_def(index)
    target_length = operand_def(index)
    value = operand_def()

    assembly_format = (
        ON + "$value `,` $target `[` $target_offset `to` $target_end `for` $target_length `]` `:` type($value) `->` " + _TARGET
    )

    traits = traits_def(Pure())


@irdl_op_definition
class AsyncUpdateOp(_InPlaceOp):
    """`target` with a range replaced by `update`, in place."""

    name = "stream.async.update"

    target = operand_def(_InPlaceOp.T)
    target_size = operand_def(index)
    target_offset = operand_def(index)
    target_end = operand_def(index)
    update = operand_def(Resource)
    update_size = operand_def(index)

    assembly_format = ON + "$update `,` $target `[` $target_offset `to` $target_end `]` `:` " + sized("update") + "`->` " + _TARGET

    traits = traits_def(Pure())


@irdl_op_definition
class AsyncCopyOp(_InPlaceOp):
    """`target` with a range replaced by a range of `source`, in place."""

    name = "stream.async.copy"

    target = operand_def(_InPlaceOp.T)
    target_size = operand_def(index)
    target_offset = operand_def(index)
    target_end = operand_def(index)
    source = operand_def(Resource)
    source_size = operand_def(index)
    source_offset = operand_def(index)
    source_end = operand_def(index)
    length = operand_def(index)

    assembly_format = (
        ON
        + "$source `[` $source_offset `to` $source_end `]` `,` $target `[` $target_offset `to` $target_end `]` `,` $length `:` "
        + sized("source")
        + "`->` "
        + _TARGET
    )

    traits = traits_def(Pure())


@irdl_op_definition
class AsyncCollectiveOp(_InPlaceOp):
    """Data exchanged between the participants of a channel."""

    name = "stream.async.collective"

    op = prop_def(CollectiveAttr)
    target = operand_def(_InPlaceOp.T)
    target_size = operand_def(index)
    target_offset = operand_def(index)
    target_end = operand_def(index)
    target_length = operand_def(index)
    source = operand_def(Resource)
    source_size = operand_def(index)
    source_offset = operand_def(index)
    source_end = operand_def(index)
    source_length = operand_def(index)
    element_count = operand_def(index)
    channel = operand_def(ChannelType())
    param = opt_operand_def(i32)

    custom_directives = (ShapedTiedResult, CollectiveParam)
    assembly_format = (
        "`` $op `` `[` $element_count `]` "
        + ON
        + "`channel` `(` $channel `)` custom<CollectiveParam>(ref($op), $param) `` $source"
        + " `[` $source_offset `to` $source_end `for` $source_length `]` `,`"
        + " $target `[` $target_offset `to` $target_end `for` $target_length `]` `:` "
        + sized("source")
        + "`->` "
        + _TARGET
    )


@irdl_op_definition
class AsyncBarrierOp(StreamOp):
    """The resource, which must be available with this affinity here."""

    name = "stream.async.barrier"
    TIED: ClassVar = ("source",)

    T: ClassVar = VarConstraint("T", Resource)
    source = operand_def(T)
    size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(T)

    assembly_format = ON + "$source `:` type($source) `` `{` $size `}` attr-dict-with-keyword"

    traits = traits_def(Pure())


@irdl_op_definition
class AsyncTransferOp(StreamOp):
    """The resource in another place or with another lifetime, copied if it must be."""

    name = "stream.async.transfer"

    source = operand_def(Resource)
    source_size = operand_def(index)
    result_size = operand_def(index)
    source_affinity = opt_prop_def(Attribute)
    target_affinity = opt_prop_def(Attribute)
    execution_affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    assembly_format = (
        "(`on` `(` $execution_affinity^ `)`)? $source `:` "
        + sized("source")
        + "(`from` `(` $source_affinity^ `)`)? `->` (`to` `(` $target_affinity^ `)`)? "
        + sized("result")
        + "attr-dict-with-keyword"
    )

    traits = traits_def(Pure())


@irdl_op_definition
class AsyncCastOp(StreamOp):
    """The resource under another lifetime; never a copy."""

    name = "stream.async.cast"
    TIED: ClassVar = ("source",)

    source = operand_def(Resource)
    source_size = operand_def(index)
    result_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)

    assembly_format = ON + "$source `:` " + sized("source") + "`->` " + sized("result") + "attr-dict"

    traits = traits_def(Pure())


# ---- host access -------------------------------------------------------------------------------------------------------


@irdl_op_definition
class AsyncLoadOp(StreamOp):
    """Reads a value from a staging resource on the host."""

    name = "stream.async.load"

    source = operand_def(Resource)
    source_size = operand_def(index)
    source_offset = operand_def(index)
    result = result_def()

    assembly_format = "$source `[` $source_offset `]` `:` " + sized("source") + "`->` type($result) attr-dict-with-keyword"

    traits = traits_def(Pure())


@irdl_op_definition
class AsyncStoreOp(StreamOp):
    """A staging resource with a value replaced, in place, on the host."""

    name = "stream.async.store"
    TIED: ClassVar = ("target",)

    T: ClassVar = VarConstraint("T", Resource)
    target = operand_def(T)
    target_size = operand_def(index)
    target_offset = operand_def(index)
    value = operand_def()
    result = result_def(T)

    custom_directives = (ShapedTiedResult,)
    assembly_format = "$value `,` $target `[` $target_offset `]` `:` type($value) `->` " + _TARGET

    traits = traits_def(Pure())


# ---- work --------------------------------------------------------------------------------------------------------------


class _AsyncWorkOp(StreamOp):
    """Base of dispatches and calls: resources come with the range that is touched."""

    TIED_LIST: ClassVar = "resource_operands"
    SIZES: ClassVar = (("resource_operands", "resource_operand_sizes"), ("results_", "result_sizes"))

    resource_operands = var_operand_def()
    resource_operand_sizes = var_operand_def(index)
    resource_operand_offsets = var_operand_def(index)
    resource_operand_ends = var_operand_def(index)
    resource_operand_lengths = var_operand_def(index)
    result_sizes = var_operand_def(index)
    tied_operands = opt_prop_def(ArrayAttr)
    affinity = opt_prop_def(Attribute)
    results_ = var_result_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def verify_(self) -> None:
        super().verify_()
        resources = sum(isinstance(value.type, ResourceType) for value in self.resource_operands)
        if not resources == len(self.resource_operand_offsets) == len(self.resource_operand_ends) == len(self.resource_operand_lengths):
            raise VerifyException(f"needs an offset, an end and a length for each of {resources} resources")


_WORK_TYPE = (
    " custom<DispatchOperands>($resource_operands, $resource_operand_offsets, $resource_operand_ends, $resource_operand_lengths)"
    " attr-dict `:` custom<ShapedFunctionType>(ref($resource_operands), type($resource_operands), $resource_operand_sizes,"
    " type($results_), $result_sizes, $tied_operands)"
)


@irdl_op_definition
class AsyncDispatchOp(_AsyncWorkOp):
    """Runs an executable's entry point."""

    name = "stream.async.dispatch"

    workload = var_operand_def(index)
    entry_points = prop_def(ArrayAttr[SymbolRefAttr])

    custom_directives = (DispatchEntryPoints, DispatchOperands, ShapedFunctionType)
    assembly_format = ON + "custom<DispatchEntryPoints>($entry_points) (`[` $workload^ `]`)? ``" + _WORK_TYPE

    traits = traits_def(Pure())


@irdl_op_definition
class AsyncCallOp(_AsyncWorkOp):
    """Calls an external function that takes part in the timeline."""

    name = "stream.async.call"

    callee = prop_def(FlatSymbolRefAttrConstr)

    custom_directives = (DispatchOperands, ShapedFunctionType)
    assembly_format = ON + "$callee ``" + _WORK_TYPE


class _AsyncRegionOp(ImplicitYieldOp):
    """Base of regions of async ops: captures in, yielded resources out."""

    TIED_LIST: ClassVar = "resource_operands"
    SIZES: ClassVar = (("resource_operands", "resource_operand_sizes"), ("results_", "result_sizes"))

    tied_operands = opt_prop_def(ArrayAttr)
    affinity = opt_prop_def(Attribute)
    body = region_def("single_block")

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ResourceRegion,)

    traits = traits_def(RecursiveMemoryEffect(), SingleBlockImplicitTerminator(YieldOp))

    @property
    def yielded(self) -> YieldOp:
        """The terminator of the body."""
        op = self.body.block.last_op
        assert isinstance(op, YieldOp)
        return op

    def verify_(self) -> None:
        super().verify_()
        arguments = [argument.type for argument in self.body.block.args]
        if arguments != [value.type for value in getattr(self, "resource_operands")]:  # noqa: B009
            raise VerifyException("has a region whose arguments differ from its operands")
        if [value.type for value in self.yielded.resource_operands] != [value.type for value in getattr(self, "results_")]:  # noqa: B009
            raise VerifyException("yields other types than it is declared to give")


_REGION = (
    "custom<ResourceRegion>($resource_operands, type($resource_operands), $resource_operand_sizes, type($results_), $result_sizes,"
    " $tied_operands, $body) "
)


@irdl_op_definition
class AsyncExecuteOp(_AsyncRegionOp):
    """Executes its body as one submission; results are available when the timepoint is reached."""

    name = "stream.async.execute"

    resource_operands = var_operand_def(Resource)
    resource_operand_sizes = var_operand_def(index)
    result_sizes = var_operand_def(index)
    await_timepoint = opt_operand_def(Timepoint)
    results_ = var_result_def(Resource)
    result_timepoint = result_def(Timepoint)

    assembly_format = ON + AWAIT + "`with` `` " + _REGION + SIGNAL + "attr-dict-with-keyword"


@irdl_op_definition
class AsyncConcurrentOp(_AsyncRegionOp):
    """Ops of its body do not depend on each other and may run at the same time."""

    name = "stream.async.concurrent"

    resource_operands = var_operand_def(Resource)
    resource_operand_sizes = var_operand_def(index)
    result_sizes = var_operand_def(index)
    results_ = var_result_def(Resource)

    assembly_format = ON + "`with` `` " + _REGION + "attr-dict-with-keyword"


# ---- parameters --------------------------------------------------------------------------------------------------------


@irdl_op_definition
class AsyncParameterLoadOp(StreamOp):
    """A resource read from a parameter archive."""

    name = "stream.async.parameter.load"

    await_timepoint = opt_operand_def(Timepoint)
    source_scope = opt_operand_def(BufferType())
    source_key = operand_def(BufferType())
    source_offset = operand_def(i64)
    result_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(Resource)
    result_timepoint = result_def(Timepoint)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ParameterReference,)
    assembly_format = (
        ON
        + AWAIT_ONLY
        + "custom<ParameterReference>($source_scope, $source_key) `` `[` $source_offset `]` `:` "
        + sized("result")
        + SIGNAL
        + "attr-dict-with-keyword"
    )

    traits = traits_def(Pure())


def storage_root(value: SSAValue) -> SSAValue:
    """The value that first named the storage of `value`: follows tied operands up within the same op list."""
    while isinstance(op := value.owner, StreamOp):
        tied = op.tied_operand(value.index)  # pyright: ignore[reportAttributeAccessIssue]
        if tied is None:
            break
        value = tied
    return value


OPS = [
    AsyncAllocaOp,
    AsyncBarrierOp,
    AsyncCallOp,
    AsyncCastOp,
    AsyncCloneOp,
    AsyncCollectiveOp,
    AsyncConcurrentOp,
    AsyncConstantOp,
    AsyncCopyOp,
    AsyncDispatchOp,
    AsyncExecuteOp,
    AsyncFillOp,
    AsyncLoadOp,
    AsyncParameterLoadOp,
    AsyncSliceOp,
    AsyncSplatOp,
    AsyncStoreOp,
    AsyncTransferOp,
    AsyncUpdateOp,
]
