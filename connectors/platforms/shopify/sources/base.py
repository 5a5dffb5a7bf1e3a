"""Base classes of all sources of a store: from objects to records, and pages of what has changed."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connectors.platforms.shopify.client import NODE_ERROR, ShopifyClient, number_of
from connectors.sdk import issues
from connectors.sdk.errors import ListingRepeats
from connectors.sdk.field_reader import FieldReader, MalformedField
from connectors.sdk.paging import Page
from connectors.sdk.records import Problem, Record
from connectors.sdk.streams import Source

RecordT = TypeVar("RecordT", bound=Record)


class StoreSource(Source[ShopifyClient, RecordT]):
    lane = "catalog"

    @abstractmethod
    def build(self, raw: Any, problems: list[Problem]) -> RecordT:
        """The record of an object; problems are added to `problems`. MalformedField if the object cannot be read."""

    @abstractmethod
    def placeholder(self, number: str) -> RecordT:
        """A record for an object that cannot be read."""

    def records(self, rows: Iterable[Any]) -> list[RecordT]:
        return [self._record(row) for row in rows]

    def _record(self, raw: Any) -> RecordT:
        problems: list[Problem] = []
        try:
            if has_error(raw):
                record = self._unreadable(raw)
                problems = [issues.UNREADABLE(field="Details", reason=f"Shopify reports: {raw[NODE_ERROR][:300]}")]
            else:
                record = self.build(raw, problems)
        except MalformedField as error:
            record = self._unreadable(raw)
            problems = [issues.UNREADABLE(field=error.name, reason=error.reason)]
        record.raw, record.problems = raw, problems
        return record

    def _unreadable(self, raw: Any) -> RecordT:
        return self.placeholder((number_of(raw.get("id")) if isinstance(raw, dict) else "") or "unknown")

    def read_again(self, records: list[RecordT]) -> list[RecordT]:
        """The records of a page. Those that an error is about are fetched by themselves, because it may have passed."""
        ids = [each.external_id for each in records if has_error(each.raw) and each.raw["id"]]
        again = {each.external_id: each for each in self.fetch(ids)} if ids else {}
        return [again.get(each.external_id, each) if has_error(each.raw) else each for each in records]


def has_error(row: Any) -> bool:
    """Whether the store reported an error about this node instead of its fields."""
    return isinstance(row, dict) and NODE_ERROR in row


def changed_since(since: datetime | None) -> str | None:
    """The vendor's filter for what has changed since then; seconds, because it has no fractions."""
    return None if since is None else f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"


def changed_page(
    records: Sequence[RecordT],
    rows: Sequence[Any],
    after: str | None,
    since: datetime,
    *,
    whole_days: bool = False,
) -> Page[RecordT]:
    """A page of what has changed since then, oldest change first.

    The cursor is a place in the order of changes, so what changes during the read comes again at its end.
    ListingRepeats if everything is older: the store ignored the filter, which may be one by `whole_days`.
    """
    changes = [changed for row in rows if (changed := _changed_at(row))]
    earliest = since.replace(microsecond=0) - timedelta(days=whole_days)
    if rows and changes and max(changes) < earliest:
        raise ListingRepeats("Shopify returned only older items: it ignores the date of the request.")
    cut = changes[-1] if changes else None
    return Page(records, {"after": after} if after else None, cut=cut and max(cut, since))


def _changed_at(row: Any) -> datetime | None:
    """When an object was changed, to the second; None if the time is missing or malformed."""
    try:
        return FieldReader.parse_time(row["updatedAt"]).replace(microsecond=0)
    except (KeyError, TypeError, ValueError):
        return None
