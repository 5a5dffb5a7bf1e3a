"""Builds records as a shop would send them, and imports them with the engine."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from connectors.engine.applying import Tally, apply_page, import_context_for
from hub.models import Job
from hub.records import Record
from orders.records import AddressRecord, CustomerRecord, OrderLineRecord, OrderRecord

PLACED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def import_records(job: Job, *records: Record, full_since: datetime | None = None) -> Tally:
    """Import a page, as a run of the job would; one of a full read that started `full_since`."""
    context = import_context_for(job, run_id=None, now=timezone.now())
    context.full_since = full_since
    return apply_page(context, records)


def customer(external_id: str, **fields: Any) -> CustomerRecord:
    fields = {
        "email": f"buyer{external_id}@example.com",
        "first_name": "Berta",
        "last_name": f"Buyer {external_id}",
        "addresses": [address()],
    } | fields
    return CustomerRecord(external_id=external_id, **fields)


def address(**fields: Any) -> AddressRecord:
    return AddressRecord(**{"use": "shipping", "street": "Storgata 1", "city": "Oslo", "country": "NO"} | fields)


def line(external_id: str, sku: str = "OAK-1", quantity: str = "1", **fields: Any) -> OrderLineRecord:
    values: dict[str, Any] = {"title": f"Item {sku}", "unit_price": Decimal("10")} | fields
    return OrderLineRecord(external_id=external_id, sku=sku, quantity=Decimal(quantity), **values)


def order(external_id: str, number: str = "", *lines: OrderLineRecord, **fields: Any) -> OrderRecord:
    """An order; without `lines` it has one, whose ID starts with the order's."""
    values: dict[str, Any] = {
        "status": "confirmed",
        "currency": "EUR",
        "total": Decimal("10"),
        "placed_at": PLACED,
        "addresses": [address()],
    } | fields
    lines = lines or (line(f"{external_id}-1"),)
    return OrderRecord(external_id=external_id, number=number or f"N-{external_id}", lines=list(lines), **values)
