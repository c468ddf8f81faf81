"""The rules of `iree-hal-conversion`, a file a family: each has a table from op classes to the functions that lower them."""
