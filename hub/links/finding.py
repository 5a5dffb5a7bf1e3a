"""Finds links, by our ID or by the platform's."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import BigIntegerField, Max, Q, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from accounts.models import Seller
from hub.kinds import DataType, Kind, Role, kind_label
from hub.models import Connection, Job, Link, LinkPayload


def of_job(job: Job) -> QuerySet[Link]:
    """The links of an export job's items to its target, also of those that are missing there."""
    return Link.objects.filter(connection=job.connection_id, kind=job.link_kind)


def of_kind(
    connection_id: int, kind: str, *, per_storefront: bool = False, also: Collection[str] = ()
) -> QuerySet[Link]:
    """The links of a connection's items of a kind; with `per_storefront` also those of a single storefront
    (`category@2`), and those of the kinds `also`."""
    chosen = Q(kind__in=[kind, *also])
    if per_storefront:
        chosen |= Q(kind__startswith=f"{kind}@")
    return Link.objects.filter(chosen, connection=connection_id)


def everywhere(kind: str) -> QuerySet[Link]:
    """The links of a kind at all connections."""
    return Link.objects.filter(kind=kind)


def of_item(condition: Q, *, seller: Seller) -> QuerySet[Link]:
    """The links that match a condition on (kind, item ID), at the seller's connections and at those without a seller.

    A link has no seller of its own, so the caller must have checked that the items are the seller's.
    """
    mine = Q(connection__seller=seller) | Q(connection__seller=None)
    return Link.objects.filter(condition, mine)


def by_external_id(
    external_id: str, *, kinds: Collection[str], seller_ids: Collection[int]
) -> QuerySet[Link, tuple[str, int, str]]:
    """(kind, our ID, name of the connection) of the links with the ID, at connections of the sellers and shared ones.

    The caller must check that the items are the sellers'.
    """
    theirs = Q(seller__in=seller_ids) | Q(seller=None)
    connections = list(Connection.objects.filter(theirs).values_list("pk", flat=True))
    rows = Link.objects.filter(connection__in=connections, kind__in=kinds, external_id=external_id, missing=False)
    return rows.values_list("kind", "item_id", "connection__name")


def payload_of(link_id: int, *, seller: Seller) -> LinkPayload:
    """The payloads of a link (S7). LinkPayload.DoesNotExist if the link is at another seller's connection."""
    mine = Q(link__connection__seller=seller) | Q(link__connection__seller=None)
    return LinkPayload.objects.select_related("link__connection").get(mine, pk=link_id)


def by_item(job: Job, item_ids: Collection[int]) -> dict[int, Link]:
    """Our ID → the link of the item to the job's target, with its payloads. One query."""
    rows = of_job(job).filter(item_id__in=item_ids).select_related("payload")
    return {link.item_id: link for link in rows}


@dataclass(slots=True)
class KnownLink:
    """What a link stores about an imported item. Lighter than a Link object, because a page contains hundreds.

    `digest` is empty if nothing was received yet, or if not everything received was saved.
    """

    link_id: int
    item_id: int
    digest: bytes
    updated_at: datetime | None
    missing: bool
    received_at: datetime | None


def known(connection_id: int, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], KnownLink]:
    """The links by (kind, external ID); unknown ones are left out. One query."""
    wanted = set(keys)
    rows = Link.objects.filter(
        connection=connection_id,
        kind__in={kind for kind, _id in wanted},
        external_id__in={external_id for _kind, external_id in wanted},
    ).values_list("kind", "external_id", "pk", "item_id", "received_hash", "source_updated_at", "missing", "fetched_at")
    return {
        (kind, external_id): KnownLink(pk, item_id, bytes(digest or b""), updated_at, missing, received_at)
        for kind, external_id, pk, item_id, digest, updated_at, missing, received_at in rows
    }


def item_ids(connection_id: int, kind: str, external_ids: Iterable[str]) -> dict[str, int]:
    """External ID → our ID, for those that are linked. One query."""
    rows = of_kind(connection_id, kind).filter(external_id__in=set(external_ids))
    return dict(rows.values_list("external_id", "item_id"))


def external_ids(connection_id: int, items: Collection[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """(kind, our ID) → external ID, for those that the platform has; of a category, one storefront's. One query."""
    if not items:
        return {}
    # Named, so that the index by kind and item serves.
    kinds = {kind for kind, _pk in items}
    matches = Q(kind__in=kinds)
    if Kind.CATEGORY in kinds:
        matches |= Q(kind__startswith=f"{Kind.CATEGORY}@")
    ids = {pk for _kind, pk in items}
    rows = Link.objects.filter(matches, connection=connection_id, item_id__in=ids, missing=False)
    found = {
        (kind.partition("@")[0], pk): external_id
        for kind, pk, external_id in rows.values_list("kind", "item_id", "external_id")
    }
    return {key: found[key] for key in items if key in found}


class HighestId(NamedTuple):
    """The highest numeric external ID of a kind of item at a connection. `connection` and `seller` are names."""

    connection_id: int
    connection: str
    seller: str | None
    kind: str
    highest: int


def highest_ids() -> list[HighestId]:
    """The highest linked external ID per shop or OMS and kind of item (L16). Non-numeric IDs are left out.

    The storefronts of a connection share a sequence, and so do the data types of a variant.
    """
    numbered = Link.objects.filter(connection__role__in=(Role.SHOP, Role.OMS), external_id__regex=r"^[0-9]{1,18}$")
    kinds = numbered.values_list("connection__name", "connection", "connection__seller__name", "kind")
    found: dict[tuple[str, int, str | None, str], int] = {}
    for *connection, kind, highest in kinds.annotate(highest=Max(Cast("external_id", BigIntegerField()))):
        key = (*connection, kind.partition("/")[0].partition("@")[0])
        found[key] = max(highest, found.get(key, 0))
    return [
        HighestId(pk, name, seller, kind, highest)
        for (name, pk, seller, kind), highest in sorted(found.items(), key=str)
    ]


def link_kind_label(kind: str) -> str:
    """`category@2` → "Category (storefront 2)"; `variant/stock` → "Variant (stock)"."""
    plain, _slash, data_type = kind.partition("/")
    plain, _at, storefront = plain.partition("@")
    label = kind_label(plain)
    if data_type:
        label = f"{label} ({str(DataType(data_type).label).lower()})"
    if storefront:
        label = _("%(kind)s (storefront %(storefront)s)") % {"kind": label, "storefront": storefront}
    return label


def imported(kind: Kind) -> QuerySet[Link]:
    """The links of items of a kind that a source has sent us."""
    return everywhere(kind).filter(received_hash__isnull=False)


def of_items(items: Mapping[Kind, Collection[int]]) -> QuerySet[Link]:
    """The links of the items, by kind, at all connections."""
    matches = Q(pk=None)
    for kind, item_ids in items.items():
        matches |= Q(kind=kind, item_id__in=item_ids)
    return Link.objects.filter(matches)
