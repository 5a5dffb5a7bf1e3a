"""Benchmarks of the product's performance targets. Each is a module with `run(argv) -> list[Figure]`."""
