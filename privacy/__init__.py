"""Personal data of customers: what is held about a person, its export, its erasure, and how long it is kept (A5)."""
