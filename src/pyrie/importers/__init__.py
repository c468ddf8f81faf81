"""Front ends: model files and frameworks to StableHLO."""
