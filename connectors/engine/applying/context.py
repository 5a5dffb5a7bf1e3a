"""What all kinds of data share: whom a page is applied for, and what became of a record."""

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
# How a variant is linked to the SKU that a feed of images knows it by.
GALLERY = f"{Kind.VARIANT}@images"


@dataclass(slots=True)
class KnownItem:
    """What is remembered of an item since its source was last read. A page holds hundreds: this is lighter than Link.

    `digest` is empty where nothing was received yet, or not all of it taken.
    """

    link_id: int
    item_id: int
    digest: bytes
    updated_at: datetime | None
    missing: bool


# (kind, external id) → what the connection's items are known as here.
Links = dict[tuple[str, str], KnownItem]


@dataclass(slots=True)
class ImportContext:
    """Whom a page is applied for."""

    job: Job
    seller_id: int
    log: SyncLog
    run_id: int | None
    now: datetime
    price_list: PriceList | None = None
    # Who is master of a group of fields (L17). Without an entry, each source is master of what it brings.
    masters: dict[str, Connection] = field(default_factory=dict)

    @property
    def groups(self) -> frozenset[str]:
        """The groups of fields that this source may write."""
        mine = self.job.connection
        return frozenset(group for group in Master.Group.values if self.masters.get(group, mine) == mine)

    @property
    def connection_id(self) -> int:
        return self.job.connection_id


@dataclass(slots=True)
class WriteResult:
    """What became of a record: our id, what changed (None: it is new), further links it brings.

    `problems` were met on the way. What is not `complete` is compared again at the next read, though it be the same.
    Of a `state` PENDING nothing was written or linked: `item_id` is the item that it meets here (L16). `missing`: it
    was taken back there, and the record does not say that it is there again.
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
    """The source differs from the master of a group of fields, whose values were kept (L17)."""
    return issues.NOT_SOURCE_OF_TRUTH(
        owner=str(context.masters[group]), group=Master.Group(group).label, fields=", ".join(names)
    )


class DuplicateClaims(Exception):
    """Two records of a page claim the same. Applied one by one, the second meets the first as the holder."""


def link_kind(data_type: str, record: Record) -> str:
    """A category is linked per storefront (B12); a feed's images by their SKU; all else by kind."""
    if isinstance(record, CategoryRecord):
        return f"{Kind.CATEGORY}@{record.tree}" if record.tree else str(Kind.CATEGORY)
    if isinstance(record, GalleryRecord):
        return GALLERY
    return _KINDS[data_type]


def import_context_for(job: Job, *, run_id: int | None, now: datetime, seller_id: int | None = None) -> ImportContext:
    """Everything about the job that is the same for all of its pages. `seller_id`: on whose behalf, if not on that of
    the connection's own seller."""
    seller_id = seller_id or job.connection.seller_id
    if seller_id is None:
        raise NeedsAttention(f"{job.connection} belongs to no seller to read for.", fix="Connect it for a seller.")
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
    """What is known of items by (kind, external id); those that were never met are left out."""
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
