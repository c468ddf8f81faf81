"""Lowering of host code to vm ops: one rule an op class, in the module of the op's dialect."""
