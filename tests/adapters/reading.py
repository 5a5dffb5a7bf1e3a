"""Helpers that read all pages of a source."""

from datetime import datetime
from typing import Any

import orjson

from connectors.sdk.adapter import Adapter
from connectors.sdk.paging import Page
from connectors.sdk.records import Record
from hub.kinds import DataType


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
