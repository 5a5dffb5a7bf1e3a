"""The queue of the house: connections, jobs, lanes, runs, changes, links. Knows items only as (kind, id)."""
