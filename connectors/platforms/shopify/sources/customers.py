"""Customers with their addresses and, where wanted, their company (D13)."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from connectors.platforms.shopify import sales_documents
from connectors.platforms.shopify.client import gids
from connectors.platforms.shopify.mapping import mapped_value, metafields
from connectors.platforms.shopify.reader import Reader
from connectors.platforms.shopify.sales_documents import CustomerDocuments
from connectors.platforms.shopify.sources.addresses import address_record
from connectors.platforms.shopify.sources.base import StoreSource, changed_page, changed_since
from connectors.sdk import issues
from connectors.sdk.details import add_details
from connectors.sdk.field_maps import mapped_paths, mapped_values
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import CustomerRecord, Problem
from hub.kinds import DataType, Kind

_NODES = 50


class Customers(StoreSource[CustomerRecord]):
    """The vendor's filter by time of change matches whole days, so a partial read returns a little more."""

    data_type = DataType.CUSTOMERS
    lane = "customers"
    full_schedule = "1w"
    partial_schedule = "15m"
    required = ("defaultEmailAddress", "addressesV2", "state")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[CustomerRecord]:
        rows, after = self.client.page(
            self._documents.page,
            "customers",
            node_errors=True,
            first=sales_documents.CUSTOMERS_PER_PAGE,
            after=cursor["after"] if cursor else None,
            query=changed_since(since),
            sortKey="ID" if since is None else "UPDATED_AT",
        )
        records = self._completed_records(rows)
        if since is not None:
            return changed_page(records, rows, after, since, whole_days=True)
        return Page(records, {"after": after} if after else None)

    def fetch(self, external_ids: Sequence[str]) -> list[CustomerRecord]:
        ids = gids("Customer", external_ids)
        return self._completed_records(self.client.nodes(self._documents.nodes, ids, size=_NODES, node_errors=True))

    def _completed_records(self, rows: list[Any]) -> list[CustomerRecord]:
        customers = [row for row in rows if self.row_id(row) and "addressesV2" in row]
        complete = partial(self.client.complete, field="addressesV2", document=sales_documents.MORE_ADDRESSES)
        add_details(self.client.http, customers, complete)
        return self.records(rows)

    @cached_property
    def _map(self) -> dict[str, str]:
        return mapped_paths(self.client.field_map.customers, Kind.CUSTOMER)

    @cached_property
    def _documents(self) -> CustomerDocuments:
        return CustomerDocuments(metafields(self._map.values()), companies=self.client.settings.companies)

    def placeholder(self, number: str) -> CustomerRecord:
        return CustomerRecord(external_id=number, link=self.client.link(f"customers/{number}"))

    def build(self, raw: Any, problems: list[Problem]) -> CustomerRecord:
        customer = Reader(raw, problems, what="customer")
        number = customer.number()
        email = customer.nested("defaultEmailAddress").text("emailAddress")
        if not email:
            customer.report(issues.EMAIL_MISSING())
        addresses = [address_record(each, "customer") for each in customer.objects("addressesV2")]
        profiles = customer.objects("companyContactProfiles")
        company = profiles[0].nested("company") if profiles else Reader({}, problems, what="company")
        source = raw | {"company": company.raw}
        own = {name: mapped_value(source, path) for name, path in self._map.items()}
        return CustomerRecord(
            external_id=number,
            updated_at=customer.timestamp("updatedAt"),
            link=self.client.link(f"customers/{number}"),
            email=email,
            first_name=customer.text("firstName"),
            last_name=customer.text("lastName"),
            company_name=company.text("name") or next((each.company for each in addresses if each.company), ""),
            phone=customer.nested("defaultPhoneNumber").text("phoneNumber"),
            note=customer.text("note"),
            # Whoever acts for a company buys as a business; of others the filters of the job decide.
            b2b_enabled=True if profiles else None,
            addresses=addresses,
            **mapped_values(
                Kind.CUSTOMER,
                {name: value for name, value in own.items() if value not in (None, "")},
                self.client.field_map.transformations,
            ),
        )
