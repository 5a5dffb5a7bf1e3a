"""Customers are sent to a Magento shop, matched by email address."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation
from connectors.sdk.records import AddressRecord
from connectors.sdk.storefronts import NotSignedIn
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


def test_a_customer_proves_to_be_signed_in_by_a_token_of_the_shop(
    platform: Callable[[str], SandboxProcess], open_adapter: Open
) -> None:
    shop = platform("magento")
    adapter = open_adapter("magento")
    sign_ins = adapter.open_sign_ins()
    assert sign_ins is not None
    number = next(row["id"] for row in shop.state("customers"))
    token = shop.control("POST", "customer-token", json={"account": "alpha", "customer": number})["token"]
    assert sign_ins.customer(token) == str(number)
    # Neither the integration's own token nor one that has expired belongs to a customer.
    for wrong in ("alpha-token" * 2, token[:-1], "", "a b" * 9, "x" * 5000, f"{token}\r\nX-Other: 1"):
        with pytest.raises(NotSignedIn):
            sign_ins.customer(wrong)
    shop.fault("status", path="/customers/me$", status=503)
    with pytest.raises(TryAgainLater):
        sign_ins.customer(token)
