"""Addresses of customers: those of ours that are missing are created, and those that we no longer have are deleted.

Addresses that customers or the store's staff added are kept. An address is the same if all its values are; the vendor
creates no second one. Source: https://github.com/bigcommerce/docs, reference/customers.v3.yml.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from connectors.platforms.bigcommerce.client import Row
from connectors.platforms.bigcommerce.values import address_fields
from connectors.sdk.records import AddressRecord
from connectors.sdk.values import cut

MAX_ADDRESSES = 10
# The store's field → the most characters.
_LENGTHS = {
    "first_name": 255, "last_name": 255, "company": 255, "address1": 255, "address2": 255, "city": 100,
    "state_or_province": 100, "postal_code": 30, "country_code": 2, "phone": 50,
}  # fmt: skip
_REQUIRED = ("first_name", "last_name", "address1", "city", "country_code")


def address_body(each: AddressRecord, names: dict[str, str]) -> Row:
    values = address_fields(each)
    values |= {name: values[name] or names[name] for name in ("first_name", "last_name")}
    return {name: cut(value, _LENGTHS[name]) for name, value in values.items()}


def missing_fields(body: Row) -> str:
    return ", ".join(name for name in _REQUIRED if not body[name])


def differences(stored: Iterable[Row], wanted: Sequence[Row], before: Sequence[Row]) -> tuple[list[Row], list[int]]:
    """What has to be created, and the IDs of what has to be deleted. `before`: what was sent the last time."""
    keys = {_key(each): each["id"] for each in stored if isinstance(each, dict) and isinstance(each.get("id"), int)}
    own = {_key(each) for each in wanted}
    gone = [number for key, number in keys.items() if key not in own and key in {_key(each) for each in before}]
    return [each for each in wanted if _key(each) not in keys], gone


def _key(address: Row) -> tuple[Any, ...]:
    return tuple(str(address.get(name) or "") for name in _LENGTHS)
