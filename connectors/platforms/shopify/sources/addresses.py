"""Postal addresses of customers and orders."""

from connectors.platforms.shopify.reader import Reader
from connectors.sdk import issues
from connectors.sdk.records import AddressRecord


def address_record(address: Reader, use: str, *, email: str = "") -> AddressRecord:
    """`use` is a value of orders.models.Address.Use, or `customer` for an address of a customer."""
    if not address.text("address1"):
        address.report(issues.ADDRESS_INCOMPLETE(use=use))
    return AddressRecord(
        external_id=address.number() if address.raw.get("id") else "",
        use="other" if use == "customer" else use,
        first_name=address.text("firstName"),
        last_name=address.text("lastName"),
        company=address.text("company"),
        street=address.text("address1"),
        street2=address.text("address2"),
        city=address.text("city"),
        region=address.text("province") or address.text("provinceCode"),
        postcode=address.text("zip"),
        country=address.text("countryCodeV2"),
        phone=address.text("phone"),
        email=email,
    )
