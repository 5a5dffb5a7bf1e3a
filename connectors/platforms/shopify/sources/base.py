"""The base class of all sources of a store, and pages of what has changed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connectors.platforms.shopify.client import ShopifyClient, number_of
from connectors.sdk.errors import ListingRepeats
from connectors.sdk.field_reader import FieldReader
from connectors.sdk.field_sources import FieldSource
from connectors.sdk.paging import Page
from connectors.sdk.records import Record

RecordT = TypeVar("RecordT", bound=Record)


class StoreSource(FieldSource[ShopifyClient, RecordT]):
    lane = "catalog"

    def row_id(self, raw: Any) -> str:
        return number_of(raw.get("id")) if isinstance(raw, dict) else ""


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
