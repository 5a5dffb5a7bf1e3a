"""Formats for English, as in this country and its neighbors."""
