"""hal: the hardware abstraction layer; devices, buffers, executables, recordings and the fences between them."""

from __future__ import annotations

from xdsl.ir import Dialect

from pyrie.dialects.hal.attributes import (
    ABIConventionAttr,
    CollectiveAttr,
    DeviceAffinityAttr,
    DeviceAliasAttr,
    DeviceFallbackAttr,
    DeviceOptimalAttr,
    DeviceOrdinalAttr,
    DevicePromiseAttr,
    DeviceSelectAttr,
    DeviceTargetAttr,
    ExecutableObjectAttr,
    ExecutableObjectsAttr,
    ExecutableTargetAttr,
    PipelineBindingAttr,
    PipelineLayoutAttr,
)
from pyrie.dialects.hal.attributes import DeviceAttr as DeviceAttr
from pyrie.dialects.hal.buffers import (
    AllocatorAllocateOp,
    AllocatorImportOp,
    AllocatorResolveMemoryPropertiesOp,
    AllocatorSelectOp,
    BufferAllocationDiscardOp,
    BufferAllocationIsTerminalOp,
    BufferAllocationPreserveOp,
    BufferAssertOp,
    BufferLengthOp,
    BufferLoadOp,
    BufferStoreOp,
    BufferSubspanOp,
    BufferUsageOp,
    BufferViewAssertOp,
    BufferViewBufferOp,
    BufferViewCreateOp,
    BufferViewDimOp,
    BufferViewElementTypeOp,
    BufferViewEncodingTypeOp,
    BufferViewRankOp,
    BufferViewTraceOp,
    ElementTypeOp,
    EncodingTypeOp,
    MemoryTypeOp,
)
from pyrie.dialects.hal.commands import (
    ChannelCreateOp,
    ChannelRankAndCountOp,
    ChannelSplitOp,
    CommandBufferBeginDebugGroupOp,
    CommandBufferCollectiveOp,
    CommandBufferCopyBufferOp,
    CommandBufferCreateOp,
    CommandBufferDeviceOp,
    CommandBufferDispatchIndirectOp,
    CommandBufferDispatchOp,
    CommandBufferEndDebugGroupOp,
    CommandBufferExecutionBarrierOp,
    CommandBufferFillBufferOp,
    CommandBufferFinalizeOp,
    CommandBufferUpdateBufferOp,
)
from pyrie.dialects.hal.devices import (
    DeviceAllocatorOp,
    DeviceMemoizeOp,
    DeviceQueryOp,
    DeviceQueueAllocaOp,
    DeviceQueueBarrierOp,
    DeviceQueueCopyOp,
    DeviceQueueDeallocaOp,
    DeviceQueueExecuteIndirectOp,
    DeviceQueueExecuteOp,
    DeviceQueueFillOp,
    DeviceQueueFlushOp,
    DeviceQueueReadOp,
    DeviceQueueUpdateOp,
    DeviceQueueWriteOp,
    DeviceResolveOp,
    DevicesCountOp,
    DevicesGetOp,
    ReturnOp,
)
from pyrie.dialects.hal.enums import (
    BIT_SETS_AND_ENUMS,
)
from pyrie.dialects.hal.enums import AllocaFlagsAttr as AllocaFlagsAttr
from pyrie.dialects.hal.enums import BufferUsageAttr as BufferUsageAttr
from pyrie.dialects.hal.enums import ChannelFlagsAttr as ChannelFlagsAttr
from pyrie.dialects.hal.enums import CollectiveElementTypeAttr as CollectiveElementTypeAttr
from pyrie.dialects.hal.enums import CollectiveKindAttr as CollectiveKindAttr
from pyrie.dialects.hal.enums import CollectiveReductionAttr as CollectiveReductionAttr
from pyrie.dialects.hal.enums import CommandBufferModeAttr as CommandBufferModeAttr
from pyrie.dialects.hal.enums import CommandCategoryAttr as CommandCategoryAttr
from pyrie.dialects.hal.enums import CopyFlagsAttr as CopyFlagsAttr
from pyrie.dialects.hal.enums import DeallocaFlagsAttr as DeallocaFlagsAttr
from pyrie.dialects.hal.enums import DescriptorFlagsAttr as DescriptorFlagsAttr
from pyrie.dialects.hal.enums import DescriptorTypeAttr as DescriptorTypeAttr
from pyrie.dialects.hal.enums import DispatchFlagsAttr as DispatchFlagsAttr
from pyrie.dialects.hal.enums import ExecuteFlagsAttr as ExecuteFlagsAttr
from pyrie.dialects.hal.enums import ExecutionBarrierFlagsAttr as ExecutionBarrierFlagsAttr
from pyrie.dialects.hal.enums import ExecutionModelAttr as ExecutionModelAttr
from pyrie.dialects.hal.enums import ExecutionStageAttr as ExecutionStageAttr
from pyrie.dialects.hal.enums import FenceFlagsAttr as FenceFlagsAttr
from pyrie.dialects.hal.enums import FillFlagsAttr as FillFlagsAttr
from pyrie.dialects.hal.enums import LifetimeAttr as LifetimeAttr
from pyrie.dialects.hal.enums import MemoryAccessAttr as MemoryAccessAttr
from pyrie.dialects.hal.enums import MemoryTypeAttr as MemoryTypeAttr
from pyrie.dialects.hal.enums import PipelineLayoutFlagsAttr as PipelineLayoutFlagsAttr
from pyrie.dialects.hal.enums import ReadFlagsAttr as ReadFlagsAttr
from pyrie.dialects.hal.enums import UpdateFlagsAttr as UpdateFlagsAttr
from pyrie.dialects.hal.enums import WaitFlagsAttr as WaitFlagsAttr
from pyrie.dialects.hal.enums import WriteFlagsAttr as WriteFlagsAttr
from pyrie.dialects.hal.executables import (
    ExecutableBinaryOp,
    ExecutableCalculateWorkgroupsOp,
    ExecutableConditionOp,
    ExecutableConstantBlockOp,
    ExecutableConstantLoadOp,
    ExecutableCreateOp,
    ExecutableExportOp,
    ExecutableExportOrdinalOp,
    ExecutableLookupFunctionOp,
    ExecutableLookupOp,
    ExecutableOp,
    ExecutableSourceOp,
    ExecutableVariantOp,
)
from pyrie.dialects.hal.extern import DispatchExternOp
from pyrie.dialects.hal.fences import (
    ExFileFromMemoryOp,
    FenceAwaitOp,
    FenceCreateOp,
    FenceFailOp,
    FenceJoinOp,
    FenceQueryOp,
    FenceSignalOp,
)
from pyrie.dialects.hal.instruments import (
    InstrumentMemoryLoadOp,
    InstrumentMemoryStoreOp,
    InstrumentPrintOp,
    InstrumentValueOp,
    InstrumentWorkgroupOp,
)
from pyrie.dialects.hal.interface import (
    InterfaceBindingSubspanOp,
    InterfaceConstantLoadOp,
    InterfaceWorkgroupCountOp,
    InterfaceWorkgroupIDOp,
    InterfaceWorkgroupSizeOp,
)
from pyrie.dialects.hal.tensors import (
    TensorAliasOp,
    TensorBarrierOp,
    TensorExportOp,
    TensorImportOp,
    TensorTransientsOp,
)
from pyrie.dialects.hal.topology import DeviceLinkAttr, DeviceTopologyAttr
from pyrie.dialects.hal.types import (
    AllocatorType,
    BufferType,
    BufferViewType,
    ChannelType,
    CommandBufferType,
    DeviceType,
    EventType,
    ExecutableType,
    FenceType,
    FileType,
)

