"""Whole-program changes to tensor programs, before they are cut into dispatches."""
