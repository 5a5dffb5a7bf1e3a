"""The standard suite for reading: what holds for every adapter whatever its platform answers (C1, C4, C6)."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any

import orjson
import pytest

from connectors.adapters.registry import adapters
from connectors.engine.applying.preparing import prepare
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import ConnectorError, ListingRepeats
from connectors.sdk.reading import Reader, ReadState
from connectors.sdk.records import Record
from hub.kinds import DataType, Role
from sandbox.process import SandboxProcess
from tests.adapters.cases import CASES
from tests.adapters.reading import SMALL_PAGES, first_page, pages, read_all
from tests.adapters.replaying import ODD_VALUES, Replayer

IMPORTS = [(key, each) for key, adapter in adapters().items() for each in adapter.sources()]
EVERY_IMPORT = pytest.mark.parametrize(("key", "data_type"), IMPORTS)
Open = Callable[..., Adapter[Any]]
Platform = Callable[[str], SandboxProcess]
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@EVERY_IMPORT
def test_a_byte_order_mark_and_padding_are_ignored(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform
) -> None:
    expected = first_page(open_adapter(key), data_type)
    platform(key).fault("rewrite", find=r"\A", replace="\xef\xbb\xbf", items=1)
    assert first_page(open_adapter(key), data_type) == expected
    platform(key).clear_faults()
    if key != "image_feed":  # its lines end where the file ends
        platform(key).fault("rewrite", find=r"\Z", replace=" \r\n\x00", items=1)
        assert first_page(open_adapter(key), data_type) == expected


def texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from texts(each)
        case list():
            for each in value:
                yield from texts(each)


def distinctive_text(records: list[Record]) -> tuple[Record, str] | None:
    """A record that is not the first, and a text of it that occurs in no other record; None if there is none."""
    everywhere = Counter(text for record in records for text in texts(record.raw))
    for record in records[1:] or records:
        used = f"{record}".split("updated_at=")[-1]
        for text in texts(record.raw):
            is_distinctive = everywhere[text] == 1 and re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9@.+ -]{3,}", text)
            if is_distinctive and f"'{text}'" in used and text != record.external_id:
                return record, text
    return None


# Settings are one item. Orders of these consist of texts that other orders have, too; Shopify's brands are their names.
WITHOUT_TEXTS = {(key, DataType.ORDERS) for key in ("magento", "netsuite", "seller_center_oms")}
WITHOUT_TEXTS |= {("shopify", DataType.BRANDS)}
WITH_TEXTS = [(key, each) for key, each in IMPORTS if each != DataType.SETTINGS]


@pytest.mark.parametrize(("key", "data_type"), WITH_TEXTS)
@pytest.mark.parametrize("broken", ["\\ud83d", "\xff"], ids=["half an emoji", "invalid UTF-8"])
def test_half_a_character_costs_its_item_only(
    key: str, data_type: DataType, broken: str, open_adapter: Open, platform: Platform
) -> None:
    expected = first_page(open_adapter(key), data_type)
    chosen = distinctive_text(expected)
    if chosen is None:
        assert (key, data_type) in WITHOUT_TEXTS
        return
    odd, text = chosen
    platform(key).fault("rewrite", find=f'"{re.escape(text)}"', replace=f'"{text}{broken}"', items=9)
    read = first_page(open_adapter(key), data_type)
    assert [record for record in read if record.external_id != odd.external_id] == [
        record for record in expected if record is not odd
    ]
    (found,) = [record for record in read if record.external_id == odd.external_id]
    assert [problem.code for problem in found.problems if problem.fatal] == ["unreadable"]
    assert orjson.dumps([problem.values for problem in found.problems])


# All queries of these have one path, and a feed's file is fetched for each page: nothing to repeat.
PAGED = [(key, each) for key, each in IMPORTS if key not in ("netsuite", "image_feed", "shopify")]


@pytest.mark.parametrize(("key", "data_type"), PAGED)
def test_a_listing_that_ignores_its_cursor_is_refused(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform
) -> None:
    number = len(pages(open_adapter(key), data_type))
    platform(key).fault("repeat")
    if number == 1:
        read_all(open_adapter(key), data_type)
        return
    with pytest.raises(ConnectorError) as raised:
        read_all(open_adapter(key), data_type)
    # Magento lists the variants of a page at the same path, so they are the first to be repeated.
    assert isinstance(raised.value, ListingRepeats) or (key, data_type) == ("magento", DataType.PRODUCTS)


def as_time(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@EVERY_IMPORT
def test_a_change_dated_in_the_future_blocks_nothing(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform
) -> None:
    """It is read and reported, its date is dropped, and the cut date stays behind the clocks (C1)."""
    expected, _ = read_all(open_adapter(key), data_type, since=LONG_AGO)
    dated = {
        record.external_id: (moment, text)
        for record in expected
        if isinstance(record.raw, dict)
        for name in ("updated_at", "date_modified", "date_modified_gmt", "updatedAt")
        if (moment := as_time(text := str(record.raw.get(name))))
    }
    readable = {record.external_id for record in expected if record.updated_at}
    if not readable:
        return  # the platform tells no dates of change
    latest, _ = max(dated[external_id] for external_id in readable)
    odd = {external_id for external_id in readable if dated[external_id][0] >= latest}
    changed = {text for moment, text in dated.values() if moment >= latest}
    in_2099 = re.sub(r"20[0-9][0-9]", "2099", min(changed), count=1)
    # Followed by an ID, it is the position of the next page.
    find = f'"({"|".join(map(re.escape, changed))})"(?!,"id")'
    platform(key).fault("rewrite", find=find, replace=f'"{in_2099}"', items=1)
    before = datetime.now(UTC)
    read, cuts = read_all(open_adapter(key), data_type, since=LONG_AGO)
    assert {record.external_id for record in read} == {record.external_id for record in expected}
    reported = [record for record in read if any(each.code == "changed_in_future" for each in record.problems)]
    assert reported and {record.external_id for record in reported} <= odd
    assert all(record.updated_at is None for record in reported)
    assert cuts == sorted(cuts) and all(cut <= before + timedelta(seconds=5) for cut in cuts)
    assert all(record.updated_at is None or record.updated_at < before + timedelta(days=1) for record in read)


@EVERY_IMPORT
def test_the_cut_date_never_passes_the_clock_of_the_source(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform
) -> None:
    platform(key).fault("rewrite", headers={"Date": "Tue, 02 Jan 2001 00:00:00 GMT"})
    reader = Reader(open_adapter(key), data_type)
    page, state = reader.read_page(since=LONG_AGO, cursor=None, state=ReadState(), now=datetime.now(UTC))
    assert state.limit is not None and state.limit <= datetime(2001, 1, 2, tzinfo=UTC)
    assert page.cut is None or page.cut <= state.limit
    again = ReadState.from_json(orjson.loads(orjson.dumps(state.as_json())))
    assert again == state


FILTERED = [(key, data_type) for key in sorted(adapters()) for data_type in sorted(CASES[key].filters)]


@pytest.mark.parametrize(("key", "data_type"), FILTERED)
def test_a_filter_holds_for_lists_and_fetches_alike(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform
) -> None:
    """An event about an excluded item must not bring it in (C6)."""
    everything = {record.external_id for record in read_all(open_adapter(key), data_type)[0]}
    filtered = open_adapter(key, **CASES[key].filters[data_type])
    expected = {record.external_id for record in read_all(filtered, data_type)[0]}
    assert expected < everything and expected
    changed = {record.external_id for record in read_all(filtered, data_type, since=LONG_AGO)[0]}
    fetched, excluded = Reader(filtered, data_type).fetch(sorted(everything), now=datetime.now(UTC))
    assert changed == expected == {record.external_id for record in fetched}
    assert not excluded & expected


# Columns without a value are left out; a feed's lines have a test of their own; brands are parts of an attribute,
# or mere names.
NOT_REWRITTEN = {
    *(("netsuite", DataType.PRODUCTS), ("netsuite", DataType.ORDERS)),
    *(("image_feed", DataType.PRODUCTS), ("magento", DataType.BRANDS), ("shopify", DataType.BRANDS)),
}
# Where a listing is, if its first call is about something else or its names occur in other calls.
LISTING_PATHS = {
    ("magento", DataType.PRODUCTS): "/products$",
    ("magento", DataType.CATEGORIES): "/categories/list$",
    ("tryton", DataType.PRODUCTS): "/product.template$",
    ("tryton", DataType.ORDERS): "/sale.sale$",
}
# How a name is found in an item, if the page around it has the same.
IN_AN_ITEM = {"items": r'"items":(?=\[\{"(item_id|id_sales_order_item|\w+)":[^\[]*"(price|sku)")'}
REQUIRED = [
    (key, data_type, path)
    for key, adapter in adapters().items()
    for data_type, source in adapter.sources().items()
    for path in source.required
    if "." not in path and data_type != DataType.SETTINGS and (key, data_type) not in NOT_REWRITTEN
]


@EVERY_IMPORT
def test_every_source_says_what_its_items_always_have(key: str, data_type: DataType) -> None:
    """An answer without it is incomplete; without such a list, it would be read as "none"."""
    source = adapters()[key].sources()[data_type]
    assert source.required and len(set(source.required)) == len(source.required)


@pytest.mark.parametrize(("key", "data_type", "path"), REQUIRED)
def test_an_item_that_lacks_what_every_item_has_is_refused(
    key: str, data_type: DataType, path: str, open_adapter: Open, platform: Platform
) -> None:
    """The others of the page are read; nothing of this one is taken as "none" (C3)."""
    expected = first_page(open_adapter(key), data_type)
    assert not any(problem.code == "incomplete" for record in expected for problem in record.problems)
    find = IN_AN_ITEM.get(path, f'"{path}":')
    listing = LISTING_PATHS.get((key, data_type), "")
    platform(key).fault("rewrite", path=listing, find=find, replace=f'"former_{path}":', items=1, times=1)
    read = first_page(open_adapter(key), data_type)
    changed = [record for record in read if record not in expected]
    assert len(read) == len(expected) and len(changed) == 1
    assert any(problem.fatal for problem in changed[0].problems)


# Reads of one stream of a platform, each with one odd value somewhere.
ODD_READS = 20
# Fields that join rows, or that are needed for all items: without them the page is tried again.
JOINING = {
    *(
        "id",
        "entity_id",
        "order_id",
        "item",
        "previousdoc",
        "parent",
        "number",
        "key",
        "code",
        "attribute_id",
        "attribute_code",
    ),
    *("options", "base_currency_code", "weight_unit", "weight_units", "value", "label", "is_active"),
}


@pytest.mark.parametrize("key", sorted({key for key, _ in IMPORTS} - {"image_feed"}))
def test_an_odd_value_costs_its_item_only(
    key: str, open_adapter: Open, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands in a field, the others of the page are read, and what is read can be prepared (C4, M11)."""
    # An ERP's items are joined from the rows of several tables.
    joins_rows = adapters()[key].role == Role.ERP
    for data_type in adapters()[key].sources():
        replayer, chance = Replayer(monkeypatch), Random(f"{key} {data_type}")
        expected = [
            record.external_id for record in first_page(open_adapter(key, **SMALL_PAGES.get(key, {})), data_type)
        ]
        places = list(replayer.places())
        for _ in range(min(ODD_READS, len(places) * len(ODD_VALUES))):
            (call, path), value = chance.choice(places), chance.choice(ODD_VALUES)
            replayer.replace(call, path, value)
            where = (call.url, path, value[:60])
            try:
                found = first_page(open_adapter(key, **SMALL_PAGES.get(key, {})), data_type)
            except ConnectorError:
                assert joins_rows or set(path) & JOINING or data_type == DataType.SETTINGS, where
                continue
            assert len(found) >= len(expected) - 1 or joins_rows or set(path) & JOINING, where
            for record in found:
                if not any(problem.fatal for problem in record.problems):
                    assert record.external_id not in ("", "0"), where
                    prepare(record)
        monkeypatch.undo()


# Calls for what belongs to a single item.
DETAIL_PATHS = {
    ("bigcommerce", DataType.ORDERS): "/orders/[0-9]+/products$",
    ("woocommerce", DataType.PRODUCTS): "/products/[0-9]+/variations$",
}


@pytest.mark.parametrize(("key", "data_type"), sorted(DETAIL_PATHS))
def test_an_item_whose_details_are_not_found_is_refused_alone(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform
) -> None:
    """Neither does the page fail, nor are the details taken as "none" (C3, C4)."""
    expected = first_page(open_adapter(key), data_type)
    body = {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID."}
    path = DETAIL_PATHS[key, data_type]
    platform(key).fault("status", path=path, status=404, times=1, body=body)
    read = first_page(open_adapter(key), data_type)
    (rejected,) = [record for record in read if record not in expected]
    assert len(read) == len(expected) and any(problem.fatal for problem in rejected.problems)
