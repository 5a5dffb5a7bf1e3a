"""What all data types share: the context in which a page is applied, and the result for a record."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from catalog.models import PriceList
from catalog.records import CategoryRecord, GalleryRecord, ProductRecord
from catalog.services import Changes
from connectors.adapters.registry import adapter_for
from connectors.sdk import issues
from connectors.sdk.errors import NeedsAttention
from hub.field_registry import change_label
from hub.kinds import DataType, Direction, Kind
from hub.links import KnownLink
from hub.models import Connection, Job, Master
from hub.records import Problem, Record
from hub.references import Reference
from synclog import services as synclog
from synclog.models import ItemStatus, SyncLog

_KINDS: dict[str, str] = {
    DataType.PRODUCTS: Kind.PRODUCT.value,
    DataType.BRANDS: Kind.BRAND.value,
    DataType.STOCK: Kind.VARIANT.value,
    DataType.SETTINGS: Kind.STORE.value,
    DataType.CUSTOMERS: Kind.CUSTOMER.value,
    DataType.ORDERS: Kind.ORDER.value,
}
# The link kind that connects a variant with its SKU in an image feed.
GALLERY = f"{Kind.VARIANT}@images"
# The link kind of an item whose prices and stock belong to a variant of another source's product (B5).
VARIANT_ITEM = f"{Kind.VARIANT}/{DataType.PRODUCTS}"
# Of the IDs of issues about references of an item: `product:5` has the problems found while the item was read.
REFERENCES_SUFFIX = ":references"
# (kind, external ID) → what is known about an item of the connection.
Links = dict[tuple[str, str], KnownLink]
# Group of fields → the kind of item that they belong to; all others are fields of products.
_MASTERED_KINDS: dict[str, Kind] = {Master.Group.CUSTOMERS: Kind.CUSTOMER, Master.Group.ORDERS: Kind.ORDER}


@dataclass(slots=True)
class ImportContext:
    """The job, seller and other values that applying a page needs."""

    job: Job
    seller_id: int
    log: SyncLog
    run_id: int | None
    now: datetime
    # When a full read started; None: it is another read.
    full_since: datetime | None = None
    price_list: PriceList | None = None
    # Whether no other connection of the seller writes stock: only then does absence at this source mean anything (C3).
    sole_stock_source: bool = False
    # Group of fields → its source of truth (L17). Without an entry, every source may write the group.
    masters: dict[str, Connection] = field(default_factory=dict)
    # The results of the records that were written, for a preview; None: they are not collected.
    results: "list[WriteResult] | None" = None

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
    `unresolved`: what the item or a part of it, by kind and our ID, refers to but is not here yet (C2).
    """

    record: Record
    item_id: int
    kind: str
    changes: Changes | None
    links: dict[tuple[str, str], int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    complete: bool = True
    state: ItemStatus.State = ItemStatus.State.SYNCED
    missing: bool = False
    unresolved: dict[tuple[Kind, int], Collection[Reference]] = field(default_factory=dict)


def not_master_problem(context: ImportContext, group: str, names: Sequence[str]) -> Problem:
    """The problem for values that were not saved because another source is the source of truth (L17)."""
    kind = _MASTERED_KINDS.get(group, Kind.PRODUCT)
    labels = ", ".join(change_label(kind, name) for name in names)
    return issues.NOT_SOURCE_OF_TRUTH(owner=str(context.masters[group]), group=Master.Group(group).label, fields=labels)


class DuplicateClaims(Exception):
    """Two records of a page claim the same ID or number. Applied one by one, the second conflicts with the first."""


def link_kind(data_type: str, record: Record) -> str:
    """The link kind of a record: per storefront for categories (B12), separate for image feeds, else the item kind."""
    if isinstance(record, CategoryRecord):
        return f"{Kind.CATEGORY}@{record.tree}" if record.tree else str(Kind.CATEGORY)
    if isinstance(record, GalleryRecord):
        return GALLERY
    return _KINDS[data_type]


def link_kinds(data_type: str, record: Record) -> list[str]:
    """The link kinds that a record may have."""
    also = [VARIANT_ITEM] if isinstance(record, ProductRecord) else []
    return [link_kind(data_type, record), *also]


def plain_kind(link_kind: str) -> str:
    """The kind of item of a link kind: `category` of `category@2`, `variant` of `variant/products`."""
    return link_kind.partition("/")[0].partition("@")[0]


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
        sole_stock_source=_is_sole_stock_source(job, seller_id, masters),
    )


def _is_sole_stock_source(job: Job, seller_id: int, masters: Iterable[Master]) -> bool:
    """Whether the job's connection is the source of truth for stock, or the seller's only source of it."""
    if job.data_type not in (DataType.PRODUCTS, DataType.STOCK) or not _reads_stock(job):
        return False
    owner = next((master.connection_id for master in masters if master.group == Master.Group.STOCK), None)
    if owner is not None:
        return owner == job.connection_id
    others = Job.objects.filter(
        direction=Direction.IMPORT, data_type=DataType.PRODUCTS, enabled=True, connection__seller=seller_id
    ).exclude(connection=job.connection)
    return not any(map(_reads_stock, others.select_related("connection")))


def _reads_stock(job: Job) -> bool:
    source = adapter_for(job.connection.platform).sources().get(DataType(job.data_type))
    return source is not None and source.reads_stock


def known_id(known: Links, kind: str, record: Record) -> int | None:
    link = known.get((kind, record.external_id))
    return link.item_id if link else None
