"""Conflicts: a platform uses an ID for an item although it is linked to another one (L16)."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from hub.models import Link


class NewLink(NamedTuple):
    """A link that is to be made: a platform uses `external_id` for our item `item_id`."""

    kind: str
    external_id: str
    item_id: int


def find_conflicts(connection_id: int, new_links: Sequence[NewLink]) -> dict[NewLink, int]:
    """The links to IDs that belong to another item → that item's ID. Links are never reassigned (L16).

    An ID belongs to the item that is linked to it, else to the first one in the list. At most one query.
    """
    owners = holders(connection_id, {(new.kind, new.external_id) for new in new_links})
    conflicts = {}
    for new in new_links:
        owner = owners.setdefault((new.kind, new.external_id), new.item_id)
        if owner != new.item_id:
            conflicts[new] = owner
    return conflicts


def holders(connection_id: int, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(kind, external ID) → the ID of the item that is linked to it, where there is one. At most one query."""
    if not keys:
        return {}
    rows = Link.objects.filter(
        connection=connection_id,
        kind__in={kind for kind, _ in keys},
        external_id__in={external_id for _, external_id in keys},
    )
    found = {(kind, external_id): pk for kind, external_id, pk in rows.values_list("kind", "external_id", "item_id")}
    return {key: found[key] for key in keys if key in found}
