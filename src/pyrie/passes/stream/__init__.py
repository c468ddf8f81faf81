"""The stream phase: tensors become resources, dispatches a timeline of executions, and every byte gets its place."""
