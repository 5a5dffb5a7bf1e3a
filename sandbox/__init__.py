"""Simulated vendor platforms: real HTTP, strict validation, seeded data, and faults on request.

The sandbox imports nothing from the product, and the product imports nothing from the sandbox. See `docs/sandbox.md`.
"""