OPERATIONS = [
    AllocatorAllocateOp, AllocatorImportOp, AllocatorResolveMemoryPropertiesOp, AllocatorSelectOp, BufferAllocationDiscardOp,
    BufferAllocationIsTerminalOp, BufferAllocationPreserveOp, BufferAssertOp, BufferLengthOp, BufferLoadOp, BufferStoreOp,
    BufferSubspanOp, BufferUsageOp, BufferViewAssertOp, BufferViewBufferOp, BufferViewCreateOp, BufferViewDimOp,
    BufferViewElementTypeOp, BufferViewEncodingTypeOp, BufferViewRankOp, BufferViewTraceOp, ChannelCreateOp, ChannelRankAndCountOp,
    ChannelSplitOp, CommandBufferBeginDebugGroupOp, CommandBufferCollectiveOp, CommandBufferCopyBufferOp, CommandBufferCreateOp,
    CommandBufferDeviceOp, CommandBufferDispatchIndirectOp, CommandBufferDispatchOp, CommandBufferEndDebugGroupOp,
    CommandBufferExecutionBarrierOp, CommandBufferFillBufferOp, CommandBufferFinalizeOp, CommandBufferUpdateBufferOp, DeviceAllocatorOp,
    DeviceMemoizeOp, DeviceQueryOp, DeviceQueueAllocaOp, DeviceQueueBarrierOp, DeviceQueueCopyOp, DeviceQueueDeallocaOp,
    DeviceQueueExecuteIndirectOp, DeviceQueueExecuteOp, DeviceQueueFillOp, DeviceQueueFlushOp, DeviceQueueReadOp, DeviceQueueUpdateOp,
    DeviceQueueWriteOp, DeviceResolveOp, DevicesCountOp, DevicesGetOp, DispatchExternOp, ElementTypeOp, EncodingTypeOp, ExFileFromMemoryOp,
    ExecutableBinaryOp, ExecutableCalculateWorkgroupsOp, ExecutableConditionOp, ExecutableConstantBlockOp, ExecutableConstantLoadOp,
    ExecutableCreateOp, ExecutableExportOp, ExecutableExportOrdinalOp, ExecutableLookupFunctionOp, ExecutableLookupOp, ExecutableOp,
    ExecutableSourceOp, ExecutableVariantOp, FenceAwaitOp, FenceCreateOp, FenceFailOp, FenceJoinOp, FenceQueryOp, FenceSignalOp,
    InstrumentMemoryLoadOp, InstrumentMemoryStoreOp, InstrumentPrintOp, InstrumentValueOp, InstrumentWorkgroupOp,
    InterfaceBindingSubspanOp, InterfaceConstantLoadOp, InterfaceWorkgroupCountOp, InterfaceWorkgroupIDOp, InterfaceWorkgroupSizeOp,
    MemoryTypeOp, ReturnOp, TensorAliasOp, TensorBarrierOp, TensorExportOp, TensorImportOp, TensorTransientsOp,
]  # fmt: skip
ATTRIBUTES = [
    ABIConventionAttr, AllocatorType, BufferType, BufferViewType, ChannelType, CollectiveAttr, CommandBufferType, DeviceAffinityAttr,
    DeviceAliasAttr, DeviceFallbackAttr, DeviceLinkAttr, DeviceOptimalAttr, DeviceOrdinalAttr, DevicePromiseAttr, DeviceSelectAttr,
    DeviceTargetAttr, DeviceTopologyAttr, DeviceType, EventType, ExecutableObjectAttr, ExecutableObjectsAttr, ExecutableTargetAttr,
    ExecutableType, FenceType, FileType, PipelineBindingAttr, PipelineLayoutAttr,
]  # fmt: skip

INSTRUMENTS = (InstrumentMemoryLoadOp, InstrumentMemoryStoreOp, InstrumentPrintOp, InstrumentValueOp, InstrumentWorkgroupOp)
DIALECT = Dialect("hal", OPERATIONS, [*ATTRIBUTES, *BIT_SETS_AND_ENUMS])
