"""Clean-ups that hold for every dialect."""
