"""Sync results: sync logs, issues, sync status and timeline of items."""
