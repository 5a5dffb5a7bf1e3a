"""Customers of a custom shop."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from connectors.platforms.rest.sources.addresses import ApiAddress
from connectors.platforms.rest.sources.base import ApiObject, OptionalSource
from connectors.sdk.records import CustomerRecord
from hub.kinds import DataType


class ApiCustomer(ApiObject):
    email: Annotated[str, Field(pattern="@")]
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    phone: str = ""
    tax_id: str = ""
    group: str = ""
    accounting_id: str = ""
    sales_agent_groups: list[str] = []
    price_lists: list[str] = []
    discount_percentage: Decimal | None = None
    payment_on_account: bool | None = None
    parent: str = ""
    b2b_enabled: bool | None = None
    status: Literal["active", "disabled"] = "active"
    # None: the object does not say, so what was imported is kept.
    addresses: list[ApiAddress] | None = None


class Customers(OptionalSource[CustomerRecord]):
    data_type = DataType.CUSTOMERS
    lane = "customers"
    schema = ApiCustomer
    required = ("email",)

    def build(self, row: ApiCustomer) -> CustomerRecord:
        """A disabled customer has no access to B2B."""
        same = row.model_dump(include=set(_SAME))
        return CustomerRecord(
            external_id=row.key,
            updated_at=row.updated_at,
            company_name=row.company,
            parent_id=row.parent,
            b2b_enabled=False if row.status == "disabled" else row.b2b_enabled,
            addresses=None if row.addresses is None else [each.record() for each in row.addresses],
            **same,
        )

    def placeholder(self, key: str) -> CustomerRecord:
        return CustomerRecord(external_id=key)


_SAME = (
    "email", "first_name", "last_name", "phone", "tax_id", "group", "accounting_id", "sales_agent_groups",
    "price_lists", "discount_percentage", "payment_on_account",
)  # fmt: skip
