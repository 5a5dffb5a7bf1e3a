"""Finds what is held about a person at a seller, and exports it."""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from accounts.models import Seller
from connectors.adapters.registry import adapters
from connectors.models import WebhookEvent
from hub import links
from hub.kinds import Kind
from hub.models import Connection, RunItem
from orders.models import Address, Customer, Order
from synclog.models import Issue, ItemEvent, ItemStatus, RejectedItem

ENCODER = DjangoJSONEncoder
# Not "n/a" or "-", which many people share. Wider than Django's validator, which refuses letters beyond ASCII.
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


class SourceItem(NamedTuple):
    """A customer or order (`Kind`) by its ID at a connection, imported or not."""

    connection_id: int
    kind: Kind
    external_id: str


@dataclass(frozen=True)
class Person:
    """The customers and orders of a person at one seller. `emails` are lower case. False if nothing is held.

    `sources` are what a shop named; they are among the customers and orders if they were imported.
    """

    seller: Seller
    emails: tuple[str, ...]
    customer_ids: tuple[int, ...]
    order_ids: tuple[int, ...]
    sources: tuple[SourceItem, ...] = ()

    def __bool__(self) -> bool:
        known = bool(self.customer_ids or self.order_ids)
        return known or rejected_items(self).exists() or webhook_events(self).exists()


def find_person(
    *, seller: Seller, email: str = "", customer_id: int | None = None, sources: Sequence[SourceItem] = ()
) -> Person:
    """Find a person by email address, by customer and that customer's email address, and by items at connections.

    Guest orders are found by the email addresses in their postal addresses. Values that are no email addresses are
    ignored.
    """
    customers = Customer.objects.filter(seller=seller)
    named = _item_ids(sources, Kind.CUSTOMER) | ({customer_id} if customer_id is not None else set())
    emails = {each.lower() for each in customers.filter(pk__in=named).values_list("email", flat=True)}
    emails.add(email.strip().lower())
    emails = {each for each in emails if _ADDRESS.fullmatch(each)}
    same_email = Q(pk__in=named)
    in_address = Q(pk=None)
    for each in emails:
        same_email |= Q(email__iexact=each)
        in_address |= Q(email__iexact=each)
    customer_ids = set(customers.filter(same_email).values_list("pk", flat=True))
    addresses = Address.objects.filter(in_address, seller=seller)
    orders = Order.objects.filter(
        Q(customer__in=customer_ids)
        | Q(pk__in=addresses.exclude(order=None).values("order"))
        | Q(pk__in=_item_ids(sources, Kind.ORDER)),
        seller=seller,
    )
    return Person(
        seller,
        tuple(sorted(emails)),
        tuple(sorted(customer_ids)),
        tuple(orders.values_list("pk", flat=True)),
        tuple(sources),
    )


def _item_ids(sources: Sequence[SourceItem], kind: Kind) -> set[int]:
    """Our IDs of those of the kind that were imported."""
    found: set[int] = set()
    for (connection_id, of_kind), external_ids in _by_kind(sources).items():
        if of_kind == kind:
            found |= set(links.item_ids(connection_id, kind, external_ids).values())
    return found


def _by_kind(sources: Sequence[SourceItem]) -> dict[tuple[int, Kind], list[str]]:
    """(connection, kind) → external IDs."""
    found: dict[tuple[int, Kind], list[str]] = defaultdict(list)
    for source in sources:
        found[source.connection_id, source.kind].append(source.external_id)
    return found


def webhook_events(person: Person) -> QuerySet[WebhookEvent]:
    """Events that the seller's own connections received and that have an email address of the person as a value.

    Installation-wide connections also receive data of other sellers.
    """
    return WebhookEvent.objects.filter(
        _has_email(person), connection__in=Connection.objects.filter(seller=person.seller)
    )


def is_privacy_event() -> Q:
    """Whether a webhook event asks to export or erase personal data."""
    matches = Q(pk=None)
    for platform, adapter in adapters().items():
        if names := adapter.webhooks.privacy_events:
            matches |= Q(connection__platform=platform, scope__in=names)
    return matches


def rejected_items(person: Person) -> QuerySet[RejectedItem]:
    """What sources sent about the person last and was not imported, also of customers and orders that never were."""
    items = {Kind.CUSTOMER: person.customer_ids, Kind.ORDER: person.order_ids}
    linked = links.of_items(items).filter(
        connection=OuterRef("job__connection"), kind=OuterRef("kind"), external_id=OuterRef("external_id")
    )
    matches = Exists(linked) | _has_email(person)
    for (connection_id, kind), external_ids in _by_kind(person.sources).items():
        matches |= Q(job__connection=connection_id, kind=kind, external_id__in=external_ids)
    return RejectedItem.objects.filter(matches, seller=person.seller)


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
