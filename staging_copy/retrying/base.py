"""Connects again when the connection is refused: in the moment of a swap there is no database of that name."""

import time
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base

_RETRY_SECONDS = 5.0  # seconds; a swap takes milliseconds
_RETRY_INTERVAL = 0.05


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Raises what the last attempt raised, once patience is at its end."""
        deadline = time.monotonic() + _RETRY_SECONDS
        while True:
            try:
                with self.wrap_database_errors:
                    return super().get_new_connection(conn_params)
            except OperationalError:
                if time.monotonic() >= deadline:
                    raise
            # There is nobody who could say when: PostgreSQL refuses, and the next attempt may be let in.
            time.sleep(_RETRY_INTERVAL)
