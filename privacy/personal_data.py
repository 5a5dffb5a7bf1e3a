"""Finds what is held about a person at a seller, and exports it."""

import json
import re
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from accounts.models import Seller
from connectors.models import WebhookEvent
from hub import links
from hub.kinds import Kind
from hub.models import Connection, RunItem
from orders.models import Address, Customer, Order
from synclog.models import Issue, ItemEvent, ItemStatus, RejectedItem

ENCODER = DjangoJSONEncoder
# Not "n/a" or "-", which many people share. Wider than Django's validator, which refuses letters beyond ASCII.
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass(frozen=True)
class Person:
    """The customers and orders of a person at one seller. `emails` are lower case. False if nothing is held."""

    seller: Seller
    emails: tuple[str, ...]
    customer_ids: tuple[int, ...]
    order_ids: tuple[int, ...]

    def __bool__(self) -> bool:
        known = bool(self.customer_ids or self.order_ids)
        return known or rejected_items(self).exists() or webhook_events(self).exists()


def find_person(*, seller: Seller, email: str = "", customer_id: int | None = None) -> Person:
    """Find a person by email address, or by customer and that customer's email address.

    Guest orders are found by the email addresses in their postal addresses. Values that are no email addresses are
    ignored.
    """
    customers = Customer.objects.filter(seller=seller)
    emails = {email.strip().lower()}
    if customer_id is not None:
        emails |= {each.lower() for each in customers.filter(pk=customer_id).values_list("email", flat=True)}
    emails = {each for each in emails if _ADDRESS.fullmatch(each)}
    same_email = Q(pk=customer_id) if customer_id is not None else Q(pk=None)
    in_address = Q(pk=None)
    for each in emails:
        same_email |= Q(email__iexact=each)
        in_address |= Q(email__iexact=each)
    customer_ids = set(customers.filter(same_email).values_list("pk", flat=True))
    addresses = Address.objects.filter(in_address, seller=seller)
    orders = Order.objects.filter(
        Q(customer__in=customer_ids) | Q(pk__in=addresses.exclude(order=None).values("order")), seller=seller
    )
    return Person(
        seller, tuple(sorted(emails)), tuple(sorted(customer_ids)), tuple(orders.values_list("pk", flat=True))
    )


def webhook_events(person: Person) -> QuerySet[WebhookEvent]:
    """Events that the seller's own connections received and that have an email address of the person as a value.

    Installation-wide connections also receive data of other sellers.
    """
    return WebhookEvent.objects.filter(
        _has_email(person), connection__in=Connection.objects.filter(seller=person.seller)
    )


def rejected_items(person: Person) -> QuerySet[RejectedItem]:
    """What sources sent about the person last and was not imported, also of customers and orders that never were."""
    items = {Kind.CUSTOMER: person.customer_ids, Kind.ORDER: person.order_ids}
    linked = links.of_items(items).filter(
        connection=OuterRef("job__connection"), kind=OuterRef("kind"), external_id=OuterRef("external_id")
    )
    return RejectedItem.objects.filter(Exists(linked) | _has_email(person), seller=person.seller)


def _has_email(person: Person) -> Q:
    """Whether an email address of the person is a value in `payload`."""
    matches = Q(pk=None)
    for email in person.emails:
        matches |= Q(payload__icontains=json.dumps(email, ensure_ascii=False))
    return matches


def export_person(person: Person) -> dict[str, Any]:
    """Everything that is held about the person: a dict, for JSON, with the names of the hub's fields.

    Events of installation-wide connections are left out: they may belong to other sellers.
    """
    of_person = Q(kind=Kind.CUSTOMER, item_id__in=person.customer_ids) | Q(
        kind=Kind.ORDER, item_id__in=person.order_ids
    )
    addresses = Q(customer__in=person.customer_ids) | Q(order__in=person.order_ids)
    items = {Kind.CUSTOMER: person.customer_ids, Kind.ORDER: person.order_ids}
    payloads = links.payloads_of(items).values(
        "link__connection__name", "link__external_id", "received", "previous", "sent", "received_at"
    )
    orders = Order.objects.filter(pk__in=person.order_ids)
    about = of_person
    for job, kind, external_id in rejected_items(person).values_list("job", "kind", "external_id"):
        about |= Q(job=job, external_id=f"{kind.partition('@')[0]}:{external_id}")
    return {
        "seller": person.seller.slug,
        "customers": _rows(Customer.objects.filter(pk__in=person.customer_ids)),
        "addresses": _rows(Address.objects.filter(addresses)),
        "orders": [
            order
            | {
                name: list(getattr(row, name).order_by("pk").values())
                for name in ("lines", "adjustments", "refunds", "shipments")
            }
            for row, order in zip(orders.order_by("pk"), _rows(orders), strict=True)
        ],
        "statuses": _rows(ItemStatus.objects.filter(of_person)),
        "timeline": _rows(ItemEvent.objects.filter(of_person)),
        "issues": _rows(Issue.objects.filter(about, seller=person.seller)),
        "comparison_results": _rows(RunItem.objects.filter(of_person)),
        "rejected_items": _rows(rejected_items(person)),
        "payloads": list(payloads),
        "webhooks": list(webhook_events(person).values("connection__name", "received_at", "scope", "payload")),
    }


def _rows(rows: "QuerySet[Any]") -> list[dict[str, Any]]:
    """Plain values, in the order of their IDs."""
    model: type[Model] = rows.model
    return list(rows.order_by("pk").values(*(field.attname for field in model._meta.concrete_fields)))
