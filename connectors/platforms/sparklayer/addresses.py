"""Postal addresses in SparkLayer's format."""

from typing import Any

from connectors.sdk.records import AddressRecord


def address(item: AddressRecord) -> dict[str, Any]:
    return {
        "first_name": item.first_name,
        "last_name": item.last_name,
        "company": item.company,
        "address_line1": item.street,
        "address_line2": item.street2,
        "city": item.city,
        "region_name": item.region,
        "postal_code": item.postcode,
        "country_code": item.country,
        "phone": item.phone,
    }


def missing_fields(item: AddressRecord) -> list[str]:
    """The display names of fields that SparkLayer requires and the address lacks."""
    wanted = (("line 1", item.street), ("the city", item.city), ("the country", item.country))
    return [what for what, value in wanted if not value.strip()]
