"""Addresses as NetSuite's subrecords."""

from typing import Any

from connectors.sdk.records import AddressRecord


def address(item: AddressRecord) -> dict[str, Any]:
    name = f"{item.first_name} {item.last_name}".strip()
    values = {
        "addressee": item.company or name,
        "attention": name if item.company else "",
        "addr1": item.street,
        "addr2": item.street2,
        "city": item.city,
        "state": item.region,
        "zip": item.postcode,
        "addrPhone": item.phone,
    }
    found: dict[str, Any] = {key: value for key, value in values.items() if value}
    return found | ({"country": {"id": item.country}} if item.country else {})
