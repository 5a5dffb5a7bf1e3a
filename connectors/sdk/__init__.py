"""Everything that an adapter's author imports; `docs/adding-a-platform.md` shows it at work.

An adapter knows nothing of the hub's tables. It reads its platform into records (`records`) and writes items (`items`)
to it, one stream per data type and direction. It keeps no state between turns but its tokens; it never sleeps, never
retries and never opens a transaction: errors go up as `errors` says, and the engine decides.
"""
