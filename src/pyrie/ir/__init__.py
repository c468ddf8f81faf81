"""A thin foundation over xDSL: parsing, printing, resources, symbols, passes, rewriting and the reference interpreter."""
