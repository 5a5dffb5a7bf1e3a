"""Keeps staging from sending anything until its endpoints are verified not to be live's (N5).

Every platform's kill switch is on when the new database is switched over. `unfreeze` turns the switches off after the
post-copy check. Connections with the same endpoint as a live connection are paused individually and stay paused.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from hub.models import PlatformSwitch
from hub.services import resume_platform
from staging_copy.backup.archive import Archive
from staging_copy.backup.copy_text import NULL, unescape
from staging_copy.postgres import Database

# Compared with stored rows, so this text must not change.
REASON = "Frozen by the live-to-staging copy until its checks are done."
LIVE_ENDPOINT_REASON = (
    "Uses the same endpoint as connection {slug} of live. Enter the endpoint of a staging account, then resume."
)
_CONNECTIONS = "hub_connection"


@dataclass(frozen=True)
class Endpoint:
    """The endpoint of a connection. On hosts shared by all customers of a vendor, the settings identify the account."""

    address: str
    settings: str


def freeze(side: Database) -> int:
    """Turns on the kill switch of every platform in use; returns how many were off."""
    with side.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO hub_platformswitch (platform, reason, paused_at)"
            " SELECT DISTINCT platform, %s, now() FROM hub_connection ON CONFLICT (platform) DO NOTHING",
            [REASON],
        )
        frozen = int(cursor.rowcount)
        cursor.execute("UPDATE hub_lane SET paused = true WHERE NOT paused")
        connection.commit()
    return frozen


def pause_live_endpoints(side: Database, archive: Archive, *, shared_hosts: Collection[str]) -> list[str]:
    """Pauses connections with the same endpoint as a live connection; returns their slugs."""
    live = {endpoint: slug for slug, endpoint in _live_endpoints(archive, shared_hosts)}
    paused = []
    with side.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, slug, base_url, settings FROM hub_connection WHERE base_url <> '' ORDER BY slug")
        for key, slug, base_url, settings in cursor.fetchall():
            same = live.get(_endpoint(base_url, settings, shared_hosts))
            if same is not None:
                cursor.execute(
                    "UPDATE hub_connection SET paused_at = COALESCE(paused_at, now()), pause_reason = %s,"
                    " read_only = true WHERE id = %s",
                    [LIVE_ENDPOINT_REASON.format(slug=same), key],
                )
                paused.append(slug)
        connection.commit()
    return paused


@transaction.atomic
def unfreeze(*, reason: str) -> list[str]:
    """Turns off the kill switches that the copy turned on; called on staging after the post-copy check.

    Individually paused connections stay paused. Returns the platforms.
    """
    frozen = list(PlatformSwitch.objects.filter(reason=REASON).order_by("platform").values_list("platform", flat=True))
    for platform in frozen:
        resume_platform(platform=platform, by=None, reason=reason)
    return frozen


def _live_endpoints(archive: Archive, shared_hosts: Collection[str]) -> Iterator[tuple[str, Endpoint]]:
    for table in archive.tables:
        if table.root != _CONNECTIONS:
            continue
        slug, base_url, settings = (table.columns.index(name) for name in ("slug", "base_url", "settings"))
        for block in archive.rows(table):
            for line in block.splitlines():
                fields = line.split(b"\t")
                if fields[base_url] not in (b"", NULL):
                    yield (
                        unescape(fields[slug]).decode(),
                        _endpoint(
                            unescape(fields[base_url]).decode(), json.loads(unescape(fields[settings])), shared_hosts
                        ),
                    )


def _endpoint(base_url: str, settings: Any, shared_hosts: Collection[str]) -> Endpoint:
    parts = urlsplit(base_url.strip())
    host = (parts.hostname or "").lower().rstrip(".")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    account = json.dumps(settings, sort_keys=True) if host in shared_hosts else ""
    return Endpoint(f"{host}:{port}{parts.path.rstrip('/')}", account)
