"""What users run before the optimizer."""
