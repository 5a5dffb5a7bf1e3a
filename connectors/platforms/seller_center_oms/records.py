"""Rows of the listing as orders and customers. The shape is ours, in the vendor's words where it has them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress

from connectors.listing import Row, Text, UtcDatetime, record
from connectors.records import (
    AddressRecord,
    CustomerRecord,
    OrderLineRecord,
    OrderRecord,
    Problem,
    Record,
    ShipmentRecord,
)
from hub.kinds import DataType

Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]

# A delivery that failed comes back to the seller. Any other word means that the item has not left yet.
STATUSES = {
    "shipped": "shipped",
    "delivered": "delivered",
    "canceled": "cancelled",
    "failed_delivery": "returned",
    "returned": "returned",
}
SENT_STATUSES = frozenset(("shipped", "delivered", "returned"))


class AddressRow(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    address1: Text = ""
    address2: Text = ""
    city: Text = ""
    region: Text = ""
    postcode: Text = ""
    country: Annotated[Text, Field(max_length=2)] = ""
    phone: Text = ""
    email: Text = ""


class CustomerRow(Row):
    email: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    phone: Text = ""
    tax_id: Text = ""
    billing_address: AddressRow | None = None
    shipping_address: AddressRow | None = None


class ItemRow(BaseModel):
    """An order item: as a rule one piece of one SKU."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    id_sales_order_item: Text
    sku: Text = ""
    name: Text = ""
    quantity: Annotated[Decimal, Field(gt=0, allow_inf_nan=False)] = Decimal(1)
    price: Amount
    item_status: Text = ""
    shipping_carrier: Text = ""
    tracking_code: Text = ""
    shipped_at: UtcDatetime | None = None


class OrderRow(Row):
    number: Annotated[Text, Field(min_length=1, max_length=100)]
    created_at: UtcDatetime
    currency: Annotated[Text, Field(min_length=3, max_length=3)]
    total: Amount
    tax: Amount = Decimal(0)
    shipping_cost: Amount = Decimal(0)
    customer_id: Text | None = None
    note: Text = ""
    ip_address: IPvAnyAddress | None = None
    billing_address: AddressRow | None = None
    shipping_address: AddressRow | None = None
    items: list[ItemRow]


def build_record(data_type: DataType, raw: Any) -> Record:
    schema, build, placeholder = _RECORD_BUILDERS[data_type]
    return record(raw, schema, build, placeholder)


def order_status(items: Sequence[str]) -> str:
    """The hub's status of an order from those of its lines; cancelled ones count only if there are no others."""
    left = {status for status in items if status != "cancelled"}
    if not left:
        return "cancelled" if items else "pending"
    if left <= SENT_STATUSES:
        return next(status for status in ("shipped", "delivered", "returned") if status in left)
    return "partly_shipped" if left & SENT_STATUSES else "pending"


def _order(row: OrderRow) -> OrderRecord:
    lines = [_line(item, position) for position, item in enumerate(row.items)]
    result = OrderRecord(
        external_id=row.id,
        updated_at=row.updated_at,
        number=row.number,
        status=order_status([line.status for line in lines]),
        source_status=", ".join(sorted({item.item_status for item in row.items if item.item_status}))[:60],
        currency=row.currency,
        total=row.total,
        tax=row.tax,
        shipping_cost=row.shipping_cost,
        placed_at=row.created_at,
        customer_id=row.customer_id or "",
        customer_note=row.note,
        ip_address=None if row.ip_address is None else str(row.ip_address),
        lines=lines,
        shipments=_shipments(row.items),
        addresses=_addresses(row),
    )
    result.problems = _address_problems(result.addresses)
    return result


def _line(item: ItemRow, position: int) -> OrderLineRecord:
    return OrderLineRecord(
        external_id=item.id_sales_order_item,
        sku=item.sku,
        title=item.name,
        position=position,
        quantity=item.quantity,
        unit_price=item.price,
        status=STATUSES.get(item.item_status, "pending"),
    )


def _shipments(items: Sequence[ItemRow]) -> list[ShipmentRecord]:
    """A parcel for each tracking code: items that share one travel together."""
    parcels: dict[tuple[str, str], ShipmentRecord] = {}
    for item in items:
        if not item.tracking_code:
            continue
        key = (item.shipping_carrier, item.tracking_code)
        parcel = parcels.setdefault(
            key,
            ShipmentRecord(
                external_id=":".join(key)[:200],
                carrier=item.shipping_carrier,
                tracking_number=item.tracking_code,
                shipped_at=item.shipped_at,
            ),
        )
        parcel.lines[item.id_sales_order_item] = item.quantity
    return list(parcels.values())


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
        addresses=_addresses(row),
    )
    result.problems = _address_problems(result.addresses or [])
    return result


def _addresses(row: OrderRow | CustomerRow) -> list[AddressRecord]:
    return [
        AddressRecord(
            use=use,
            first_name=address.first_name,
            last_name=address.last_name,
            company=address.company,
            street=address.address1,
            street2=address.address2,
            city=address.city,
            region=address.region,
            postcode=address.postcode,
            country=address.country,
            phone=address.phone,
            email=address.email,
        )
        for use, address in (("billing", row.billing_address), ("shipping", row.shipping_address))
        if address is not None
    ]


def _address_problems(addresses: Sequence[AddressRecord]) -> list[Problem]:
    """Address line 1 is what a merchant misses first (D7)."""
    return [
        Problem("address_incomplete", f"Line 1 of the {each.use} address is empty.", "Enter the street in the OMS.")
        for each in addresses
        if not each.street
    ]


def _unreadable_order(key: str) -> OrderRecord:
    """A record that says no more than that there is one; its problems keep it out of the hub."""
    return OrderRecord(
        external_id=key,
        number=key,
        status="pending",
        currency="",
        total=Decimal(0),
        placed_at=datetime.fromtimestamp(0, UTC),
    )


_RECORD_BUILDERS: dict[DataType, tuple[type[Any], Callable[[Any], Record], Callable[[str], Record]]] = {
    DataType.CUSTOMERS: (CustomerRow, _customer, lambda key: CustomerRecord(external_id=key)),
    DataType.ORDERS: (OrderRow, _order, _unreadable_order),
}
