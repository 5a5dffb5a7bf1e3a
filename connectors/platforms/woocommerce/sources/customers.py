"""Customers: users of the site, with their addresses and B2B attributes (D13)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

from connectors.platforms.woocommerce.addresses import AddressRow, address_record
from connectors.platforms.woocommerce.client import CUSTOMERS, PAGE_SIZE, ShopClient, has_more, row_ids
from connectors.platforms.woocommerce.field_types import GmtDatetime, mapped_value
from connectors.platforms.woocommerce.paging import page_by_id
from connectors.sdk import issues
from connectors.sdk.api_model import ApiModel, Text, record, utc
from connectors.sdk.details import fetch_each
from connectors.sdk.field_maps import mapped_paths, mapped_values
from connectors.sdk.paging import Cursor, Page, numbered_page, numeric_ids
from connectors.sdk.records import CustomerRecord
from connectors.sdk.streams import Source
from hub.kinds import DataType, Kind


class Customers(Source[ShopClient, CustomerRecord]):
    """The shop cannot list customers by their date of change: a partial import finds new ones, events and full imports
    the others."""

    data_type = DataType.CUSTOMERS
    lane = "customers"
    full_schedule = "1d"
    partial_schedule = "15m"
    required = ("email", "role", "billing", "shipping", "meta_data")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[CustomerRecord]:
        if since is not None:
            rows, following = numbered_page(cursor, partial(self._newest, since))
            return Page(self.records(rows), following)
        rows, following, total = page_by_id(self.client, CUSTOMERS, cursor, limit=PAGE_SIZE, **self._role())
        return Page(self.records(rows), following, total=None if cursor else total)

    def _newest(self, since: datetime, number: int) -> tuple[list[Any], bool]:
        """A page of all customers, newest first, and whether the next one may have such as were created since then."""
        query = {**self._role(), "orderby": "registered_date", "order": "desc"}
        rows, total = self.client.list_page(CUSTOMERS, **query, page=number, per_page=PAGE_SIZE)
        created = [_time(row) for row in rows]
        wanted = [row for row, date in zip(rows, created, strict=True) if date is None or date >= since]
        return wanted, len(wanted) == len(rows) and has_more(rows, total, number)

    def fetch(self, external_ids: Sequence[str]) -> list[CustomerRecord]:
        rows = self.client.existing(CUSTOMERS, external_ids, role="all")
        rest = sorted({*numeric_ids(external_ids)} - {*row_ids(rows)})
        return self.records(
            rows + fetch_each(self.client.http, rest, lambda number: self.client.find(f"{CUSTOMERS}/{number}"))
        )

    def _role(self) -> dict[str, str]:
        """Without this parameter the list has those with the role `customer` only."""
        roles = self.client.settings.customer_roles
        return {"role": roles[0] if len(roles) == 1 else "all"}

    def includes(self, raw: Any) -> bool:
        roles = self.client.settings.customer_roles
        return not roles or not isinstance(raw, dict) or not raw.get("role") or raw["role"] in roles

    @cached_property
    def _mapped(self) -> dict[str, str]:
        """Our field → its path at the shop; unmapped fields are left out."""
        return mapped_paths(self.client.field_map.customers, Kind.CUSTOMER)

    def records(self, rows: list[Any]) -> list[CustomerRecord]:
        records = []
        for row in rows:
            own = {name: mapped_value(row, path) for name, path in self._mapped.items()}
            records.append(record(row, _Customer, partial(self._build, own), self._placeholder))
        return records

    def _build(self, own: dict[str, Any], api_row: "_Customer") -> CustomerRecord:
        addresses = {"billing": api_row.billing, "shipping": api_row.shipping}
        given = {use: each for use, each in addresses.items() if not each.is_empty}
        problems = [issues.ADDRESS_INCOMPLETE(use=use) for use, each in given.items() if not each.address_1]
        if not api_row.email:
            problems.append(issues.EMAIL_MISSING())
        return CustomerRecord(
            external_id=api_row.id,
            updated_at=api_row.date_modified_gmt,
            link=self._link(api_row.id),
            email=api_row.email,
            first_name=api_row.first_name or api_row.billing.first_name,
            last_name=api_row.last_name or api_row.billing.last_name,
            company_name=api_row.billing.company,
            phone=api_row.billing.phone,
            addresses=[address_record(each, use) for use, each in given.items()],
            problems=problems,
            **mapped_values(Kind.CUSTOMER, own, self.client.field_map.transformations),
        )

    def _placeholder(self, external_id: str) -> CustomerRecord:
        return CustomerRecord(external_id=external_id, link=self._link(external_id))

    def _link(self, external_id: str) -> str:
        return self.client.admin_link(f"user-edit.php?user_id={external_id}")


def _time(row: Any) -> datetime | None:
    """When a user was registered; None if the time is missing or malformed."""
    try:
        return utc(datetime.fromisoformat(row["date_created_gmt"])).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return None


class _Customer(ApiModel):
    id: Text
    email: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    role: Text = ""
    date_modified_gmt: GmtDatetime = None
    billing: AddressRow = AddressRow()
    shipping: AddressRow = AddressRow()
