"""The hardware abstraction layer: devices, buffers, command buffers, semaphores, executables."""
