"""Retries refused connections: for a moment during a swap, no database has staging's name."""

import time
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base

_RETRY_SECONDS = 5.0  # a swap takes milliseconds
_RETRY_INTERVAL = 0.05


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Raises the error of the last attempt after `_RETRY_SECONDS`."""
        deadline = time.monotonic() + _RETRY_SECONDS
        while True:
            try:
                with self.wrap_database_errors:
                    return super().get_new_connection(conn_params)
            except OperationalError:
                if time.monotonic() >= deadline:
                    raise
            # PostgreSQL does not announce the end of a rename, so there is nothing to wait for but time.
            time.sleep(_RETRY_INTERVAL)
