"""Customers of a group that gets or loses a price list: they are sent again, because a target may assign price lists to
each customer."""

from collections.abc import Iterable

from catalog.models import PriceList
from catalog.records import ConditionalPriceRecord, ProductRecord
from connectors.engine.applying.context import ImportContext
from hub.kinds import Kind
from hub.queue import enqueue
from orders.models import Customer


def changed_groups(context: ImportContext, records: Iterable[ProductRecord]) -> set[str]:
    """The groups for which a price list of a page is new, or no longer meant. One query if the page has such lists.

    Call it before the page is saved.
    """
    wanted = {
        price.price_list.external_id: set(price.price_list.customer_groups)
        for record in records
        for variant in record.variants or ()
        for price in (variant.price if isinstance(variant.price, list) else ())
        if isinstance(price, ConditionalPriceRecord) and price.price_list is not None
    }
    if not wanted:
        return set()
    known = dict(
        PriceList.objects.filter(
            seller=context.seller_id, source=context.connection_id, external_id__in=wanted
        ).values_list("external_id", "customer_groups")
    )
    return {group for key, groups in wanted.items() for group in groups ^ set(known.get(key, ()))}


def enqueue_customers(context: ImportContext, groups: Iterable[str]) -> None:
    """Enqueue the customers of these groups for all their targets."""
    if not (names := sorted(groups)):
        return
    rows = Customer.objects.filter(seller_id=context.seller_id, group__name__in=names)
    ids = rows.exclude(status=Customer.Status.DELETED).values_list("pk", flat=True)
    enqueue(seller_id=context.seller_id, kind=Kind.CUSTOMER, item_ids=set(ids), origin=None)
