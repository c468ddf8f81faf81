"""Verified bytecode to Python functions."""
