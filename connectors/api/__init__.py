"""The REST API of connections."""
