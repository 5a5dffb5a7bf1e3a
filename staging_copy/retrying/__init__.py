"""Django's PostgreSQL backend for staging, whose database is replaced while it is in use."""
