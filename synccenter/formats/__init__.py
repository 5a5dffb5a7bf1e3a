"""Formats of dates and times that replace Django's, per language (FORMAT_MODULE_PATH)."""
