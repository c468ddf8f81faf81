"""The `pyrie` command."""
