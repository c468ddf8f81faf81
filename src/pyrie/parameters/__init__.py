"""Parameter archives: index, memory map, convert."""
