"""Postal addresses in SparkLayer's format."""

from typing import Any

from connectors.sdk.records import AddressRecord

# Regions of at most this length in capital letters are codes, such as CA or NSW; Goa and Uri are names.
CODE_LENGTH = 3


def address(item: AddressRecord) -> dict[str, Any]:
    is_code = 0 < len(item.region) <= CODE_LENGTH and item.region == item.region.upper()
    code = {"region_code": item.region} if is_code else {}
    return code | {
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
