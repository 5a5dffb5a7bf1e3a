"""Backups of live: archives by pg_dump, their manifests and the format of their rows."""
