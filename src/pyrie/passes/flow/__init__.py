"""Dispatches become calls of executables."""
