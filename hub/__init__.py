"""The sync engine's data: connections, jobs, lanes, runs, changes and links. Knows items only as (kind, ID)."""
