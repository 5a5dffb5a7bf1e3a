"""The sync engine: turns that import from sources, export changes to targets and close runs."""
