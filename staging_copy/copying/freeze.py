"""Keeps staging from sending anything until its endpoints are verified not to be live's (N5).

Every platform's kill switch is on when the new database is switched over. `unfreeze` turns the switches off after the
post-copy check. Connections with the same endpoint as a live connection are paused individually and stay paused.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.db import transaction

from connectors.adapters.registry import adapters
from hub.models import PlatformSwitch
from hub.services import resume_platform
from staging_copy.backup.archive import Archive
from staging_copy.backup.copy_text import unescape
from staging_copy.postgres import Database

# Compared with stored rows, so this text must not change.
REASON = "Frozen by the live-to-staging copy until its checks are done."
LIVE_ENDPOINT_REASON = (
    "Uses the same endpoint as connection {slug} of live. Enter the endpoint of a staging account, then resume."
)
_CONNECTIONS = "hub_connection"


@dataclass(frozen=True)
class Endpoint:
    """The endpoint of a connection. Where several accounts have one address, `account` tells them apart."""

    address: str
    account: tuple[Any, ...]


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


def pause_live_endpoints(side: Database, archive: Archive) -> list[str]:
    """Pauses connections with the same endpoint as a live connection; returns their slugs."""
    live = {endpoint: slug for slug, endpoint in _live_endpoints(archive)}
    paused = []
    with side.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, slug, platform, base_url, settings FROM hub_connection WHERE base_url <> '' ORDER BY slug"
        )
        for key, slug, platform, base_url, settings in cursor.fetchall():
            same = live.get(endpoint_of(platform, base_url, settings))
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


def _live_endpoints(archive: Archive) -> Iterator[tuple[str, Endpoint]]:
    for table in archive.tables:
        if table.root != _CONNECTIONS:
            continue
        positions = [table.columns.index(name) for name in ("slug", "platform", "base_url", "settings")]
        for block in archive.rows(table):
            for line in block.splitlines():
                fields = line.split(b"\t")
                slug, platform, base_url, settings = (unescape(fields[position]).decode() for position in positions)
                if base_url:
                    yield slug, endpoint_of(platform, base_url, json.loads(settings))


def endpoint_of(platform: str, base_url: str, settings: dict[str, Any]) -> Endpoint:
    """Equal for all spellings of a URL, by http and https, and whatever settings differ that do not name an account."""
    parts = urlsplit(base_url.strip())
    host = (parts.hostname or "").lower().rstrip(".")
    with suppress(UnicodeError):
        host = host.encode("idna").decode()
    port = "" if parts.port in (None, 80, 443) else parts.port
    adapter = adapters().get(platform)
    names = adapter.account_settings if adapter else ()
    address = f"{host}:{port}{unquote(parts.path).rstrip('/')}"
    return Endpoint(address, tuple(settings.get(name) for name in names))
