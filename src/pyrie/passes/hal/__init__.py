"""From scheduled work to command buffers, and from device code to binaries: the executable phases and the hal phase."""
