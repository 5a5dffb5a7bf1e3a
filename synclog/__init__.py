"""What became of every item: sync logs, issues, item status, item timeline."""
