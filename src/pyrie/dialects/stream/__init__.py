"""The `stream` dialect: from tensors to memory and time.

`stream.tensor.*` still know shapes, `stream.async.*` are bytes with value semantics, `stream.cmd.*` are commands on allocated memory;
`stream.timepoint.*` say when they are done, `stream.resource.*` where the bytes are.
"""

from xdsl.ir import Dialect

from pyrie.dialects.stream import async_, calls, cmd, resource, tensor, timepoint
from pyrie.dialects.stream.assembly import StreamOp as StreamOp
from pyrie.dialects.stream.async_ import *  # noqa: F403
from pyrie.dialects.stream.calls import *  # noqa: F403
from pyrie.dialects.stream.cmd import *  # noqa: F403
from pyrie.dialects.stream.resource import *  # noqa: F403
from pyrie.dialects.stream.tensor import *  # noqa: F403
from pyrie.dialects.stream.timepoint import *  # noqa: F403
from pyrie.dialects.stream.types import *  # noqa: F403
from pyrie.dialects.stream.types import ATTRIBUTES

DIALECT = Dialect("stream", [*resource.OPS, *tensor.OPS, *async_.OPS, *cmd.OPS, *calls.OPS, *timepoint.OPS], ATTRIBUTES)
