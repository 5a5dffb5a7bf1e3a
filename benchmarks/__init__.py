"""Measurements of what the product promises, each a module with `run(argv) -> list[Figure]`."""
