"""Customers with their groups, addresses and B2B attributes (D13)."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from common.storable import without_nul
from connectors.platforms.bigcommerce.client import IDS_PER_REQUEST, PAGE_SIZE, Row, join
from connectors.platforms.bigcommerce.field_reader import FieldReader, mapped_value
from connectors.platforms.bigcommerce.paging import isoformat_utc, row_ids
from connectors.platforms.bigcommerce.sources.base import StoreSource, changed_at
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.field_maps import mapped_paths, mapped_values
from connectors.sdk.paging import Cursor, Page, numeric_ids
from connectors.sdk.records import AddressRecord, CustomerRecord, Problem
from hub.kinds import DataType, Kind

PATH = "/customers"
# Lists nested in a customer, which the vendor truncates: field, its counter, its own listing.
SUB_RESOURCES = (
    ("addresses", "address_count", "/customers/addresses"),
    ("attributes", "attribute_count", "/customers/attribute-values"),
)


class Customers(StoreSource[CustomerRecord]):
    """Read by the vendor's cursor, which marks a position in the sort order rather than a page number."""

    data_type = DataType.CUSTOMERS
    lane = "customers"
    full_schedule = "1d"
    partial_schedule = "15m"
    required = ("email", "addresses", "attributes")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[CustomerRecord]:
        query: dict[str, Any] = {"include": self._include, "limit": self.client.settings.page_size}
        if since is not None:
            query |= {"date_modified:min": isoformat_utc(since), "sort": "date_modified:asc"}
        if cursor:
            query["after"] = cursor["after"]
        rows, after, total = self.client.list_page_by_cursor(PATH, **query)
        cut = max(filter(None, map(changed_at, rows)), default=since) if since else None
        return Page(self._complete_records(rows), {"after": after} if after else None, cut=cut, total=total)

    def fetch(self, external_ids: Sequence[str]) -> list[CustomerRecord]:
        wanted = numeric_ids(external_ids)
        found: list[Any] = []
        for start in range(0, len(wanted), IDS_PER_REQUEST):
            ids = join(wanted[start : start + IDS_PER_REQUEST])
            rows, _, _ = self.client.list_page_by_cursor(PATH, **{"id:in": ids}, include=self._include, limit=PAGE_SIZE)
            found += rows
        return self._complete_records(found)

    def includes(self, raw: Any) -> bool:
        """Whether the customer has access to one of the storefronts; the vendor has no filter for it."""
        own = raw.get("channel_ids") if isinstance(raw, dict) else None
        channels = self.client.settings.channel_ids
        return (
            not channels or not isinstance(own, list) or not own or not set(map(whole_number, own)).isdisjoint(channels)
        )

    @cached_property
    def _map(self) -> dict[str, str]:
        """Our field → its path at the store; unmapped fields are left out."""
        return mapped_paths(self.client.field_map.customers, Kind.CUSTOMER)

    @property
    def _include(self) -> str:
        fields = any(path.startswith("form_fields.") for path in self._map.values())
        return "addresses,attributes,formfields" if fields else "addresses,attributes"

    @cached_property
    def _groups(self) -> dict[int, str]:
        return _names(self.client.v2_fetch_all("/customer_groups"))

    @cached_property
    def _attribute_names(self) -> dict[int, str]:
        """Customers have attributes by ID; the settings use their names."""
        if not any(path.startswith("attributes.") for path in self._map.values()):
            return {}
        return _names(self.client.list_unpaged("/customers/attributes", limit=PAGE_SIZE))

    def _complete_records(self, rows: list[Any]) -> list[CustomerRecord]:
        for name, counter, path in SUB_RESOURCES:
            self._fetch_truncated(rows, name, counter, path)
        return self.records(rows)

    def _fetch_truncated(self, rows: list[Any], name: str, counter: str, path: str) -> None:
        """Fetch truncated lists in full, for all customers of the page at once."""
        short: dict[int, Row] = {
            number: row
            for row in rows
            for number in row_ids([row])
            if isinstance(row.get(name), list) and (whole_number(row.get(counter)) or 0) > len(row[name])
        }
        if not short:
            return
        found: dict[int, list[Any]] = {number: [] for number in short}
        for each in self.client.fetch_all(path, **{"customer_id:in": join(list(short))}):
            if isinstance(each, dict) and (owner := whole_number(each.get("customer_id"))) in found:
                found[owner].append(each)
        for number, row in short.items():
            row[name] = found[number]

    def _link(self, number: str) -> str:
        return self.client.link(f"customers/{number}/edit")

    def placeholder(self, number: str) -> CustomerRecord:
        return CustomerRecord(external_id=number, link=self._link(number))

    def build(self, raw: Any, problems: list[Problem]) -> CustomerRecord:
        customer = FieldReader(raw, problems, what="customer")
        number = customer.key("id")
        own = self._mapped_fields(customer)
        email = customer.text("email")
        if not email:
            customer.report(issues.EMAIL_MISSING())
        own["group"] = own.get("group") or self._groups.get(customer.integer("customer_group_id"), "")
        return CustomerRecord(
            external_id=number,
            updated_at=customer.timestamp("date_modified"),
            link=self._link(number),
            email=email,
            first_name=customer.text("first_name"),
            last_name=customer.text("last_name"),
            company_name=customer.text("company"),
            phone=customer.text("phone"),
            note=customer.text("notes"),
            addresses=[self._address(customer, address) for address in customer.objects("addresses")],
            **mapped_values(Kind.CUSTOMER, own, self.client.field_map.transformations),
        )

    def _mapped_fields(self, customer: FieldReader) -> dict[str, str]:
        """The B2B attributes that the connection maps, as text; those that the customer does not have are left out."""
        named = {
            self._attribute_names.get(each.integer("attribute_id"), ""): each.text("attribute_value")
            for each in customer.objects("attributes")
        }
        source = customer.raw | {"attributes": named}
        found = {name: mapped_value(source, path) for name, path in self._map.items()}
        return {name: without_nul(str(value)) for name, value in found.items() if value not in (None, "")}

    @staticmethod
    def _address(customer: FieldReader, address: FieldReader) -> AddressRecord:
        if not address.text("address1"):
            customer.report(issues.ADDRESS_INCOMPLETE(use="customer"))
        return AddressRecord(
            external_id=address.key("id"),
            first_name=address.text("first_name"),
            last_name=address.text("last_name"),
            company=address.text("company"),
            street=address.text("address1"),
            street2=address.text("address2"),
            city=address.text("city"),
            region=address.text("state_or_province"),
            postcode=address.text("postal_code"),
            country=address.text("country_code").upper(),
            phone=address.text("phone"),
        )


def _names(rows: list[Any]) -> dict[int, str]:
    return {number: str(row.get("name", "")) for row in rows for number in row_ids([row])}
