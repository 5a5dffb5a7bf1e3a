"""Modifiers and metafields of a BigCommerce store."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.checkouts import Cart, CheckoutLine, CheckoutRefused
from connectors.sdk.operations import Action, Operation, Outcome
from connectors.sdk.records import AddressRecord, OrderRecord, ProductRecord
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.reading import records
from tests.adapters.samples import product, variant
from tests.adapters.writing import NOTHING

Open = Callable[..., Adapter[Any]]
PRODUCTS = DataType.PRODUCTS
METAFIELDS = "/v3/catalog/products/metafields"


@pytest.fixture
def store(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("bigcommerce")


def call(adapter: Adapter[Any], method: str, path: str, body: Any) -> Any:
    return adapter.http.request(method, path, body=body).json()["data"]


def read(adapter: Adapter[Any], number: int) -> ProductRecord:
    (found,) = adapter.source(PRODUCTS).fetch([str(number)])
    assert isinstance(found, ProductRecord)
    return found


def test_required_modifiers_are_reported_and_chosen_ones_named(open_adapter: Open, store: SandboxProcess) -> None:
    adapter = open_adapter("bigcommerce", modifiers=True)
    row = next(row for row in store.state("products") if row["type"] == "physical" and not row["options"])
    path = f"/v3/catalog/products/{row['id']}/modifiers"
    text = call(adapter, "POST", path, {"type": "text", "required": True, "display_name": "Engraving"})
    call(adapter, "POST", path, {"type": "checkbox", "required": False, "display_name": "Gift box"})
    found = read(adapter, row["id"])
    (problem,) = found.problems
    assert (problem.code, problem.values, problem.fatal) == ("modifier_required", {"names": "Engraving"}, False)
    everything = records(open_adapter("bigcommerce"), PRODUCTS)
    assert len(records(adapter, PRODUCTS)) == len(everything)  # with ten to a page
    line = {"product_id": row["id"], "variant_id": int(found.variants[0].external_id), "quantity": 1}  # type: ignore[index]
    chosen = [{"option_id": text["id"], "option_value": "For Ada"}]
    cart = {"customer_id": 1, "line_items": [line | {"option_selections": chosen}]}
    number = order_of(adapter, cart)
    (record,) = adapter.source(DataType.ORDERS).fetch([number])
    assert isinstance(record, OrderRecord)
    assert [each.title for each in record.lines] == [f"{row['name']} (Engraving: For Ada)"]
    home = AddressRecord(first_name="Ada", last_name="B", street="1 Road", city="Leeds", country="GB", postcode="LS1")
    lines = [CheckoutLine(product_id=str(row["id"]), variant_id=str(line["variant_id"]), quantity=1)]
    wanted = Cart(customer_id="1", email="a@example.com", currency="GBP", billing=home, shipping=home, lines=lines)
    with pytest.raises(CheckoutRefused, match=rf"“{row['name']}” \(Engraving\)"):
        adapter.open_checkouts().calculate(wanted)


def order_of(adapter: Adapter[Any], cart: dict[str, Any]) -> str:
    """Buy a cart, as a shopper does."""
    created = call(adapter, "POST", "/v3/carts", cart)
    path, items = f"/v3/checkouts/{created['id']}", created["line_items"]["physical_items"]
    about = {"first_name": "Ada", "last_name": "B", "address1": "1 Road", "city": "Leeds", "country_code": "GB"}
    address = about | {"email": "a@example.com", "postal_code": "LS1", "state_or_province": ""}
    call(adapter, "POST", f"{path}/billing-address", address)
    lines = [{"item_id": each["id"], "quantity": each["quantity"]} for each in items]
    checkout = call(adapter, "POST", f"{path}/consignments", [{"address": address, "line_items": lines}])
    (stored,) = checkout["consignments"]
    option = stored["available_shipping_options"][0]["id"]
    call(adapter, "PUT", f"{path}/consignments/{stored['id']}", {"shipping_option_id": option})
    number = call(adapter, "POST", f"{path}/orders", {})["id"]
    adapter.http.request("PUT", f"/v2/orders/{number}", body={"status_id": 11})
    return str(number)


def test_metafields_are_read_where_the_field_map_says(open_adapter: Open, store: SandboxProcess) -> None:
    """By one listing for all products if that is shorter, else by product."""
    plain = open_adapter("bigcommerce")
    ids = sorted(row["id"] for row in store.state("products"))[:2]
    about = {"permission_set": "write", "namespace": "b2b", "key": "pack"}
    call(plain, "POST", METAFIELDS, [about | {"value": str(number), "resource_id": number} for number in ids])
    call(plain, "POST", METAFIELDS, [about | {"namespace": "other", "value": "x", "resource_id": ids[0]}])
    paths = {"rrp": "metafields.b2b.rrp", "settings": {"pack": "metafields.b2b.pack"}}
    adapter = open_adapter("bigcommerce", field_map={"products": paths})
    store.clear_calls()
    found = [read(adapter, number) for number in ids]
    assert [each.variants[0].settings for each in found if each.variants] == [{"pack": str(n)} for n in ids]
    assert len([each for each in store.calls() if "metafields" in each["path"]]) == 2  # a listing is read once
    store.clear_calls()
    read(plain, ids[0])
    assert not [each for each in store.calls() if "metafields" in each["path"]]


def test_metafields_are_written_where_the_field_map_says(open_adapter: Open) -> None:
    names = {"rrp": "b2b.rrp", "settings": {"pack": "b2b.pack"}, "attributes": {"Material": "pim.material"}}
    adapter = open_adapter("bigcommerce_target", field_map={"products": names})
    target = adapter.target(PRODUCTS)

    def send(item: Any, number: str = "") -> Outcome:
        payload = target.payload(item, NOTHING)
        (outcome,) = target.send([Operation(Action.CREATE, item.id, number, payload)])
        assert outcome.error is None
        return outcome

    def stored() -> dict[str, str]:
        rows = adapter.http.get(METAFIELDS).json()["data"]
        return {f"{row['namespace']}.{row['key']}": row["value"] for row in rows if row["resource_id"] == int(number)}

    item = product(1, variants=[variant(10, options=[], settings={"pack": 6})])
    number = send(item).external_id
    assert stored() == {"b2b.rrp": "20", "b2b.pack": "6", "pim.material": "Oak"}
    about = {"permission_set": "write", "namespace": "b2b", "key": "theirs", "value": "1", "resource_id": int(number)}
    call(adapter, "POST", METAFIELDS, [about])
    changed = product(1, variants=[variant(10, options=[], settings={}, rrp=Decimal("21.5"))], attributes={})
    send(changed, number)
    assert stored() == {"b2b.rrp": "21.5", "b2b.theirs": "1"}
    assert "metafields" not in (open_adapter("bigcommerce_target").target(PRODUCTS).payload(item, NOTHING) or {})
