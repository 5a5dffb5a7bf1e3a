"""Customers with their groups, addresses and mapped custom fields (D13). Guests are customers in Vendure, too.

An address or a group changes without the date of its customer: a full import finds it, or the plugin's event.
"""

from functools import cached_property, partial
from typing import Any

from connectors.platforms.vendure.client import SHOP
from connectors.platforms.vendure.mapped_values import first_and_last_name, mapped_value
from connectors.platforms.vendure.sources.base import VendureSource
from connectors.sdk import issues
from connectors.sdk.api_model import ApiModel, Text, UtcDatetime, record
from connectors.sdk.field_maps import mapped_paths, mapped_values
from connectors.sdk.records import AddressRecord, CustomerRecord
from hub.kinds import DataType, Kind

_CUSTOMERS = """
query Customers($options: CustomerListOptions) {
  customers(options: $options) {
    totalItems
    items {
      id createdAt updatedAt emailAddress firstName lastName phoneNumber
      groups { name }
      addresses {
        id fullName company streetLine1 streetLine2 city province postalCode country { code } phoneNumber
        defaultShippingAddress defaultBillingAddress
      }
      %s
    }
  }
  ...Shop
}
"""


class Customers(VendureSource[CustomerRecord]):
    data_type = DataType.CUSTOMERS
    lane = "customers"
    name = "customers"
    full_schedule = "1d"
    partial_schedule = "15m"
    required = ("emailAddress", "addresses", "groups")

    @cached_property
    def document(self) -> str:
        return _CUSTOMERS % self.client.custom_selection("Customer", self._map.values()) + SHOP

    @cached_property
    def _map(self) -> dict[str, str]:
        """Our field → its path in the shop; unmapped fields are left out."""
        return mapped_paths(self.client.field_map.customers, Kind.CUSTOMER)

    def records(self, rows: list[Any]) -> list[CustomerRecord]:
        records = []
        for row in rows:
            own = {name: found for name, path in self._map.items() if (found := mapped_value(row, path)) is not None}
            records.append(record(row, _Customer, partial(self._build, own), self._placeholder))
        return records

    def _build(self, own: dict[str, Any], row: "_Customer") -> CustomerRecord:
        billing = next((each for each in row.addresses if each.defaultBillingAddress), None)
        incomplete = next((each for each in row.addresses if not each.streetLine1), None)
        values = {"group": row.groups[0].name if row.groups else ""} | mapped_values(
            Kind.CUSTOMER, own, self.client.field_map.transformations
        )
        return CustomerRecord(
            external_id=row.id,
            updated_at=row.updatedAt,
            link=self._link(row.id),
            email=row.emailAddress,
            first_name=row.firstName,
            last_name=row.lastName,
            company_name=billing.company if billing else "",
            phone=row.phoneNumber,
            addresses=[_address(each) for each in row.addresses],
            problems=[issues.ADDRESS_INCOMPLETE(use=incomplete.use)] if incomplete else [],
            **values,
        )

    def _placeholder(self, external_id: str) -> CustomerRecord:
        return CustomerRecord(external_id=external_id, link=self._link(external_id))

    def _link(self, external_id: str) -> str:
        return self.client.link(f"customers/{external_id}")


def _address(row: "_Address") -> AddressRecord:
    first_name, last_name = first_and_last_name(row.fullName)
    return AddressRecord(
        external_id=row.id,
        use=row.use,
        first_name=first_name,
        last_name=last_name,
        company=row.company,
        street=row.streetLine1,
        street2=row.streetLine2,
        city=row.city,
        region=row.province,
        postcode=row.postalCode,
        country=row.country.code.upper(),
        phone=row.phoneNumber,
    )


class _Group(ApiModel):
    name: Text = ""


class _Country(ApiModel):
    code: Text = ""


class _Address(ApiModel):
    id: Text
    fullName: Text = ""
    company: Text = ""
    streetLine1: Text = ""
    streetLine2: Text = ""
    city: Text = ""
    province: Text = ""
    postalCode: Text = ""
    country: _Country = _Country()
    phoneNumber: Text = ""
    defaultShippingAddress: bool = False
    defaultBillingAddress: bool = False

    @property
    def use(self) -> str:
        return "billing" if self.defaultBillingAddress else "shipping" if self.defaultShippingAddress else "other"


class _Customer(ApiModel):
    id: Text
    updatedAt: UtcDatetime | None = None
    emailAddress: Text
    firstName: Text = ""
    lastName: Text = ""
    phoneNumber: Text = ""
    groups: list[_Group] = []
    addresses: list[_Address] = []
