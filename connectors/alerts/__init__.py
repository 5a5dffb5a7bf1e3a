"""Alerts about connectors: what raises one, and how it is sent."""
