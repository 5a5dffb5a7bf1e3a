"""Postal addresses of orders and customers."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from connectors.sdk import issues
from connectors.sdk.api_model import ApiModel, Text
from connectors.sdk.records import AddressRecord, Problem


class AddressRow(ApiModel):
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    address1: Text = ""
    address2: Text = ""
    city: Text = ""
    region: Text = ""
    postcode: Text = ""
    country: Annotated[Text, Field(max_length=2)] = ""
    phone: Text = ""
    email: Text = ""


def address_records(billing: AddressRow | None, shipping: AddressRow | None) -> list[AddressRecord]:
    return [
        AddressRecord(
            use=use,
            first_name=address.first_name,
            last_name=address.last_name,
            company=address.company,
            street=address.address1,
            street2=address.address2,
            city=address.city,
            region=address.region,
            postcode=address.postcode,
            country=address.country,
            phone=address.phone,
            email=address.email,
        )
        for use, address in (("billing", billing), ("shipping", shipping))
        # PHP writes an address without fields as an empty list.
        if address is not None and address != AddressRow()
    ]


def address_problems(addresses: Sequence[AddressRecord]) -> list[Problem]:
    """An empty address line 1 is reported (D7)."""
    return [issues.ADDRESS_INCOMPLETE(use=each.use) for each in addresses if not each.street]
