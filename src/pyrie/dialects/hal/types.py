"""The types of the hal dialect: handles of objects that the runtime owns."""

from __future__ import annotations

from xdsl.ir import ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition


@irdl_attr_definition
class AllocatorType(ParametrizedAttribute, TypeAttribute):
    """Allocates buffers of one device."""

    name = "hal.allocator"


@irdl_attr_definition
class BufferType(ParametrizedAttribute, TypeAttribute):
    """A range of device memory."""

    name = "hal.buffer"


@irdl_attr_definition
class BufferViewType(ParametrizedAttribute, TypeAttribute):
    """A buffer with a shape, an element type and an encoding."""

    name = "hal.buffer_view"


@irdl_attr_definition
class ChannelType(ParametrizedAttribute, TypeAttribute):
    """A group of devices that take part in collectives."""

    name = "hal.channel"


@irdl_attr_definition
class CommandBufferType(ParametrizedAttribute, TypeAttribute):
    """A recording of device work."""

    name = "hal.command_buffer"


@irdl_attr_definition
class DeviceType(ParametrizedAttribute, TypeAttribute):
    """A logical device."""

    name = "hal.device"


@irdl_attr_definition
class EventType(ParametrizedAttribute, TypeAttribute):
    """Orders commands inside one recording."""

    name = "hal.event"


@irdl_attr_definition
class ExecutableType(ParametrizedAttribute, TypeAttribute):
    """Loaded device code."""

    name = "hal.executable"


@irdl_attr_definition
class FenceType(ParametrizedAttribute, TypeAttribute):
    """A set of timepoints on semaphores: wait for all, or signal all."""

    name = "hal.fence"


@irdl_attr_definition
class FileType(ParametrizedAttribute, TypeAttribute):
    """A file or memory that queues read from and write to."""

    name = "hal.file"
