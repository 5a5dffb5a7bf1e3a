"""Items that were rejected when they were read: kept as last received, found, and shown with their issues (C8)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection as database
from django.db.models import Q, QuerySet

from accounts.models import Seller
from common.storable import storable_json, storable_text
from hub.models import Job
from synclog.models import Issue, RejectedItem

# Names of values by which people look for an item, in lower case and without separators.
_KEY_NAMES = {"sku", "sellersku", "itemid", "number", "ordernumber", "incrementid", "barcode", "ean", "upc", "gtin"}
_MOST_KEYS = 100
_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item as it was received. `title` must not be personal."""

    kind: str
    external_id: str
    title: str
    payload: Any


def keep(*, job: Job, seller_id: int, items: Sequence[Rejected], now: datetime) -> None:
    """Keep the items in the form in which they were received."""
    rows = {(each.kind, storable_text(each.external_id)[:200]): each for each in items}
    if not rows:
        return
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO synclog_rejecteditem
                (seller_id, job_id, kind, external_id, title, keys, payload, rejected_at, received_at)
            SELECT %(seller)s, %(job)s, kind, external_id, title,
                   ARRAY(SELECT jsonb_array_elements_text(keys)), payload, %(now)s, %(now)s
            FROM unnest(%(kinds)s::text[], %(ids)s::text[], %(titles)s::text[], %(keys)s::jsonb[],
                        %(payloads)s::jsonb[]) AS rejected (kind, external_id, title, keys, payload)
            ORDER BY kind, external_id
            ON CONFLICT (job_id, kind, external_id) DO UPDATE SET
                title = EXCLUDED.title, keys = EXCLUDED.keys, payload = EXCLUDED.payload,
                received_at = EXCLUDED.received_at
            """,
            {
                "seller": seller_id,
                "job": job.pk,
                "now": now,
                "kinds": [kind for kind, _ in rows],
                "ids": [external_id for _, external_id in rows],
                "titles": [storable_text(each.title)[:300] for each in rows.values()],
                "keys": [storable_json(_keys(each)) for each in rows.values()],
                "payloads": [_payload(each.payload) for each in rows.values()],
            },
        )


def _payload(payload: Any) -> str:
    try:
        return storable_json(payload)
    except orjson.JSONEncodeError:
        return "null"  # nested too deeply, which the issue says


def _keys(item: Rejected) -> list[str]:
    found = dict.fromkeys([item.external_id.upper()])
    for text in _named_values(item.payload, depth=8):
        found[text.upper()] = None
        if len(found) == _MOST_KEYS:
            break
    return list(found)


def _named_values(value: Any, depth: int) -> Iterator[str]:
    """The short texts and numbers under one of the names, anywhere in the data."""
    if isinstance(value, dict) and depth:
        for name, each in value.items():
            if isinstance(each, dict | list):
                yield from _named_values(each, depth - 1)
            elif (
                isinstance(each, str | int)
                and str(name).lower().replace("_", "").replace("-", "") in _KEY_NAMES
                and (text := str(each).strip())
                and len(text) <= _LONGEST_KEY
            ):
                yield text
    elif isinstance(value, list) and depth:
        for each in value:
            yield from _named_values(each, depth - 1)


def forget(*, job: Job, kinds: Collection[str], external_ids: Collection[str]) -> None:
    """These items were imported, or are no longer in the source."""
    RejectedItem.objects.filter(job=job, kind__in=kinds, external_id__in=external_ids).delete()


def forget_unseen(*, job: Job, since: datetime) -> None:
    """After a full read that started at `since`: what it did not contain is no longer in the source."""
    RejectedItem.objects.filter(job=job, received_at__lt=since).delete()


def find(*, seller: Seller, text: str = "") -> QuerySet[RejectedItem]:
    """The seller's rejected items, last received first; with `text`, those with this ID, SKU or number, or with a title
    that begins with it."""
    items = RejectedItem.objects.filter(seller=seller).select_related("job__connection").order_by("-received_at", "-pk")
    if text := text.strip():
        items = items.filter(Q(keys__contains=[text.upper()]) | Q(title__istartswith=text))
    return items


def show(*, seller: Seller, pk: int) -> tuple[RejectedItem, list[Issue]]:
    """A rejected item and its open issues. RejectedItem.DoesNotExist if it is not the seller's."""
    item = RejectedItem.objects.select_related("job__connection").get(seller=seller, pk=pk)
    own = f"{item.kind.partition('@')[0]}:{item.external_id}"
    issues = Issue.objects.filter(seller=seller, job=item.job, resolved_at=None, external_id=own)
    return item, list(issues.select_related("sync_log").order_by("-seen_at"))
