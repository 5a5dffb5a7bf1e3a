"""Builds the new database, stage by stage, and switches over to it; restores backups into live."""
