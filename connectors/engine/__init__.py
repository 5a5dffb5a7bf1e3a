"""Turns of work: reading sources into the hub, sending what changed to targets, closing runs once."""
