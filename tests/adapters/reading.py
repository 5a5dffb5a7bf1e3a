"""Helpers that read pages of a source: as the engine does, through `Reader`, or directly."""

from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.sdk.adapter import Adapter
from connectors.sdk.paging import Page
from connectors.sdk.reading import Reader, ReadState
from connectors.sdk.records import Record
from hub.kinds import DataType

# Settings with small pages, so that many reads take little time.
SMALL_PAGES = {"bigcommerce": {"page_size": 3}, "magento": {"page_size": 3}, "seller_center_oms": {"page_size": 3}}


def first_page(adapter: Adapter[Any], data_type: DataType) -> list[Record]:
    page, _ = Reader(adapter, data_type).read_page(since=None, cursor=None, state=ReadState(), now=datetime.now(UTC))
    return list(page.records)


def read_all(
    adapter: Adapter[Any], data_type: DataType, *, since: datetime | None = None, most: int = 100
) -> tuple[list[Record], list[datetime]]:
    """All records and cut dates."""
    reader, cursor, state = Reader(adapter, data_type), None, ReadState()
    records: list[Record] = []
    cuts: list[datetime] = []
    for _ in range(most):
        page, state = reader.read_page(since=since, cursor=cursor, state=state, now=datetime.now(UTC))
        records += page.records
        cuts += [page.cut] if page.cut else []
        cursor, state = page.cursor, ReadState.from_json(orjson.loads(orjson.dumps(state.as_json())))
        if cursor is None:
            return records, cuts
    raise AssertionError(f"{data_type} did not end after {most} pages")


def pages(
    adapter: Adapter[Any], data_type: DataType, *, since: datetime | None = None, most: int = 200
) -> list[Page[Any]]:
    read: list[Page[Any]] = []
    cursor = None
    while len(read) < most:
        read.append(adapter.source(data_type).read_page(since=since, cursor=cursor))
        cursor = read[-1].cursor
        if cursor is None:
            return read
    raise AssertionError(f"{data_type} did not end after {most} pages")


def records(adapter: Adapter[Any], data_type: DataType, *, since: datetime | None = None) -> list[Record]:
    return [record for page in pages(adapter, data_type, since=since) for record in page.records]


def by_id(read: list[Record]) -> dict[str, Record]:
    return {record.external_id: record for record in read}


def all_ids(adapter: Adapter[Any], kind: str, *, most: int = 200) -> list[str]:
    """All IDs of a kind at the platform, read with `list_ids`."""
    listed: list[str] = []
    listing = adapter.listing(kind)
    assert listing is not None
    cursor = None
    for _ in range(most):
        page = listing.list_ids(cursor=cursor)
        listed += page.ids
        cursor = orjson.loads(orjson.dumps(page.cursor))
        if cursor is None:
            return listed
    raise AssertionError(f"{kind} did not end after {most} pages")
