"""Customers are sent to a BigCommerce store, matched by email address."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import BatchRejected, SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome
from connectors.sdk.records import AddressRecord
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import customer
from tests.adapters.writing import NOTHING, creations

Open = Callable[..., Adapter[Any]]
CUSTOMERS = DataType.CUSTOMERS
MAP = {"customers": {"accounting_id": "Account number", "discount_percentage": "Discount percentage", "tax_id": "VAT"}}


@pytest.fixture
def store(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("bigcommerce_target")


@pytest.fixture
def adapter(open_adapter: Open) -> Adapter[Any]:
    return open_adapter("bigcommerce_target", customers=True, field_map=MAP)


def address(street: str, **more: Any) -> AddressRecord:
    return AddressRecord(use="billing", street=street, city="Leeds", country="GB", **more)


def send(adapter: Adapter[Any], *items: Any, before: Any = None) -> list[Outcome]:
    operations = creations(adapter, CUSTOMERS, items)
    if before is not None:
        (previous,) = creations(adapter, CUSTOMERS, [before])
        operations = [replace(each, previous=previous.payload) for each in operations]
    return adapter.target(CUSTOMERS).send(operations)


def stored(adapter: Adapter[Any], number: str) -> dict[str, Any]:
    query = {"id:in": number, "include": "addresses,attributes"}
    (row,) = adapter.http.get("/v3/customers", params=query).json()["data"]
    return row | {"attributes": {each["attribute_id"]: each["attribute_value"] for each in row["attributes"]}}


def test_a_customer_is_created_once_and_changed(adapter: Adapter[Any], store: SandboxProcess) -> None:
    """With group, attributes and addresses; addresses that were added in the store are kept."""
    item = customer(
        1, group="trade", accounting_id="A-7", discount_percentage=Decimal("10.50"), tax_id="GB1",
        addresses=[address("1 High Street"), address("2 Low Road"), address("", region="Kent")],
    )  # fmt: skip
    (created,) = send(adapter, item)
    assert created.error is None
    assert [each.code for each in created.warnings] == ["address_left_out", "customer_field_unknown"]
    row = stored(adapter, created.external_id)
    assert (row["email"], row["customer_group_id"], row["channel_ids"]) == (item.email, 1, [1])
    assert set(row["attributes"].values()) == {"A-7", "10.5"} and len(row["addresses"]) == 2
    theirs = {**row["addresses"][0], "customer_id": row["id"], "address1": "Their own"}
    body = [{name: theirs[name] for name in theirs if name not in ("id", "country")}]
    adapter.http.request("POST", "/v3/customers/addresses", body=body)
    changed = customer(1, group="none", first_name="Ada", accounting_id="", addresses=[address("3 New Road")])
    changed.email, changed.discount_percentage = item.email.upper(), Decimal(5)
    (again,) = send(adapter, changed, before=item)
    row = stored(adapter, created.external_id)
    assert again.external_id == created.external_id and (row["first_name"], row["customer_group_id"]) == ("Ada", 1)
    assert [each["address1"] for each in row["addresses"]] == ["Their own", "3 New Road"]
    assert list(row["attributes"].values()) == ["5"]
    store.clear_calls()
    send(adapter, changed, before=changed)
    assert {call["method"] for call in store.calls()} == {"GET"}


def test_ten_customers_need_three_calls(adapter: Adapter[Any], store: SandboxProcess) -> None:
    """To find them, to know the groups and attributes, and to create them."""
    people = [customer(number, email=f"p{number}@example.com", group="Press") for number in range(1, 11)]
    assert all(outcome.external_id for outcome in send(adapter, *people))
    assert [call["method"] for call in store.calls()].count("POST") == 1 and len(store.calls()) <= 4


def test_a_customer_of_another_storefront_gets_access(open_adapter: Open, adapter: Adapter[Any]) -> None:
    (created,) = send(adapter, customer(1))
    outlet = open_adapter("bigcommerce_target", customers=True, channel_id=2)
    (again,) = send(outlet, customer(1))
    assert again.external_id == created.external_id
    assert stored(adapter, created.external_id)["channel_ids"] == [1, 2]


def test_what_the_store_rejects_is_reported(adapter: Adapter[Any]) -> None:
    with pytest.raises(BatchRejected, match="not an address"):
        send(adapter, customer(1, email="nobody"), customer(2, email="x@example.com"))
    with pytest.raises(SkipRecord) as raised:
        adapter.target(CUSTOMERS).payload(customer(1, first_name=" "), NOTHING)
    assert raised.value.problem.code == "customer_incomplete"


def test_customers_are_only_sent_if_the_settings_say_so(open_adapter: Open, adapter: Adapter[Any]) -> None:
    off = open_adapter("bigcommerce_target", customers=False)
    assert off.target(CUSTOMERS).payload(customer(1), NOTHING) is None
    (created,) = send(adapter, customer(1))
    gone: Operation[Any] = Operation(Action.REMOVE, 1, created.external_id, None)
    assert adapter.target(CUSTOMERS).send([gone])[0].error is None and stored(adapter, created.external_id)
