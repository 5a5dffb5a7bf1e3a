"""The demo: two merchants, two shops, search, a B2B front, all on this machine, and one journey from end to end."""
