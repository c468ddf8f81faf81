"""Target backends that are described here and generated elsewhere: the real compiler finishes what names them.

`pyrie compile --iree-hal-target-backends=vmvx --compile-to=executable-sources` makes text that `iree-compile` goes on from.
"""

from __future__ import annotations

from typing import ClassVar, NoReturn

from xdsl.dialects.builtin import DictionaryAttr, StringAttr
from xdsl.ir import Attribute, Operation

from pyrie.codegen.target import Binary, TargetOptions
from pyrie.dialects import hal
from pyrie.dialects.iree_cpu import VMVXEncodingResolverAttr
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at


class ForeignBackend:
    """A backend of the real compiler. See `pyrie.codegen.target.TargetBackend`."""

    name: ClassVar[str]
    format: ClassVar[str]

    def executable_targets(self, options: TargetOptions) -> tuple[Attribute, ...]:
        """The one target of the backend, as the real compiler spells it; it does not depend on the machine."""
        configuration = {"iree.encoding.resolver": VMVXEncodingResolverAttr(DictionaryAttr({})), "ukernels": StringAttr("none")}
        return (hal.ExecutableTargetAttr(StringAttr(self.name), StringAttr(self.format), DictionaryAttr(configuration)),)

    def configure(self, context: Context, variant: Operation) -> None:
        self._refuse(variant)

    def translate(self, context: Context, variant: Operation) -> None:
        self._refuse(variant)

    def serialize(self, context: Context, variant: Operation) -> Binary:
        self._refuse(variant)

    def _refuse(self, variant: Operation) -> NoReturn:
        raise unsupported_at(
            variant,
            f"is for the backend '{self.name}', whose code only iree-compile generates",
            hint="stop at --compile-to=executable-sources and let iree-compile --compile-from=executable-sources go on, or use llvm-cpu",
        )


class VMVXBackend(ForeignBackend):
    """Portable kernels in the VM's own bytecode."""

    name = "vmvx"
    format = "vmvx-bytecode-fb"


class VMVXInlineBackend(ForeignBackend):
    """Portable kernels that are spliced into the host program."""

    name = "vmvx-inline"
    format = "vmvx-ir"
