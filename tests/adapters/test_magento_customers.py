"""Customers are sent to a Magento shop, matched by email address."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation
from connectors.sdk.records import AddressRecord
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import customer
from tests.adapters.writing import NOTHING, creations

Open = Callable[..., Adapter[Any]]
CUSTOMERS = DataType.CUSTOMERS


@pytest.fixture
def shop(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("magento_target")


@pytest.fixture
def adapter(open_adapter: Open) -> Adapter[Any]:
    return open_adapter("magento_target", customers=True)


def test_a_customer_is_created_once_and_changed(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    home = AddressRecord(use="billing", street="1 High Street", street2="Flat 2", city="Leeds", region="Kent")
    home.country, home.first_name, home.last_name = "GB", "Sam", "Buyer"
    elsewhere = AddressRecord(use="shipping", street="2 Low Road")
    item = customer(1, group="Wholesale", phone="1", addresses=[home, elsewhere])
    target = adapter.target(CUSTOMERS)
    (created,) = target.send(creations(adapter, CUSTOMERS, [item]))
    assert created.error is None and [each.code for each in created.warnings] == ["address_left_out"]
    (row,) = shop.state("customers")
    assert (row["email"], row["group_id"]) == (item.email, 2)
    assert row["addresses"][0]["street"] == ["1 High Street", "Flat 2"]
    address = row["addresses"][0]["id"]
    # A repeated creation finds the customer, and its addresses stay what they are.
    item.last_name = "New \U0001f600"
    (again,) = target.send(creations(adapter, CUSTOMERS, [item]))
    (row,) = shop.state("customers")
    assert again.external_id == created.external_id == str(row["id"]) and row["addresses"][0]["id"] == address
    assert row["lastname"] == "New"
    assert target.send([Operation(Action.REMOVE, 1, created.external_id, None)])[0].error is None
    page = target.read_existing(cursor=None)
    assert page.items[created.external_id] == {
        "email": item.email, "firstname": "Sam", "lastname": "New", "taxvat": ""
    }  # fmt: skip


def test_customers_are_sent_only_if_wanted(open_adapter: Open, adapter: Adapter[Any]) -> None:
    assert open_adapter("magento_target", customers=False).target(CUSTOMERS).payload(customer(1), NOTHING) is None
    with pytest.raises(SkipRecord, match="firstname"):
        adapter.target(CUSTOMERS).payload(customer(1, first_name=""), NOTHING)
