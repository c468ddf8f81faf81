"""Deciding what one kernel is."""
