"""Customers with their groups, addresses and B2B attributes (D13)."""

from functools import cached_property, partial
from typing import Any

from connectors.platforms.magento.search import Filter, Group
from connectors.platforms.magento.sources.base import MagentoSource
from connectors.platforms.magento.values import mapped_value, text
from connectors.sdk import issues
from connectors.sdk.api_model import ApiModel, Text, UtcDatetime, record
from connectors.sdk.decoding import whole_number
from connectors.sdk.field_maps import mapped_paths, mapped_values
from connectors.sdk.records import AddressRecord, CustomerRecord
from hub.kinds import DataType, Kind


class Customers(MagentoSource[CustomerRecord]):
    data_type = DataType.CUSTOMERS
    lane = "customers"
    full_schedule = "1d"
    stays_outside = True
    partial_schedule = "15m"
    path = "/customers/search"
    required = ("email", "addresses")

    def includes(self, raw: Any) -> bool:
        if self.client.settings.shared_customers or not isinstance(raw, dict):
            return True
        return self.client.websites.includes(whole_number(raw.get("website_id")))

    def website_filters(self) -> list[Group]:
        websites = self.client.websites
        if self.client.settings.shared_customers or not websites.limited:
            return []
        return [[Filter("website_id", websites.own)]]

    @cached_property
    def _mapped(self) -> dict[str, str]:
        """Our field → its path at the shop; unmapped fields are left out."""
        return mapped_paths(self.client.field_map.customers, Kind.CUSTOMER)

    def records(self, rows: list[Any]) -> list[CustomerRecord]:
        records = []
        for row in rows:
            own = {name: found for name, path in self._mapped.items() if (found := text(mapped_value(row, path)))}
            records.append(record(row, _Customer, partial(self._build, own), self._placeholder))
        return records

    def _build(self, own: dict[str, str], api_row: "_Customer") -> CustomerRecord:
        billing = next((each for each in api_row.addresses if each.default_billing), None)
        incomplete = next((each for each in api_row.addresses if not "".join(each.street).strip()), None)
        return CustomerRecord(
            external_id=api_row.id,
            updated_at=api_row.updated_at,
            link=self._link(api_row.id),
            email=api_row.email,
            first_name=api_row.firstname,
            last_name=api_row.lastname,
            company_name=billing.company if billing else "",
            phone=billing.telephone if billing else "",
            group=self.client.customer_groups.get(api_row.group_id, ""),
            addresses=[_address(each) for each in api_row.addresses],
            problems=[issues.ADDRESS_INCOMPLETE(use=incomplete.use)] if incomplete else [],
            **mapped_values(Kind.CUSTOMER, own, self.client.field_map.transformations),
        )

    def _placeholder(self, external_id: str) -> CustomerRecord:
        return CustomerRecord(external_id=external_id, link=self._link(external_id))

    def _link(self, external_id: str) -> str:
        return self.client.link(f"customer/index/edit/id/{external_id}")


def _address(api_row: "_Address") -> AddressRecord:
    first, *more = api_row.street or [""]
    return AddressRecord(
        external_id=api_row.id,
        use=api_row.use,
        first_name=api_row.firstname,
        last_name=api_row.lastname,
        company=api_row.company,
        street=first,
        street2=", ".join(more),
        city=api_row.city,
        region=api_row.region.region,
        postcode=api_row.postcode,
        country=api_row.country_id.upper(),
        phone=api_row.telephone,
    )


class _Region(ApiModel):
    region: Text = ""


class _Address(ApiModel):
    id: Text = ""
    firstname: Text = ""
    lastname: Text = ""
    company: Text = ""
    street: list[Text] = []
    city: Text = ""
    region: _Region = _Region()
    postcode: Text = ""
    country_id: Text = ""
    telephone: Text = ""
    default_billing: bool = False
    default_shipping: bool = False

    @property
    def use(self) -> str:
        return "billing" if self.default_billing else "shipping" if self.default_shipping else "other"


class _Customer(ApiModel):
    id: Text
    group_id: int = 0
    email: Text
    firstname: Text = ""
    lastname: Text = ""
    updated_at: UtcDatetime | None = None
    addresses: list[_Address] = []
