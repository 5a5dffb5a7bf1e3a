"""Ends links: the item is gone from the platform, or the ID now belongs to another item."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import QuerySet

from hub.models import Link


def forget_sent(links: QuerySet[Link]) -> None:
    """Forget what was sent, so that the items are sent again even if they have not changed."""
    links.update(sent_hash=None, sent_revision=None)


def mark_missing(links: QuerySet[Link], *, fetched_at: datetime | None = None) -> None:
    """Record that the platform no longer has the items; `fetched_at` (UTC): when the platform was asked."""
    if fetched_at is None:
        links.update(missing=True)
    else:
        links.update(missing=True, fetched_at=fetched_at)


def end_at_target(links: QuerySet[Link]) -> None:
    """Record that a target no longer has the items, so that they are created again, under their IDs if possible."""
    links.update(missing=True, sent_hash=None, sent_revision=None)


def end_removed(links: QuerySet[Link]) -> None:
    """Record that items were removed from a target. A link stays if the item was imported from there as well."""
    links.filter(received_hash=None).delete()
    end_at_target(links)


def unlink(connection_id: int, kind: str, external_ids: Collection[str]) -> None:
    """Delete links, because the platform now uses the IDs for other items."""
    if external_ids:
        Link.objects.filter(connection=connection_id, kind=kind, external_id__in=external_ids).delete()
