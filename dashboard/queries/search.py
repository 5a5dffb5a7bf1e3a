"""One search over everything that people have a number or a name of (I3): each kind of item through its own index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Seller
from catalog.models import Product, Variant
from dashboard.queries.catalog import by_words
from dashboard.queries.rejected import refs_of
from hub import links
from hub.kinds import DataType, Kind
from hub.models import Run
from orders.models import Customer, Order
from synclog.models import Issue, RejectedItem

_MAX_PER_KIND = 10
_MIN_LENGTH = 2


@dataclass(frozen=True)
class Hit:
    """Something found. `kind` is that of an item, `run`, `rejected` or `issue`; `pk` its ID, or that of the issue."""

    seller_id: int
    kind: str
    pk: int
    title: str
    detail: str = ""


def search(*, sellers: Sequence[Seller], text: str) -> list[Hit]:
    """What belongs to the sellers and matches: a prefix of a SKU, order number, email address or last name, words of a
    title, an external ID, the number of a run, or a text of an open issue. At most ten of each kind."""
    text = text.strip()
    if len(text) < _MIN_LENGTH and not text.isdecimal():
        return []
    ids = [seller.pk for seller in sellers]
    found = [
        *_products(ids, text),
        *_orders(ids, text),
        *_customers(ids, text),
        *_linked(ids, text),
        *_runs(ids, text),
        *_not_imported(ids, text),
    ]
    return list({(hit.kind, hit.pk): hit for hit in reversed(found)}.values())[::-1]


def _products(ids: Sequence[int], text: str) -> list[Hit]:
    variants = Variant.objects.filter(seller__in=ids, sku__istartswith=text).select_related("product")
    by_sku = [
        Hit(variant.seller_id, Kind.PRODUCT, variant.product_id, variant.product.title, variant.sku)
        for variant in variants.order_by()[:_MAX_PER_KIND]
    ]
    titled = by_words(Product.objects.filter(seller__in=ids), text)[:_MAX_PER_KIND]
    return by_sku + [Hit(product.seller_id, Kind.PRODUCT, product.pk, product.title) for product in titled]


def _orders(ids: Sequence[int], text: str) -> list[Hit]:
    orders = Order.objects.filter(seller__in=ids, number__startswith=text.removeprefix("#"))
    return [
        Hit(order.seller_id, Kind.ORDER, order.pk, order.number, order.get_status_display())
        for order in orders.order_by()[:_MAX_PER_KIND]
    ]


def _customers(ids: Sequence[int], text: str) -> list[Hit]:
    own = Customer.objects.filter(seller__in=ids).order_by()
    found = [
        *own.filter(email__istartswith=text)[:_MAX_PER_KIND],
        *own.filter(last_name__istartswith=text)[:_MAX_PER_KIND],
    ]
    return [Hit(customer.seller_id, Kind.CUSTOMER, customer.pk, str(customer), customer.email) for customer in found]


def _linked(ids: Sequence[int], text: str) -> list[Hit]:
    """Items whose ID at a platform this is. A shared connection has links of all sellers, so the items decide."""
    kinds = [*Kind.values, *(f"{Kind.VARIANT}/{data_type}" for data_type in (DataType.STOCK, DataType.PRICES))]
    rows = links.by_external_id(text, kinds=kinds, seller_ids=ids)[: 3 * _MAX_PER_KIND]
    refs: dict[str, dict[int, str]] = {}
    for kind, item_id, connection in rows:
        refs.setdefault(kind.partition("/")[0], {})[item_id] = connection
    return _items(ids, refs)


def _items(ids: Sequence[int], refs: dict[str, dict[int, str]]) -> list[Hit]:
    hits = []
    products = refs.get(Kind.PRODUCT, {})
    for product in Product.objects.filter(seller__in=ids, pk__in=products) if products else ():
        hits.append(Hit(product.seller_id, Kind.PRODUCT, product.pk, product.title, products[product.pk]))
    variants = refs.get(Kind.VARIANT, {})
    for variant in (
        Variant.objects.filter(seller__in=ids, pk__in=variants).select_related("product") if variants else ()
    ):
        hits.append(
            Hit(variant.seller_id, Kind.PRODUCT, variant.product_id, variant.product.title, variants[variant.pk])
        )
    orders = refs.get(Kind.ORDER, {})
    for order in Order.objects.filter(seller__in=ids, pk__in=orders) if orders else ():
        hits.append(Hit(order.seller_id, Kind.ORDER, order.pk, order.number, orders[order.pk]))
    customers = refs.get(Kind.CUSTOMER, {})
    for customer in Customer.objects.filter(seller__in=ids, pk__in=customers) if customers else ():
        hits.append(Hit(customer.seller_id, Kind.CUSTOMER, customer.pk, str(customer), customers[customer.pk]))
    return hits


def _runs(ids: Sequence[int], text: str) -> list[Hit]:
    number = text.lower().removeprefix("run").strip(" #")
    if not number.isdecimal() or len(number) > 18:
        return []
    runs: QuerySet[Run] = Run.objects.filter(pk=int(number), job__connection__seller__in=ids)
    return [
        Hit(run.job.connection.seller_id or 0, "run", run.pk, str(run), run.get_state_display())
        for run in runs.select_related("job__connection")
    ]


def _not_imported(ids: Sequence[int], text: str) -> list[Hit]:
    """Items that were not imported, by what was received of them; and open issues, often the only trace of an item."""
    rejected, issues = _rejected(ids, text), _issues(ids, text)
    refs = {(item.job_id, ref) for item in rejected for ref in refs_of(item)}
    messages = {(issue.job_id, issue.external_id): issue.message.partition("\n")[0] for issue in issues}
    found = []
    for item in rejected:
        message = next((messages[item.job_id, ref] for ref in refs_of(item) if (item.job_id, ref) in messages), "")
        detail = ": ".join(filter(None, (str(item.job.connection), message)))
        found.append(Hit(item.seller_id, "rejected", item.pk, item.title or item.external_id, detail))
    return found + [
        Hit(issue.seller_id, "issue", issue.pk, issue.title or issue.external_id, issue.message.partition("\n")[0])
        for issue in issues
        if (issue.job_id, issue.external_id) not in refs
    ]


def _rejected(ids: Sequence[int], text: str) -> list[RejectedItem]:
    """By their ID, SKU or number in what was received, or by the beginning of a title."""
    own = RejectedItem.objects.filter(seller__in=ids).select_related("job__connection").order_by("-received_at")
    found = [
        *own.filter(keys__contains=[text.upper()])[:_MAX_PER_KIND],
        *own.filter(title__istartswith=text)[:_MAX_PER_KIND],
    ]
    return list({item.pk: item for item in found}.values())


def _issues(ids: Sequence[int], text: str) -> list[Issue]:
    matches: Any = Q(title__icontains=text) | Q(message__icontains=text) | Q(external_id__iendswith=f":{text}")
    return list(Issue.objects.filter(matches, seller__in=ids, resolved_at=None).order_by("-seen_at")[:_MAX_PER_KIND])
