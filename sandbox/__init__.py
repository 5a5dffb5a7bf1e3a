"""Stand-ins for the platforms that a hub talks to: real HTTP, strict, seeded, and breakable on purpose.

Nothing here imports the product, and the product imports nothing from here. See `docs/sandbox.md`.
"""
