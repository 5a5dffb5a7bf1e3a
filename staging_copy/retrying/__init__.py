"""A PostgreSQL backend for staging that retries connections, because its database is replaced while in use."""
