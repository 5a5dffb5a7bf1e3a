"""Copies a shop's settings to its seller and price list (D15)."""

from accounts.models import Seller
from catalog import services as catalog
from catalog.records import SettingsRecord
from hub.kinds import Kind
from hub.models import Connection
from hub.queue import enqueue


def save_store_settings(connection: Connection, record: SettingsRecord) -> dict[str, list[str]]:
    """Copy the shop's currency and time zone to its seller and price list. Returns field → [before, after]."""
    changes: dict[str, list[str]] = {}
    seller = connection.seller
    if seller is None:
        return changes
    if record.currency and record.currency != seller.currency:
        changes["currency"] = [seller.currency, record.currency]
        seller.currency = record.currency
        catalog.set_currency(seller_id=seller.pk, connection_id=connection.pk, currency=record.currency)
    if record.time_zone and record.time_zone != seller.time_zone:
        changes["time_zone"] = [seller.time_zone, record.time_zone]
        seller.time_zone = record.time_zone
    if changes:
        Seller.objects.filter(pk=seller.pk).update(currency=seller.currency, time_zone=seller.time_zone)
        enqueue(seller_id=seller.pk, kind=Kind.STORE, item_ids=[connection.pk], origin=connection.pk)
    return changes
