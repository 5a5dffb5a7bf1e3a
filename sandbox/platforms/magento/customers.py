"""Customers that are created and changed over the API."""

import re

from sandbox.platforms.magento.responses import ApiError, Row, required, unknown, validated
from sandbox.platforms.magento.store import Store

ADDRESS = {
    "id": int,
    "customer_id": int,
    "region": {"region_code!": str, "region!": str, "region_id!": int},
    "region_id": int,
    "country_id": str,
    "street": [str],
    "company": str,
    "telephone": str,
    "postcode": str,
    "city": str,
    "firstname": str,
    "lastname": str,
    "default_shipping": bool,
    "default_billing": bool,
}
CUSTOMER = {
    "id": int,
    "group_id": int,
    "email!": str,
    "firstname!": str,
    "lastname!": str,
    "taxvat": str,
    "store_id": int,
    "website_id": int,
    "addresses": [ADDRESS],
    "custom_attributes": [{"attribute_code!": str, "value!": object}],
}
MAX_STREET_LINES = 2


def create(store: Store, body: Row) -> Row:
    given = _checked(store, validated(body, {"customer!": CUSTOMER, "password": str})["customer"], None)
    number = max(store.customers, default=0) + 1
    now = store.clock.now()
    row = {"id": number, "group_id": 1, "created_at": now, "store_id": 1, "website_id": 1, "addresses": []}
    store.customers[number] = row | {"created_in": "Default Store View", "disable_auto_group_change": 0}
    return _saved(store, number, given)


def update(store: Store, number: int, body: Row) -> Row:
    """Fields that are not sent stay; a list of addresses replaces all of them."""
    customer_of(store, number)
    given = _checked(store, validated(body, {"customer!": CUSTOMER, "passwordHash": str})["customer"], number)
    return _saved(store, number, given)


def customer_of(store: Store, number: int) -> Row:
    if number not in store.customers:
        raise unknown("customerId", number)
    return store.customers[number]


def delete(store: Store, number: int) -> bool:
    customer_of(store, number)
    del store.customers[number]
    return True


def delete_address(store: Store, number: int) -> bool:
    for row in store.customers.values():
        kept = [each for each in row["addresses"] if each["id"] != number]
        if len(kept) < len(row["addresses"]):
            row["addresses"] = kept
            return True
    raise unknown("addressId", number)


def _saved(store: Store, number: int, given: Row) -> Row:
    row = store.customers[number]
    addresses = given.pop("addresses", None)
    row |= given | {"id": number}
    if addresses is not None:
        row["addresses"] = [
            {"id": store.allocate_id("address"), "customer_id": number, "region_id": 0} | each for each in addresses
        ]
    store.set_updated_at(row)
    return row


def _checked(store: Store, customer: Row, number: int | None) -> Row:
    for name, label in (("firstname", "First Name"), ("lastname", "Last Name")):
        if not customer[name]:
            raise required(name)
        if re.search("[\U00010000-\U0010ffff]", customer[name]):
            raise ApiError(400, f"{label} is not valid!")
    website = customer.get("website_id") or (store.customers[number]["website_id"] if number else 1)
    same = (
        key
        for key, row in store.customers.items()
        if row["email"].lower() == customer["email"].lower() and row["website_id"] == website
    )
    if any(key != number for key in same):
        raise ApiError(400, "A customer with the same email address already exists in an associated website.")
    own = {each["id"] for each in store.customers[number]["addresses"]} if number else set()
    for address in customer.get("addresses", ()):
        if address.get("id") and address["id"] not in own:
            raise unknown("addressId", address["id"])
        for name in ("firstname", "lastname", "street", "city", "telephone", "country_id"):
            if not address.get(name):
                raise required(name)
        if len(address["street"]) > MAX_STREET_LINES:
            raise ApiError(400, '"%1" cannot contain more than %2 lines.', "Street Address", MAX_STREET_LINES)
    return customer
