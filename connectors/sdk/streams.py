"""Streams: one class per data type and direction, with its properties as attributes and its behavior as methods."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.paging import Cursor, ExistingPage, IdPage, Page
from connectors.sdk.records import Record
from hub.kinds import DataType

ClientT = TypeVar("ClientT")
RecordT = TypeVar("RecordT", bound=Record)
ItemT = TypeVar("ItemT")
PayloadT = TypeVar("PayloadT")


@dataclass(frozen=True, slots=True)
class SizeSchedules:
    """Full schedules (hub.schedules) for catalogs with fewer than `threshold` products, and for larger ones (F3)."""

    threshold: int
    below: str
    above: str


class ComparisonDepth(StrEnum):
    """How much of its data a target lets us read back."""

    PRESENCE = "presence"
    CONTENT = "content"


class Stream(ABC, Generic[ClientT]):
    """Base of sources and targets. `client` is the adapter's: all its streams share it, including its caches.

    Streams with the same `lane` never run concurrently. Schedules are the defaults of new jobs (hub.schedules); empty:
    none.
    """

    data_type: ClassVar[DataType]
    lane: ClassVar[str]
    full_schedule: ClassVar[str | SizeSchedules] = ""

    def __init__(self, client: ClientT) -> None:
        self.client = client


class Source(Stream[ClientT], Generic[ClientT, RecordT]):
    """Imports one data type.

    - `depends_on`: data types to import first, such as categories before products
    - `required`: names that every `Record.raw` has, such as `variants`, or `variants.id` for a list's objects. An item
      that lacks one is refused: read as "none", it would remove what is there
    - `reads_stock`: whether its records have the stock of all locations, so that stock they do not have is gone
    """

    partial_schedule: ClassVar[str] = ""
    depends_on: ClassVar[tuple[DataType, ...]] = ()
    required: ClassVar[tuple[str, ...]] = ()
    reads_stock: ClassVar[bool] = False

    @abstractmethod
    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[RecordT]:
        """The next page of all items (`since` None), or of those changed since then (aware, UTC).

        Must be repeatable: the same cursor may be requested again after a crash. An item that is updated while paging
        must not cause others to be missed: page by key, not by offset, if the vendor allows it.
        """

    @abstractmethod
    def fetch(self, external_ids: Sequence[str]) -> list[RecordT]:
        """The given items that exist, in as few calls as the vendor allows. Missing ones are left out."""

    def includes(self, raw: Any) -> bool:
        """Whether the item with this `Record.raw` passes the filters of the connection (channel, store view, seller).

        The engine drops all others, from lists, events and single fetches alike (C6). `read_page` and `fetch` should
        ask the platform for as few of them as possible. Must return True for what it cannot read.
        """
        return True

    def excluded(self, external_ids: Collection[str]) -> set[str]:
        """Of the IDs that `fetch` did not return, those that exist nevertheless, and that the settings exclude.

        Such an item is not treated as deleted. None by default.
        """
        return set()


class Target(Stream[ClientT], Generic[ClientT, ItemT, PayloadT]):
    """Exports one data type.

    `batch_size` is the most operations of one `send`; `shards` splits the lane by item, for targets that allow parallel
    writes. `comparable`: how much can be read back for a comparison (N9); None: no comparison is possible.
    """

    batch_size: ClassVar[int] = 1
    shards: ClassVar[int] = 1
    comparable: ClassVar[ComparisonDepth | None] = None

    @abstractmethod
    def payload(self, item: ItemT, refs: References) -> PayloadT | None:
        """The item in the target's format: JSON-serializable and deterministic, since its hash decides whether to send.

        None: the item does not belong at this target; it is removed there if it was sent before. SkipRecord for an
        item that cannot be represented. Must not make calls: it runs while `send` uses the HTTP client in another
        thread.
        """

    @abstractmethod
    def send(self, operations: Sequence[Operation[PayloadT]]) -> list[Outcome]:
        """Write at most `batch_size` operations in as few calls as possible. Returns one outcome each, in order.

        Must be safe to repeat: upsert by ID, or look up before creating. An exception applies to the whole batch;
        `BatchRejected` if the target rejected the batch as a whole.
        """

    def read_existing(self, *, cursor: Any) -> ExistingPage[PayloadT]:
        """The next page of the target's data of this type; only called if `comparable` is set.

        A `Listing` with `ComparisonDepth.PRESENCE` need not override it. Must raise instead of returning an incomplete
        page.
        """
        if not isinstance(self, Listing):
            raise NotImplementedError
        ids, following = self.list_ids(cursor=cursor)
        return ExistingPage(dict.fromkeys(ids), following)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        """The IDs that exist at the target; only called if `comparable` is set.

        Must raise instead of returning an incomplete result, because other IDs count as missing.
        """
        if not isinstance(self, Listing):
            raise NotImplementedError
        return self.lookup(external_ids)


class PolledReceipts(ABC, Generic[PayloadT]):
    """A mixin for targets that queue requests and are polled for the results."""

    @abstractmethod
    def poll(self, operations: Sequence[Operation[PayloadT]]) -> list[Outcome]:
        """The outcomes of operations for which `send` returned `Queued`; `Queued` again if there is no result yet.

        Raises as `send` does. An outcome with TryAgainLater means that the item has to be sent again.
        """


class Listing(ABC, Generic[ClientT]):
    """Lists which items of a kind exist: a mixin for streams, or a class of its own in `Adapter.listings`."""

    kind: ClassVar[str]
    client: ClientT

    def __init__(self, client: ClientT) -> None:
        self.client = client

    @abstractmethod
    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        """The IDs that exist at the platform (L11). Must raise instead of returning an incomplete result."""

    @abstractmethod
    def list_ids(self, *, cursor: Any) -> IdPage:
        """The next page of all IDs of the kind at the platform (L15); `cursor` is None for the first page.

        Includes items that the settings exclude from the import. Must raise instead of returning an incomplete page.
        """
