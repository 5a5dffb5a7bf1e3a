"""Billing and shipping addresses of customers and orders."""

from connectors.sdk.api_model import ApiModel, Text
from connectors.sdk.records import AddressRecord


class AddressRow(ApiModel):
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    address_1: Text = ""
    address_2: Text = ""
    city: Text = ""
    state: Text = ""
    postcode: Text = ""
    country: Text = ""
    email: Text = ""
    phone: Text = ""

    @property
    def is_empty(self) -> bool:
        """Whether nobody entered it: the shop has both addresses of everybody, and always a country."""
        return not any((self.first_name, self.last_name, self.company, self.address_1, self.city, self.postcode))


def address_record(row: AddressRow, use: str) -> AddressRecord:
    return AddressRecord(
        external_id=use,
        use=use,
        first_name=row.first_name,
        last_name=row.last_name,
        company=row.company,
        street=row.address_1,
        street2=row.address_2,
        city=row.city,
        region=row.state,
        postcode=row.postcode,
        country=row.country.upper(),
        phone=row.phone,
        email=row.email,
    )
