"""What an adapter is: declared attributes for what a platform is, a few methods for what it can do.

An adapter knows nothing of the hub's tables. It reads its platform into records (connectors.records) and writes items
(catalog.items, orders.items) to it. It keeps no state between calls but its HTTP client; it never sleeps, never
retries and never opens a transaction: errors go up as connectors.errors says, and the engine decides.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, field_validator

from connectors.http import HttpClient
from connectors.records import Problem, Record
from hub.kinds import ITEM_KIND, DataType, Role


class Schema(BaseModel):
    """Base of an adapter's `Settings`, `Credentials` and `FieldMap`: unknown names are refused, so that a typo is seen.

    Field titles and descriptions become the labels and help texts of the admin's form; fields of type `SecretStr` are
    never shown again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        if _holds_nul(value):
            raise ValueError("the character NUL cannot be stored: leave it out")
        return value


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_nul, (*value.keys(), *value.values())))
    if isinstance(value, list | tuple):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\x00" in value


@dataclass(frozen=True, slots=True)
class Rate:
    """A budget of `requests` per `seconds`, shared by all workers that use the same account."""

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SizeSchedules:
    """Full schedules (hub.schedules) of catalogues with fewer than `threshold` products, and of larger ones (F3)."""

    threshold: int
    below: str
    above: str


@dataclass(frozen=True, slots=True)
class Account:
    """One connection as an adapter sees it: by its own schemas, and with credentials decrypted."""

    base_url: str
    settings: Any
    credentials: Any
    field_map: Any = None
    name: str = ""


@dataclass(slots=True)
class Page:
    """A page read from a source. `cursor` goes into the next `read_page`; None means that this was the last.

    `cut` is set only by sources that sort by time of change: everything that changed before it has been read, so the
    job's cut date may move with this page. `total` is the number of items in all, if the source tells.
    """

    records: Sequence[Record]
    cursor: dict[str, Any] | None
    cut: datetime | None = None
    total: int | None = None


class IdPage(NamedTuple):
    """Ids that exist at a platform. `cursor` (JSON) goes into the next `list_ids`; None means that this was the last.
    What is deleted meanwhile must hide nothing: pages go by key where the vendor allows it."""

    ids: Sequence[str]
    cursor: Any


class ComparisonDepth(StrEnum):
    """How much of what it holds a platform tells."""

    PRESENCE = "presence"
    CONTENT = "content"


class HeldPage(NamedTuple):
    """What a platform holds: external id → its content in the shape of `payload`, None where only its presence is told.

    Fields that a content leaves out are not compared. `cursor` is that of `list_ids`.
    """

    items: Mapping[str, Any]
    cursor: Any


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"


@dataclass(slots=True)
class Operation:
    """One item to be written. `external_id` is empty for a create; `payload` is None for a remove.

    A remove may come without `external_id` too: a create of the item was not answered, so it may be there under an id
    that nobody was told. Look for it by our own key, and take its absence for success.

    `previous` is the payload last sent, for targets that take differences; `attempts` counts the tries that failed;
    `queued_at` is when the target took it into its queue (errors.Queued), as long as it has not said what became of it.
    """

    action: Action
    item_id: int
    external_id: str
    payload: Any
    previous: Any = None
    attempts: int = 0
    queued_at: datetime | None = None


@dataclass(slots=True)
class Outcome:
    """What became of one operation, in the order of the operations.

    `error` is None if it went through. `links` are further ids that the target gave: (kind, our id) → external id.
    `warnings` are problems that did not stop it; people read them as issues.
    """

    external_id: str = ""
    error: Exception | None = None
    links: dict[tuple[str, int], str] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)
    echo: Any = None


@dataclass(frozen=True, slots=True)
class EventReference:
    """What an event is about: one item of the platform, to be fetched. Events carry no content that is believed."""

    data_type: DataType
    external_id: str


