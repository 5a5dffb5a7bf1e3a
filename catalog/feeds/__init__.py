"""Outgoing feeds of the catalogue: products, inventory and image gallery, whole or since a cursor (S3, S4).

docs/feeds.md tells fetchers how to use them, and why a cursor misses nothing.
"""
