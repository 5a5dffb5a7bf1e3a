"""Reading a source to its end."""

from datetime import datetime

import orjson

from connectors.sdk.adapter import Adapter
from connectors.sdk.paging import Page
from connectors.sdk.records import Record
from hub.kinds import DataType


def pages(adapter: Adapter, data_type: DataType, *, since: datetime | None = None, most: int = 200) -> list[Page]:
    read: list[Page] = []
    cursor = None
    while len(read) < most:
        read.append(adapter.read_page(data_type, since=since, cursor=cursor))
        cursor = read[-1].cursor
        if cursor is None:
            return read
    raise AssertionError(f"{data_type} did not end after {most} pages")


def records(adapter: Adapter, data_type: DataType, *, since: datetime | None = None) -> list[Record]:
    return [record for page in pages(adapter, data_type, since=since) for record in page.records]


def by_id(read: list[Record]) -> dict[str, Record]:
    return {record.external_id: record for record in read}


def all_ids(adapter: Adapter, kind: str, *, most: int = 200) -> list[str]:
    """Everything of a kind that exists there, by `list_ids`."""
    listed: list[str] = []
    cursor = None
    for _ in range(most):
        page = adapter.list_ids(kind, cursor=cursor)
        listed += page.ids
        cursor = orjson.loads(orjson.dumps(page.cursor))
        if cursor is None:
            return listed
    raise AssertionError(f"{kind} did not end after {most} pages")
