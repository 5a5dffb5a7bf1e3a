"""Nothing leaves staging before its endpoints are verified not to be live's (N5).

Each platform's kill switch is on when the new database is put in place. Connections that lead where live's lead are
paused by themselves and stay so; `unfreeze` turns the switches off when the checks after the copy are over.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from hub.models import PlatformSwitch
from hub.services import resume_platform
from staging_copy.archive import Archive
from staging_copy.copy_text import NULL, unescape
from staging_copy.postgres import Database

REASON = "Frozen by the live-to-staging copy until the checks after it are over."
LIVE_ENDPOINT_REASON = "Leads where the connection {slug} of live leads: give it staging's own address, then resume it."
_CONNECTIONS = "hub_connection"


@dataclass(frozen=True)
class Endpoint:
    """Where a connection leads. At addresses that all customers of a vendor share, its settings name the account."""

    address: str
    settings: str


def freeze(side: Database) -> int:
    """Turns on the kill switch of every platform that a connection has; returns how many were off."""
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
    """Pauses connections whose endpoint is one of live's; returns their slugs."""
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
    """On staging, when the checks after a copy are over: the platforms that the copy froze are served again.

    Connections that are paused by themselves stay so. Returns the platforms.
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
