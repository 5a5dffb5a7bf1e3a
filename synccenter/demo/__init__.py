"""The demo: two merchants, two shops, a search engine, all on this machine, and one journey from end to end."""
