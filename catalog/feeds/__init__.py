"""Catalog feeds: products, inventory and images, in full or as changes since a cursor (S3, S4).

docs/feeds.md explains how to use them and why a cursor never misses a change.
"""
