"""Which field of a store holds what, as the connection maps it (S5, D11, D13).

A value names the store's field; behind a dot stands the name of a custom field, a customer attribute or a form field:
`retail_price`, `custom_fields.Restock date`. Empty: nothing in the store holds it.
"""

from pydantic import Field

from connectors.contract import Schema


class ProductMap(Schema):
    rrp: str = "retail_price"
    restock_date: str = ""
    # Settings of a variant for B2B fronts, under names of the merchant's own (a minimum order quantity, a pack size).
    settings: dict[str, str] = Field(default_factory=dict)


class CustomerMap(Schema):
    group: str = ""
    accounting_id: str = ""
    sales_agent_groups: str = ""
    price_lists: str = ""
    discount_percentage: str = ""
    payment_on_account: str = ""
    parent_id: str = ""
    tax_id: str = ""


class OrderMap(Schema):
    vendor: str = ""


class FieldMap(Schema):
    products: ProductMap = ProductMap()
    customers: CustomerMap = CustomerMap()
    orders: OrderMap = OrderMap()
