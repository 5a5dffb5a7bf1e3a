"""Customers, as docs/platforms/rest.md specifies them."""

from connectors.platforms.rest.client import Row
from connectors.platforms.rest.targets.base import RestTargetStream, address, reference
from connectors.sdk.operations import References
from connectors.sdk.values import json_number
from hub.kinds import DataType, Kind
from orders.items import CustomerItem


class CustomerTarget(RestTargetStream[CustomerItem]):
    data_type = DataType.CUSTOMERS
    lane = "customers"

    def payload(self, item: CustomerItem, refs: References) -> Row | None:
        if item.status == "deleted":
            return None
        return {
            "email": item.email,
            "first_name": item.first_name,
            "last_name": item.last_name,
            "company": item.company_name,
            "phone": item.phone,
            "tax_id": item.tax_id,
            "group": item.group,
            "accounting_id": item.accounting_id,
            "sales_agent_groups": item.sales_agent_groups,
            "price_lists": item.price_lists,
            "discount_percentage": json_number(item.discount_percentage),
            "payment_on_account": item.payment_on_account,
            "parent": reference(refs, Kind.CUSTOMER, item.parent_id),
            "b2b_enabled": item.b2b_enabled,
            "status": item.status,
            "addresses": [address(each) for each in item.addresses],
        }
