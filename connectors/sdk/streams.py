"""Streams: one class per data type and direction, with what it is as attributes and what it does as methods."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.paging import Cursor, HeldPage, IdPage, Page
from connectors.sdk.records import Record
from hub.kinds import DataType

ClientT = TypeVar("ClientT")
RecordT = TypeVar("RecordT", bound=Record)
ItemT = TypeVar("ItemT")
PayloadT = TypeVar("PayloadT")


@dataclass(frozen=True, slots=True)
class SizeSchedules:
    """Full schedules (hub.schedules) of catalogues with fewer than `threshold` products, and of larger ones (F3)."""

    threshold: int
    below: str
    above: str


class ComparisonDepth(StrEnum):
    """How much of what it holds a target lets us read back."""

    PRESENCE = "presence"
    CONTENT = "content"


class Stream(Generic[ClientT]):
    """What sources and targets share. `client` belongs to the adapter: all its streams share it, caches included.

    Streams with the same `lane` never run side by side. Schedules are those of new jobs (hub.schedules); empty: none.
    """

    data_type: ClassVar[DataType]
    lane: ClassVar[str]
    full_schedule: ClassVar[str | SizeSchedules] = ""

    def __init__(self, client: ClientT) -> None:
        self.client = client


class Source(Stream[ClientT], Generic[ClientT, RecordT]):
    """Reads one data type. `depends_on`: data types whose full import comes first (a product names its categories)."""

    partial_schedule: ClassVar[str] = ""
    depends_on: ClassVar[tuple[DataType, ...]] = ()

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[RecordT]:
        """The next page of everything (`since` None), or of what changed since then (aware, UTC).

        Must be repeatable: the same cursor may be asked for again after a crash. An item that is updated while
        paging must not hide its neighbour: page by key, not by offset, where the vendor allows it.
        """
        raise NotImplementedError

    def fetch(self, external_ids: Sequence[str]) -> list[RecordT]:
        """Those of the named items that exist, in as few calls as the vendor allows. Missing ones are left out."""
        raise NotImplementedError


class Target(Stream[ClientT], Generic[ClientT, ItemT, PayloadT]):
    """Writes one data type.

    `batch_size` bounds the operations of one `send`; `shards` splits the lane by item, for targets that allow parallel
    writes. `comparable`: what of it can be read back in full, so that a comparison can be made (N9).
    """

    batch_size: ClassVar[int] = 1
    shards: ClassVar[int] = 1
    comparable: ClassVar[ComparisonDepth | None] = None

    def payload(self, item: ItemT, refs: References) -> PayloadT | None:
        """The item as this target wants it: JSON-able and deterministic, since its hash decides whether it is sent.

        Makes no calls: it runs while `send` uses the HTTP client in another thread.
        None: the item does not belong at this target (filtered out); it is removed there if it was sent before.
        Raises SkipRecord for an item that cannot be expressed.
        """
        raise NotImplementedError

    def send(self, operations: Sequence[Operation[PayloadT]]) -> list[Outcome]:
        """Write at most `batch_size` operations in as few calls as possible. One outcome each, in order.

        Must be safe to repeat: upsert by ID, or look before creating. Raises for the whole batch; `BatchRefused`
        where the target refused it without telling which item.
        """
        raise NotImplementedError

    def read_held(self, *, cursor: Any) -> HeldPage[PayloadT]:
        """The next page of what the target holds of this data type; only called for what is `comparable`.

        A target of `ComparisonDepth.PRESENCE` that is a `Listing` needs none of its own. Raises rather than return part
        of a page.
        """
        if not isinstance(self, Listing):
            raise NotImplementedError
        ids, following = self.list_ids(cursor=cursor)
        return HeldPage(dict.fromkeys(ids), following)

    def find_held(self, external_ids: Collection[str]) -> set[str]:
        """Which of the IDs exist at the target; only called for what is `comparable`.

        Raises rather than answer in part: what is left out counts as missing.
        """
        if not isinstance(self, Listing):
            raise NotImplementedError
        return self.lookup(external_ids)


class PolledReceipts(Generic[PayloadT]):
    """A mixin of targets that queue what they take and are asked later what became of it, without sending again."""

    def poll(self, operations: Sequence[Operation[PayloadT]]) -> list[Outcome]:
        """What became of operations that `send` answered with `Queued`; `Queued` again for what is still open.

        Raises as `send` does. An outcome with TryAgainLater means that the item has to be sent again.
        """
        raise NotImplementedError


class Listing(Generic[ClientT]):
    """A mixin of streams, or a class of its own in `Adapter.listings`: tells which items of a kind exist."""

    kind: ClassVar[str]
    client: ClientT

    def __init__(self, client: ClientT) -> None:
        self.client = client

    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        """Which of the IDs exist there (L11). Raises rather than answer in part."""
        raise NotImplementedError

    def list_ids(self, *, cursor: Any) -> IdPage:
        """The next page of the IDs of everything of the kind that exists there (L15); `cursor` None begins.

        Whatever the settings leave out of an import is listed as well. Raises rather than return part of a page.
        """
        raise NotImplementedError
