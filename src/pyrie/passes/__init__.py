"""One folder a phase; each `pipeline.py` is the table of contents of its phase."""
