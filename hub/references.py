"""Remembers references to items that were not imported yet, until these come (C2)."""

from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from hub.kinds import Kind
from hub.models import PendingReference

_BATCH_SIZE = 500


class Reference(NamedTuple):
    """What an item refers to, by the source's ID."""

    kind: Kind
    external_id: str


class Waiting(NamedTuple):
    """An item that refers to `target`."""

    kind: Kind
    item_id: int
    target: Reference


def replace(*, connection_id: int, kind: Kind, pending: Mapping[int, Collection[Reference]]) -> None:
    """Replace the stored references of these items (by our ID) to what is not here yet.

    Call it in the transaction that saved them.
    """
    PendingReference.objects.filter(connection=connection_id, kind=kind, item_id__in=pending.keys()).delete()
    PendingReference.objects.bulk_create(
        [
            PendingReference(
                connection_id=connection_id,
                kind=kind,
                item_id=item_id,
                target_kind=target.kind,
                external_id=target.external_id,
            )
            for item_id, targets in pending.items()
            for target in sorted(targets)
            if len(target.external_id) <= 200
        ],
        ignore_conflicts=True,
    )


def take(*, connection_id: int, kind: Kind, external_ids: Collection[str]) -> list[Waiting]:
    """The items that refer to these, which are here now. Deletes the rows: resolve them in this transaction."""
    rows = PendingReference.objects.filter(
        connection=connection_id, target_kind=kind, external_id__in=list(external_ids)
    ).order_by("pk")
    found = list(rows.select_for_update())
    PendingReference.objects.filter(pk__in=[row.pk for row in found]).delete()
    return [Waiting(Kind(row.kind), row.item_id, Reference(Kind(row.target_kind), row.external_id)) for row in found]


def still_pending(*, connection_id: int, kind: Kind, item_ids: Collection[int]) -> set[int]:
    """Those of the items that refer to something that is not here yet."""
    rows = PendingReference.objects.filter(connection=connection_id, kind=kind, item_id__in=item_ids)
    return set(rows.values_list("item_id", flat=True))


def all_pending(
    *, connection_id: int, kind: Kind, target_kinds: Collection[Kind]
) -> Iterator[dict[int, list[Reference]]]:
    """Batches of item ID → what it refers to that is not here yet, in the order of IDs."""
    after = 0
    while True:
        rows = PendingReference.objects.filter(
            connection=connection_id, kind=kind, target_kind__in=target_kinds, item_id__gt=after
        ).order_by("item_id", "target_kind", "external_id")
        chunk = list(rows.values_list("item_id", "target_kind", "external_id")[:_BATCH_SIZE])
        if not chunk:
            return
        last = chunk[-1][0]
        # The last item may have more rows in the next chunk, unless it fills this one.
        if len(chunk) == _BATCH_SIZE and chunk[0][0] != last:
            chunk = [row for row in chunk if row[0] != last]
        after = chunk[-1][0]
        yield {
            item_id: [Reference(Kind(target), external_id) for _, target, external_id in group]
            for item_id, group in groupby(chunk, key=lambda row: row[0])
        }
