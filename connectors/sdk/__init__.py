"""Everything that an adapter's author imports; `docs/adding-a-platform.md` is the guide.

An adapter does not access the hub's tables. It converts its platform's data to records (`records`) and sends items to
it, with one stream per data type and direction. Apart from tokens it keeps no state between turns. It never sleeps,
retries or opens a transaction: it raises the exceptions in `errors`, and the engine decides what to do.
"""
