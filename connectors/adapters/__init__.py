"""Finds the adapter of a platform and opens it for a connection."""
