"""Orders that a vendor ships for other sellers (S9): the part that is sent to the vendor's ERP.

A vendor is a seller with its own ERP connection (accounts.models.DropshipAgreement). Its ERP gets the order with only
the vendor's lines and their shipping address. The sync status is kept for the seller of the order.
"""

from dataclasses import replace

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import DropshipAgreement
from accounts.queries import agreements_of_vendor
from hub import links
from hub.kinds import Kind, Role
from hub.models import Connection
from orders.items import OrderItem, Principal
from orders.models import Address, OrderLine
from orders.parts import vendor_part


def restrict_to_vendor(connection: Connection, orders: dict[int, OrderItem]) -> set[int]:
    """Prepare orders for a target, in place: replace each order of another seller by the vendor's part of it.

    At most one query.

    Returns the IDs of orders that do not concern the connection: they are ignored, and not removed either. An order in
    which the vendor has no lines left stays, without lines.
    """
    for order in orders.values():
        order.target_id = connection.pk
    foreign = {pk: order for pk, order in orders.items() if order.seller_id != connection.seller_id}
    if connection.seller_id is None or not foreign:
        return set()
    served = _active_agreements(connection).filter(seller__in={order.seller_id for order in foreign.values()})
    agreements = {each.seller_id: each for each in served.select_related("seller")}
    not_served = set()
    for pk, order in foreign.items():
        agreement = agreements.get(order.seller_id)
        if agreement is None or order.placed_at < agreement.since:
            not_served.add(pk)
        else:
            orders[pk] = _vendor_part(order, agreement)
    return not_served


def _active_agreements(connection: Connection) -> QuerySet[DropshipAgreement]:
    if connection.role != Role.ERP or connection.seller_id is None:
        return DropshipAgreement.objects.none()
    return agreements_of_vendor(vendor_id=connection.seller_id).filter(active=True)


def _vendor_part(order: OrderItem, agreement: DropshipAgreement) -> OrderItem:
    """The lines under the vendor's name with their amounts and their share of the charges, and their shipping address.

    Customer details, codes of discounts and notes that the vendor does not need are left out.
    """
    part = vendor_part(order, agreement.name_on_lines)
    own = {line.id for line in part.lines}
    shipments = [
        replace(shipment, lines=kept)
        for shipment in part.shipments
        if (kept := {pk: quantity for pk, quantity in shipment.lines.items() if pk in own})
    ]
    return replace(
        part,
        customer_id=None,
        customer_reference="",
        source_status="",
        cart_id="",
        customer_note="",
        internal_note="",
        ip_address=None,
        shipments=shipments,
        addresses=[
            replace(address, email="", external_id="")
            for address in order.addresses
            if address.use == Address.Use.SHIPPING
        ],
        principal=Principal(agreement.seller.slug, agreement.seller.name),
    )


def vendor_orders(connection: Connection) -> Q:
    """The orders of other sellers that a full run of the connection has to check: those with lines of the vendor, and
    those that had some when they were sent."""
    if connection.role != Role.ERP or connection.seller_id is None:
        return Q(pk__in=[])
    served = _active_agreements(connection)
    named = served.filter(
        seller=OuterRef(OuterRef("seller")),
        since__lte=OuterRef(OuterRef("placed_at")),
        name_on_lines__iexact=OuterRef("vendor"),
    )
    sent = links.of_kind(connection.pk, Kind.ORDER).filter(item_id=OuterRef("pk"), missing=False)
    concerned = Exists(OrderLine.objects.filter(Exists(named), order=OuterRef("pk"))) | Exists(sent)
    return Q(concerned, seller__in=served.values("seller"))
