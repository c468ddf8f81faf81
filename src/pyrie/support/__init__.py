"""The leaf layer: errors, environment variables, limits, dtypes and checked shape arithmetic. Imports numpy only."""
