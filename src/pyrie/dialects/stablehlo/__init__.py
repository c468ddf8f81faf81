"""The StableHLO dialect: the hub that every front end arrives in. Text and meaning are those of the StableHLO specification."""

from xdsl.ir import Dialect

from pyrie.dialects.stablehlo import attributes, calls, contraction, elementwise, movement, regions
from pyrie.dialects.stablehlo.attributes import *  # noqa: F403
from pyrie.dialects.stablehlo.calls import *  # noqa: F403
from pyrie.dialects.stablehlo.contraction import *  # noqa: F403
from pyrie.dialects.stablehlo.elementwise import *  # noqa: F403
from pyrie.dialects.stablehlo.movement import *  # noqa: F403
from pyrie.dialects.stablehlo.regions import *  # noqa: F403

DIALECT = Dialect(
    "stablehlo",
    [*elementwise.OPS, *movement.OPS, *contraction.OPS, *regions.OPS, *calls.OPS],
    attributes.ATTRIBUTES,
)
