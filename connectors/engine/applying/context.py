"""What all data types share: the context in which a page is applied, and the result for a record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from catalog.models import PriceList
from catalog.records import CategoryRecord, GalleryRecord
from catalog.services import Changes
from connectors.sdk import issues
from connectors.sdk.errors import NeedsAttention
from hub.kinds import DataType, Kind
from hub.models import Connection, Job, Link, Master
from hub.records import Problem, Record
from synclog import services as synclog
from synclog.models import ItemStatus, SyncLog

_KINDS: dict[str, str] = {
    DataType.PRODUCTS: Kind.PRODUCT.value,
    DataType.BRANDS: Kind.BRAND.value,
    DataType.SETTINGS: Kind.STORE.value,
    DataType.CUSTOMERS: Kind.CUSTOMER.value,
    DataType.ORDERS: Kind.ORDER.value,
}
# The link kind that connects a variant with its SKU in an image feed.
GALLERY = f"{Kind.VARIANT}@images"


@dataclass(slots=True)
class KnownItem:
    """What a link stores about an item. Lighter than a Link object, because a page contains hundreds.

    `digest` is empty if nothing was received yet, or if not everything received was saved.
    """

    link_id: int
    item_id: int
    digest: bytes
    updated_at: datetime | None
    missing: bool


# (kind, external ID) → what is known about an item of the connection.
Links = dict[tuple[str, str], KnownItem]


@dataclass(slots=True)
class ImportContext:
    """The job, seller and other values that applying a page needs."""

    job: Job
    seller_id: int
    log: SyncLog
    run_id: int | None
    now: datetime
    price_list: PriceList | None = None
    # Group of fields → its source of truth (L17). Without an entry, every source may write the group.
    masters: dict[str, Connection] = field(default_factory=dict)

    @property
    def groups(self) -> frozenset[str]:
        """The groups of fields that this source may write."""
        own = self.job.connection
        return frozenset(group for group in Master.Group.values if self.masters.get(group, own) == own)

    @property
    def connection_id(self) -> int:
        return self.job.connection_id


@dataclass(slots=True)
class WriteResult:
    """The result for a record: our ID, what changed (None: the item is new), further links.

    `problems` were found while saving. A result that is not `complete` is compared again at the next import even if the
    record is unchanged. With the `state` PENDING nothing was saved or linked; `item_id` is then the conflicting item
    (L16). `missing`: the item was removed from the platform, and the record does not show that it is back.
    """

    record: Record
    item_id: int
    kind: str
    changes: Changes | None
    links: dict[tuple[str, str], int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    complete: bool = True
    state: str = ItemStatus.State.SYNCED
    missing: bool = False


def not_master_problem(context: ImportContext, group: str, names: Sequence[str]) -> Problem:
    """The problem for values that were not saved because another source is the source of truth (L17)."""
    return issues.NOT_SOURCE_OF_TRUTH(
        owner=str(context.masters[group]), group=Master.Group(group).label, fields=", ".join(names)
    )


class DuplicateClaims(Exception):
    """Two records of a page claim the same ID or number. Applied one by one, the second conflicts with the first."""


def link_kind(data_type: str, record: Record) -> str:
    """The link kind of a record: per storefront for categories (B12), separate for image feeds, else the item kind."""
    if isinstance(record, CategoryRecord):
        return f"{Kind.CATEGORY}@{record.tree}" if record.tree else str(Kind.CATEGORY)
    if isinstance(record, GalleryRecord):
        return GALLERY
    return _KINDS[data_type]


def import_context_for(job: Job, *, run_id: int | None, now: datetime, seller_id: int | None = None) -> ImportContext:
    """The context for all pages of a job. `seller_id` overrides the connection's own seller."""
    seller_id = seller_id or job.connection.seller_id
    if seller_id is None:
        raise NeedsAttention(f"{job.connection} does not belong to a seller.", fix="Install it for a seller.")
    masters = Master.objects.filter(seller_id=seller_id).select_related("connection")
    return ImportContext(
        job=job,
        seller_id=seller_id,
        log=synclog.log_for(job=job, seller_id=seller_id),
        run_id=run_id,
        now=now,
        price_list=PriceList.objects.filter(connection=job.connection).first(),
        masters={master.group: master.connection for master in masters},
    )


def known_links(context: ImportContext, keys: Iterable[tuple[str, str]]) -> Links:
    """The known items by (kind, external ID); unknown ones are left out."""
    wanted = set(keys)
    rows = Link.objects.filter(
        connection=context.job.connection,
        kind__in={kind for kind, _ in wanted},
        external_id__in={external_id for _, external_id in wanted},
    ).values_list("kind", "external_id", "pk", "item_id", "received_hash", "source_updated_at", "missing")
    return {
        (kind, external_id): KnownItem(pk, item_id, bytes(digest or b""), updated_at, missing)
        for kind, external_id, pk, item_id, digest, updated_at, missing in rows
    }


def links_by_external(context: ImportContext, kind: str, external_ids: Iterable[str]) -> dict[str, int]:
    rows = Link.objects.filter(connection=context.job.connection, kind=kind, external_id__in=set(external_ids))
    return dict(rows.values_list("external_id", "item_id"))


def known_id(links: Links, kind: str, record: Record) -> int | None:
    link = links.get((kind, record.external_id))
    return link.item_id if link else None
