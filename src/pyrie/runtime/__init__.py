"""Loads and runs modules. Never imports the compiler."""
