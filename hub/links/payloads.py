"""What platforms sent: the latest payloads as examples; as personal data, those of some items, and emptying them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from hub.kinds import Kind
from hub.models import LinkPayload

# For any database: `customers` and `orders` are IDs. The hashes of what was received stay, so that an unchanged item is
# not imported again.
OF_PERSON = "(kind = 'customer' AND item_id = ANY(%(customers)s) OR kind = 'order' AND item_id = ANY(%(orders)s))"
IDS_OF_PERSON = f"SELECT connection_id, kind, external_id FROM hub_link WHERE {OF_PERSON}"  # noqa: S608
EMPTY_PAYLOADS = (
    "UPDATE hub_linkpayload SET received = NULL, previous = NULL, sent = NULL FROM hub_link"  # noqa: S608
    f" WHERE hub_link.id = link_id AND {OF_PERSON}"
)


def latest_received(*, connection_id: int, kinds: Collection[str], limit: int) -> list[Any]:
    """The latest payloads received from a connection for links of these kinds, newest link first."""
    rows = LinkPayload.objects.filter(link__connection=connection_id, link__kind__in=kinds, received__isnull=False)
    return list(rows.order_by("-link_id").values_list("received", flat=True)[:limit])


def payloads_of(items: Mapping[Kind, Collection[int]]) -> QuerySet[LinkPayload]:
    """The payloads of items, by kind and ID, at all connections."""
    matches = Q(pk=None)
    for kind, item_ids in items.items():
        matches |= Q(link__kind=kind, link__item_id__in=item_ids)
    return LinkPayload.objects.filter(matches)


def empty_old_payloads(*, kinds: Collection[Kind], before: datetime, batch: int) -> int:
    """Empty payloads of these kinds that were received before a time, in batches. Returns how many."""
    old = LinkPayload.objects.filter(link__kind__in=kinds, received_at__lt=before)
    old = old.exclude(received=None, previous=None, sent=None)
    number = 0
    while ids := list(old.order_by("pk").values_list("pk", flat=True)[:batch]):
        number += LinkPayload.objects.filter(pk__in=ids).update(received=None, previous=None, sent=None)
    return number
