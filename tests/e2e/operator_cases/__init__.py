"""Small programs as tables, for the whole pipeline: each row is a function, and what its arguments are drawn from."""
