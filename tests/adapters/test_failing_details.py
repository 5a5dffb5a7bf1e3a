"""Sources that need calls of their own for the details of each item: one whose calls fail costs nothing but itself."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.details import to_fetch_again
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.isolation import Isolation
from connectors.sdk.reading import Reader, ReadState
from connectors.sdk.records import Record
from hub.kinds import DataType
from sandbox.process import SandboxProcess

Open = Callable[..., Adapter[Any]]
Platform = Callable[[str], SandboxProcess]
WITH_DETAILS = [
    ("bigcommerce", DataType.ORDERS),
    ("shopify", DataType.ORDERS),
    ("woocommerce", DataType.PRODUCTS),
]


def read(adapter: Adapter[Any], data_type: DataType, isolation: Isolation) -> list[Record]:
    reader = Reader(adapter, data_type, isolation)
    page, _ = reader.read_page(since=None, cursor=None, state=ReadState(), now=datetime.now(UTC))
    return list(page.records)


@pytest.mark.parametrize(("key", "data_type"), WITH_DETAILS)
def test_an_item_whose_details_fail_is_left_out_if_others_are_answered(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform
) -> None:
    adapter = open_adapter(key)
    expected = {record.external_id: record for record in read(adapter, data_type, Isolation.NEVER)}
    before = adapter.http.calls
    read(adapter, data_type, Isolation.NEVER)
    left_out = 0
    for number in range(adapter.http.calls - before):
        for isolation in (Isolation.NEVER, Isolation.IF_OTHERS_ANSWER):
            platform(key).clear_faults()
            platform(key).fault("status", status=500, after=number, times=1)
            try:
                records = read(adapter, data_type, isolation)
            except TryAgainLater:
                continue
            again = to_fetch_again(records)
            left_out += 1
            assert isolation is not Isolation.NEVER and len(again) == 1 and again < expected.keys()
            assert {each.external_id: each for each in records if each.external_id not in again} == {
                external_id: each for external_id, each in expected.items() if external_id not in again
            }
        if left_out == 2:
            return
    raise AssertionError("The page has no two calls for the details of an item.")


@pytest.mark.parametrize(("key", "data_type"), WITH_DETAILS)
def test_an_outage_is_none_of_an_item(key: str, data_type: DataType, open_adapter: Open, platform: Platform) -> None:
    """The listing is answered, and everything after it is not."""
    platform(key).fault("status", status=500, after=1)
    with pytest.raises(TryAgainLater):
        read(open_adapter(key), data_type, Isolation.IF_OTHERS_ANSWER)


def test_one_order_by_its_id(open_adapter: Open, platform: Platform) -> None:
    """Fetched alone, it may be the platform; with others that are answered, or once the platform answers otherwise, it
    is the order."""
    adapter = open_adapter("bigcommerce")
    first, second = [each.external_id for each in read(adapter, DataType.ORDERS, Isolation.NEVER)][:2]
    platform("bigcommerce").fault("status", status=500, path=f"/orders/{first}$")

    def fetch(isolation: Isolation, *external_ids: str) -> set[str]:
        found, excluded = Reader(adapter, DataType.ORDERS, isolation).fetch(external_ids, now=datetime.now(UTC))
        assert not excluded and {each.external_id for each in found} == set(external_ids)
        return to_fetch_again(found)

    for isolation, ids in ((Isolation.NEVER, (first, second)), (Isolation.IF_OTHERS_ANSWER, (first,))):
        with pytest.raises(TryAgainLater):
            fetch(isolation, *ids)
    assert fetch(Isolation.IF_OTHERS_ANSWER, first, second) == {first}
    assert fetch(Isolation.ALWAYS, first) == {first}
