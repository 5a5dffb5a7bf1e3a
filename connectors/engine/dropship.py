"""Orders that a vendor ships for other sellers (S9): the part that its ERP gets.

A vendor is a seller here with an ERP of its own (accounts.models.DropshipAgreement). Its ERP gets the order with the
vendor's lines alone and the address that they go to. What became of it is kept for the seller of the order.
"""

from dataclasses import replace
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import DropshipAgreement
from accounts.queries import agreements_of_vendor
from hub.kinds import Kind, Role
from hub.models import Connection, Link
from orders.items import OrderItem, Principal
from orders.models import Address, OrderLine


def restrict_to_vendor(connection: Connection, orders: dict[int, OrderItem]) -> set[int]:
    """Put the vendor's part in the place of each order of another seller. At most one query.

    Returns the orders that are none of the connection's business: they take no part, not even by a removal. An order
    whose lines are all others' by now stays, without lines.
    """
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
    """The lines that stand under the vendor's name and where they go; of the customer, the money and the notes nothing
    that the vendor has no use for."""
    name = agreement.name_on_lines.upper()
    lines = [line for line in order.lines if line.vendor.upper() == name]
    own = {line.id for line in lines}
    shipments = [
        replace(shipment, lines=kept)
        for shipment in order.shipments
        if (kept := {pk: quantity for pk, quantity in shipment.lines.items() if pk in own})
    ]
    return replace(
        order,
        customer_id=None,
        source_status="",
        total=sum((line.quantity * line.unit_price for line in lines), Decimal(0)),
        tax=Decimal(0),
        shipping_cost=Decimal(0),
        cart_id="",
        customer_note="",
        internal_note="",
        ip_address=None,
        lines=lines,
        shipments=shipments,
        addresses=[
            replace(address, email="", external_id="")
            for address in order.addresses
            if address.use == Address.Use.SHIPPING
        ],
        principal=Principal(agreement.seller.slug, agreement.seller.name),
    )


def vendor_orders(connection: Connection) -> Q:
    """Which orders of other sellers a full run of the connection has to look at: those with lines of the vendor, and
    those that had some when it was sent them."""
    if connection.role != Role.ERP or connection.seller_id is None:
        return Q(pk__in=[])
    served = _active_agreements(connection)
    named = served.filter(
        seller=OuterRef(OuterRef("seller")),
        since__lte=OuterRef(OuterRef("placed_at")),
        name_on_lines__iexact=OuterRef("vendor"),
    )
    sent = Link.objects.filter(connection=connection, kind=Kind.ORDER, item_id=OuterRef("pk"), missing=False)
    concerned = Exists(OrderLine.objects.filter(Exists(named), order=OuterRef("pk"))) | Exists(sent)
    return Q(concerned, seller__in=served.values("seller"))
