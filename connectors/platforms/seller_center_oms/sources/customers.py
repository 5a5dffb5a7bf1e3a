"""Customers of the OMS."""

from typing import Any

from connectors.platforms.seller_center_oms.sources.addresses import AddressRow, address_problems, address_records
from connectors.platforms.seller_center_oms.sources.base import OmsSource
from connectors.sdk.api_model import Text, record
from connectors.sdk.listing_protocol import Row
from connectors.sdk.records import CustomerRecord
from hub.kinds import DataType


class CustomerRow(Row):
    email: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    phone: Text = ""
    tax_id: Text = ""
    billing_address: AddressRow | None = None
    shipping_address: AddressRow | None = None


class Customers(OmsSource[CustomerRecord]):
    data_type = DataType.CUSTOMERS
    required = ("email",)

    def record(self, raw: Any) -> CustomerRecord:
        return record(raw, CustomerRow, _customer, lambda key: CustomerRecord(external_id=key))


def _customer(row: CustomerRow) -> CustomerRecord:
    result = CustomerRecord(
        external_id=row.id,
        updated_at=row.updated_at,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        company_name=row.company,
        phone=row.phone,
        tax_id=row.tax_id,
        addresses=address_records(row.billing_address, row.shipping_address),
    )
    result.problems = address_problems(result.addresses or [])
    return result
