"""The sync engine and the platform adapters."""
