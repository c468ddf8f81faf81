"""The `check` module: expectations of test programs. Failures are collected and reported when the call returns."""

from __future__ import annotations

import numpy as np

from pyrie.runtime import status
from pyrie.runtime.hal.buffer import BufferView
from pyrie.runtime.hal.device import Device
from pyrie.runtime.modules.registry import Host, NativeModule, export


class CheckModule(NativeModule):
    """A failed expectation does not end the program, so that one run reports them all."""

    name = "check"

    def __init__(self, host: Host):
        super().__init__(host)
        self.failures: list[str] = []

    def after_call(self) -> None:
        """Raises DeviceError FAILED_PRECONDITION with every failure of the call."""
        if self.failures:
            failures, self.failures = self.failures, []
            raise status.error(status.FAILED_PRECONDITION, "\n".join(failures))

    @export("expect_true", "i_v")
    def expect_true(self, value: int) -> None:
        if not value:
            self.failures.append(f"Expected {value} to be nonzero.")

    @export("expect_false", "i_v")
    def expect_false(self, value: int) -> None:
        if value:
            self.failures.append(f"Expected {value} to be zero.")

    @export("expect_all_true", "rr_v")
    def expect_all_true(self, device: Device, view: BufferView) -> None:
        values = view.numpy()
        if not np.all(values):
            self.failures.append(f"Expected all elements to be nonzero.\n  actual:\n    {show(values)}")

    @export("expect_eq", "rrr_v")
    def expect_eq(self, device: Device, lhs: BufferView, rhs: BufferView) -> None:
        problems = mismatches(lhs, rhs)
        if not problems and lhs.numpy().tobytes() != rhs.numpy().tobytes():
            problems = ["Contents does not match."]
        self._report("Expected equality of these values.", problems, lhs, rhs)

    @export("expect_almost_eq", "rrrff_v")
    def expect_almost_eq(self, device: Device, lhs: BufferView, rhs: BufferView, atol: float, rtol: float) -> None:
        problems = mismatches(lhs, rhs)
        if not problems:
            actual, expected = (view.numpy().astype(np.float64).ravel() for view in (lhs, rhs))
            wrong = np.flatnonzero(~almost_equal(actual, expected, atol, rtol))
            if wrong.size:
                i = wrong[0]
                problems = [
                    f"Contents does not match to tolerance parameters atol={atol:g}, rtol={rtol:g}. The first failure occurs at index {i} "
                    f"as the lhs value {actual[i]:g} differs from the rhs value {expected[i]:g} by {expected[i] - actual[i]:.3e}."
                ]
        self._report("Expected near equality of these values.", problems, lhs, rhs)

    def _report(self, what: str, problems: list[str], lhs: BufferView, rhs: BufferView) -> None:
        if problems:
            self.failures.append(f"{what} {' '.join(problems)}\n  lhs:\n    {show(lhs.numpy())}\n  rhs:\n    {show(rhs.numpy())}")


def mismatches(lhs: BufferView, rhs: BufferView) -> list[str]:
    problems = []
    if lhs.element_type != rhs.element_type:
        problems.append("Element types do not match.")
    if lhs.shape != rhs.shape:
        problems.append("Shapes do not match.")
    return problems


def almost_equal(actual: np.ndarray, expected: np.ndarray, atol: float, rtol: float) -> np.ndarray:
    """Elementwise: equal, both NaN, or a finite expectation met within atol + rtol * |expected|."""
    with np.errstate(invalid="ignore"):
        near = np.isfinite(expected) & (np.abs(actual - expected) <= atol + rtol * np.abs(expected))
    return (actual == expected) | (np.isnan(actual) & np.isnan(expected)) | near


def show(values: np.ndarray) -> str:
    return np.array2string(values, threshold=64).replace("\n", "\n    ")
