"""Modules that bytecode imports from, written in Python: `hal`, `check`."""

from __future__ import annotations

from pyrie.runtime.modules.registry import NativeModule, create_native_module, register_module

__all__ = ["NativeModule", "create_native_module", "register_module"]