# What reading a body raises that is not what the platform sends. The text is shown, and so holds no value of the body.
PAYLOAD_ERRORS = (ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a target says later about one variant of what it took into its queue (errors.Queued).

    The variant is named by its SKU, as vendors do. `external_id` is its id there and `product_id` its product's;
    `error` is the target's reason if it refused. `data_type` and `requested_at` (UTC) are those of the request that it
    answers.
    """

    data_type: DataType
    requested_at: datetime
    sku: str
    external_id: str = ""
    product_id: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class LogError:
    """An open issue as a target's sync log is told it. `external_id` carries its kind (`product:5`); `link`: where to
    mend it."""

    external_id: str
    message: str
    title: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class LogReport:
    """What is added to a target's sync log. An error whose id stands there is replaced; `resolved` are the ids of items
    that went through; `finished_at` (UTC) is the end of a full sync, and comes once, with the last part of it."""

    errors: Sequence[LogError] = ()
    resolved: Sequence[str] = ()
    finished_at: datetime | None = None


class Adapter:
    """Base of all platforms. A subclass in connectors/platforms/ is found by discovery.

    `imports` and `exports` name the data types it can read and write, each with its lane: what shares a lane never
    runs side by side. `shards` splits an export lane by item, for targets that allow parallel writes.
    """

    key: ClassVar[str]
    name: ClassVar[str]
    role: ClassVar[Role]
    Settings: ClassVar[type[Schema]] = Schema
    Credentials: ClassVar[type[Schema]] = Schema
    # Which of the platform's fields holds what of ours, where accounts differ in that (S5).
    FieldMap: ClassVar[type[Schema]] = Schema
    imports: ClassVar[dict[DataType, str]] = {}
    exports: ClassVar[dict[DataType, str]] = {}
    shards: ClassVar[dict[DataType, int]] = {}
    batch_size: ClassVar[dict[DataType, int]] = {}
    rate: ClassVar[Rate | None] = None
    # Data types whose full import needs another's first (a product names its categories).
    import_dependencies: ClassVar[dict[DataType, tuple[DataType, ...]]] = {}
    # Default schedules (hub.schedules) of new jobs: data type → (full, partial).
    schedules: ClassVar[dict[DataType, tuple[str, str]]] = {}
    # Full schedules of new jobs that follow the size of the catalogue until a person sets one.
    schedules_by_size: ClassVar[dict[DataType, SizeSchedules]] = {}
    # What of its exports the platform lets us read back in full, so that a proof can compare it (N9).
    comparable: ClassVar[dict[DataType, ComparisonDepth]] = {}
    # Whether the platform lets us order its webhooks, or a person tells it our address and the secret that we made.
    registers_webhooks: ClassVar[bool] = False
    manual_webhooks: ClassVar[bool] = False
    # False where a repeated create would make a second item and nothing can be looked up first.
    exactly_once: ClassVar[bool] = True
    # Whether payloads name items by their ids in the seller's shop (References.at_shop): the one that the connection's
    # setting `shop` names by its slug, else the seller's first.
    uses_shop_ids: ClassVar[bool] = False
    # Exports whose sync log the target keeps as well, and is told (D16–D22).
    keeps_sync_log: ClassVar[frozenset[DataType]] = frozenset()

    def __init__(self, account: Account, http: HttpClient) -> None:
        self.account = account
        self.http = http

    @classmethod
    def budget_key(cls, account: Account) -> str:
        """What the vendor counts requests by; connections with the same key share one budget."""
        return f"{cls.key}:{account.base_url}"

    @classmethod
    def deprecation_warnings(cls, settings: Any, *, today: date) -> list[str]:
        """What whoever looks after a connection with these settings should do before it hurts (an interface ends)."""
        return []

    def authenticate(self) -> dict[str, str]:
        """Headers that every request carries."""
        return {}

    def check(self) -> str:
        """Make the cheapest call that proves address and credentials; return a line for people (shop name, version).

        Raises NeedsAttention with a mend if they are wrong.
        """
        raise NotImplementedError(f"{type(self).__name__}.check")

    # Import side

    def read_page(self, data_type: DataType, *, since: datetime | None, cursor: dict[str, Any] | None) -> Page:
        """The next page of everything (`since` None), or of what changed since then (aware, UTC).

        Must be repeatable: the same cursor may be asked for again after a crash. An item that is updated while
        paging must not hide its neighbour: page by key, not by offset, where the vendor allows it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not import {data_type}")

    def fetch(self, data_type: DataType, external_ids: Sequence[str]) -> list[Record]:
        """Those of the named items that exist, in as few calls as the vendor allows. Missing ones are left out."""
        raise NotImplementedError(f"{type(self).__name__} does not fetch {data_type}")

    # Webhooks

    @classmethod
    def webhook_secrets(cls, account: Account, own: str) -> dict[str, str]:
        """Scheme (connectors.webhooks.schemes) → secret by which calls are trusted. `own` is the secret that we made
        for this connection."""
        return {"hmac": own, "header": own}

    @classmethod
    def read_event(cls, payload: dict[str, Any]) -> list[EventReference]:
        """The items that an event is about, all of one data type; empty if it says nothing that is synced.

        Raises one of `PAYLOAD_ERRORS` if it is not what the platform sends.
        """
        return []

    @classmethod
    def read_callback(cls, payload: dict[str, Any]) -> list[Receipt]:
        """What the platform tells about a request that it had queued; empty if the event is something else.

        Raises one of `PAYLOAD_ERRORS` if it is malformed. May come doubled, late, or never.
        """
        return []

    def register_webhooks(self, destination: str, headers: Mapping[str, str]) -> int:
        """See to it that the platform sends every event of ours to `destination`, with `headers`: make what is missing,
        renew what it deactivated, remove doubles. Returns how many hooks were made or renewed; 0: all was well.

        Only called where `registers_webhooks` is set.
        """
        raise NotImplementedError(f"{type(self).__name__}.register_webhooks")

    def remove_webhooks(self, destination: str) -> int:
        """Remove the hooks that send to `destination`, and return how many there were. Safe to repeat.

        Only called where `registers_webhooks` is set.
        """
        raise NotImplementedError(f"{type(self).__name__}.remove_webhooks")

    # Export side

    def payload(self, data_type: DataType, item: Any, refs: "References") -> Any:
        """The item as this target wants it: JSON-able and deterministic, since its hash decides whether it is sent.

        Makes no calls: it is asked for while `send` has the HTTP client in another thread.
        None: the item does not belong at this target (filtered out); it is removed there if it was sent before.
        Raises SkipRecord with a mend for an item that cannot be expressed.
        """
        raise NotImplementedError(f"{type(self).__name__} does not export {data_type}")

    def send(self, data_type: DataType, operations: Sequence[Operation]) -> list[Outcome]:
        """Write at most `batch_size` operations in as few calls as possible. One outcome each, in order.

        Must be safe to repeat: upsert by id, or look before creating. Raises for the whole batch; `BatchRefused`
        where the target refused it without telling which item.
        """
        raise NotImplementedError(f"{type(self).__name__} does not export {data_type}")

    # Sync log

    def start_log(self, data_type: DataType, *, started: datetime, finished_at: datetime | None) -> None:
        """A full sync began at `started`: the target's log begins anew, without the errors before it. `finished_at` is
        the end of the last full sync, if there was one. Safe to repeat.

        Only called for data types in `keeps_sync_log`, as is `add_to_log`.
        """
        raise NotImplementedError(f"{type(self).__name__}.begin_log")

    def add_to_log(self, data_type: DataType, report: LogReport) -> None:
        """Add to the target's log, thousands of items at a time. Safe to repeat. NoSuchLog if there is none."""
        raise NotImplementedError(f"{type(self).__name__}.add_to_log")

    def delete_logs(self) -> None:
        """The connection has ended: the logs of its store go (D22). Safe to repeat.

        Only called where `keeps_sync_log` is set.
        """
        raise NotImplementedError(f"{type(self).__name__}.delete_logs")

    # Existing

    def lookup(self, kind: str, external_ids: Iterable[str]) -> set[str]:
        """Which of the ids exist there (L11). Raises rather than answer in part."""
        raise NotImplementedError(f"{type(self).__name__} cannot look up {kind}")

    def list_ids(self, kind: str, *, cursor: Any) -> "IdPage":
        """The next page of the ids of everything of a kind that exists there (L15); `cursor` None begins.

        Whatever the settings leave out of an import is listed as well. Raises rather than give a part of a page.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot list {kind}")

    def read_held(self, data_type: DataType, *, cursor: Any) -> HeldPage:
        """The next page of everything of a data type that is there; only called for what is `comparable`.

        Raises rather than give a part of a page.
        """
        ids, following = self.list_ids(ITEM_KIND[data_type], cursor=cursor)
        return HeldPage(dict.fromkeys(ids), following)

    def holds(self, data_type: DataType, external_ids: Collection[str]) -> set[str]:
        """Which of the ids exist there, asked one by one or in batches; only called for what is `comparable`.

        Raises rather than answer in part: what is left out counts as missing.
        """
        return self.lookup(ITEM_KIND[data_type], external_ids)


class References:
    """External ids of items that a payload refers to: at the target by `refs.get("category", 17)`, in the seller's shop
    by `refs.shop_or_own_id("product", 5)`, which covers the item itself as well (Adapter.uses_shop_ids)."""

    def __init__(self, links: dict[tuple[str, int], str], at_shop: dict[tuple[str, int], str] | None = None) -> None:
        self._links = links
        self._at_shop = at_shop or {}

    def get(self, kind: str, item_id: int | None) -> str | None:
        return None if item_id is None else self._links.get((kind, item_id))

    def at_shop(self, kind: str, item_id: int | None) -> str | None:
        return None if item_id is None else self._at_shop.get((kind, item_id))

    def shop_or_own_id(self, kind: str, item_id: int) -> str:
        """The shop's id; of what the shop does not have, one of ours that cannot be taken for another's."""
        return self.at_shop(kind, item_id) or f"synccenter-{item_id}"


class FeedFile(AbstractContextManager["FeedFile"]):
    """The gzip file of an import while it is written, in constant memory; it is whole once the context is left."""

    def add(self, operation: Operation) -> None:
        raise NotImplementedError


class FeedAdapter(Adapter):
    """A target that takes one import at a time, as a file: search engines.

    Changes collect and go out as one import every `drain_seconds` (F7). `payload` is asked for each item as usual.
    """

    @property
    def drain_seconds(self) -> float:
        """How long changes collect before they go out (F7); from the connection's settings."""
        return 300.0

    @property
    def format(self) -> str:
        """Names the format of the files. A target that was fed in another one is sent everything anew."""
        return ""

    def key_of(self, operation: Operation) -> str:
        """The item's identity in the file, also where it is sent for the first time."""
        raise NotImplementedError

    def open_feed(self, path: str, *, replace_all: bool) -> FeedFile:
        """Begin a file that replaces everything, or changes what it names."""
        raise NotImplementedError

    def names_in(self, payload: Any) -> dict[tuple[str, str], str]:
        """(attribute, id) → the name that the payload gives it, where the target tells ids from names (F4)."""
        return {}

    def with_names(self, payload: Any, names: Mapping[tuple[str, str], str]) -> Any:
        """The payload with other names for its ids: within an import an id has one."""
        raise NotImplementedError

    def start_import(self, path: str, *, replace_all: bool, name: str, force: bool) -> "ImportResult":
        """Send the gzip file. Raises TryAgainLater (with `sent`) if the answer was lost."""
        raise NotImplementedError

    def poll_import(self, remote_id: str, *, path: str, replace_all: bool) -> "ImportResult":
        """How the import stands. The file is given as well: some targets name culprits only when it is checked."""
        raise NotImplementedError


class ImportState(StrEnum):
    DONE = "done"
    RUNNING = "running"
    REFUSED = "refused"
    HARMFUL = "harmful"
    BUSY = "busy"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class ImportResult:
    """`item_errors`: external id of an item → what is wrong with it; `raw` is the answer word for word."""

    state: ImportState
    remote_id: str = ""
    reason: str = ""
    item_errors: dict[str, str] = field(default_factory=dict)
    raw: Any = None
