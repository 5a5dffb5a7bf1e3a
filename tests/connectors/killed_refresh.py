"""A worker that is killed after the vendor has answered a refresh, before the answer is stored.

`python -m tests.connectors.killed_refresh CONNECTION_ID`
"""

import os
import signal
import sys
from typing import Any

import django


def main(connection_id: int) -> None:
    django.setup()
    from connectors.adapters.oauth_tokens import DatabaseTokenStore
    from hub.models import Connection
    from tests.connectors.refreshing import open_client

    def die(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    DatabaseTokenStore._save = die  # type: ignore[method-assign]
    open_client(Connection.objects.get(pk=connection_id)).get("/products")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "synccenter.settings")
    main(int(sys.argv[1]))
