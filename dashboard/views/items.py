"""Products, customers and orders: lists, and a page for each with all that is recorded about it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from accounts.queries import is_owner
from catalog.models import Product
from dashboard.access import SellerRequest, seller_action, seller_page
from dashboard.forms import CustomerFilter, FilterForm, OrderFilter, ProductFilter, StatusFilter
from dashboard.keyset import Keyset
from dashboard.queries import catalog, sales
from dashboard.queries.counting import Total, total
from dashboard.queries.item_records import ItemRecords
from dashboard.queries.items import items, payload_of
from dashboard.queries.reconciliation import reconciliation_table
from dashboard.queries.statuses import statuses
from dashboard.saved_views import keep_filters
from dashboard.services import accept_order_difference
from dashboard.summary import item_summary
from dashboard.views.redirects import redirect_back
from orders.models import Customer, Order
from orders.queries import unreconciled_orders

_EVENTS_PER_PAGE = 20


def _keyset(request: SellerRequest, field: str = "") -> Keyset:
    return Keyset(request.GET.get("page", ""), field=field)


def _total(rows: QuerySet[Any], filters: FilterForm) -> Total | None:
    """Of the list without a search, whose size no estimate knows."""
    if filters.chosen["search"]:
        return None
    status = filters.chosen["status"]
    return total(rows.filter(status=status) if status else rows)


def _records(request: SellerRequest, records: ItemRecords) -> dict[str, Any]:
    """The template context of the records about an item of any kind."""
    timeline = Keyset(request.GET.get("timeline", ""), size=_EVENTS_PER_PAGE)
    statuses, issues = records.statuses(), list(records.issues())
    return {
        "item_summary": item_summary(statuses, issues),
        "statuses": statuses,
        "status_counts": records.status_counts(),
        "issues": issues,
        "links": records.links(),
        "timeline": records.timeline(timeline),
    }


@seller_page
@keep_filters("search", "status")
def products(request: SellerRequest) -> HttpResponse:
    filters = ProductFilter(request.GET)
    page = catalog.products(seller=request.seller, keyset=_keyset(request), **filters.chosen)
    context = {
        "filters": filters,
        "page": page,
        "total": _total(Product.objects.filter(seller=request.seller), filters),
    }
    return render(request, "dashboard/products.html", context)


@seller_page
def product(request: SellerRequest, product: int) -> HttpResponse:
    try:
        found = catalog.product(seller=request.seller, product_id=product)
    except ObjectDoesNotExist as error:
        raise Http404(str(error)) from error
    context = {
        "product": found,
        "variants": catalog.variants(product=found, page=request.GET.get("variants")),
        **_records(request, catalog.product_records(product=found)),
    }
    return render(request, "dashboard/product.html", context)


@seller_page
@keep_filters("search", "status")
def customers(request: SellerRequest) -> HttpResponse:
    filters = CustomerFilter(request.GET)
    page = sales.customers(seller=request.seller, keyset=_keyset(request), **filters.chosen)
    context = {
        "filters": filters,
        "page": page,
        "total": _total(Customer.objects.filter(seller=request.seller), filters),
    }
    return render(request, "dashboard/customers.html", context)


@seller_page
def customer(request: SellerRequest, customer: int) -> HttpResponse:
    try:
        found = sales.customer(seller=request.seller, customer_id=customer)
    except ObjectDoesNotExist as error:
        raise Http404(str(error)) from error
    context = {
        "customer": found,
        "orders": sales.latest_orders_of(customer=found),
        "is_owner": is_owner(user=request.user, seller=request.seller),
        **_records(request, sales.customer_records(customer=found)),
    }
    return render(request, "dashboard/customer.html", context)


@seller_page
@keep_filters("search", "status", "amounts")
def orders(request: SellerRequest) -> HttpResponse:
    filters = OrderFilter(request.GET)
    page = sales.orders(seller=request.seller, keyset=_keyset(request, "placed_at"), **filters.chosen)
    different = unreconciled_orders(seller_id=request.seller.pk)
    context = {
        "filters": filters,
        "page": page,
        "total": _total(
            different if filters.chosen["amounts"] else Order.objects.filter(seller=request.seller), filters
        ),
        "some_differ": not filters.active and different.exists(),
    }
    return render(request, "dashboard/orders.html", context)


@seller_page
def order(request: SellerRequest, order: int) -> HttpResponse:
    try:
        found = sales.order(seller=request.seller, order_id=order)
    except ObjectDoesNotExist as error:
        raise Http404(str(error)) from error
    context = {
        "order": found,
        "reconciliation": reconciliation_table(order=found),
        **_records(request, sales.order_records(order=found)),
    }
    return render(request, "dashboard/order.html", context)


@seller_action
def accept_difference(request: SellerRequest, order: int) -> HttpResponseBase:
    """Send an order although it does not add up (M3)."""
    found = get_object_or_404(Order, pk=order, seller=request.seller)
    if accept_order_difference(order=found, by=request.user):
        messages.success(request, _("Accepted. The order is sent to the systems that were waiting for it."))
    else:
        messages.info(request, _("There is no difference to accept."))
    return redirect_back(request, "dashboard:orders")


@seller_page
def status_list(request: SellerRequest) -> HttpResponse:
    filters = StatusFilter(request.GET, seller=request.seller)
    page = statuses(seller=request.seller, keyset=_keyset(request), **filters.chosen)
    known = items(seller=request.seller, refs=[(row.kind, row.item_id) for row in page.rows])
    rows = [(row, known.get((row.kind, row.item_id))) for row in page.rows]
    return render(request, "dashboard/statuses.html", {"filters": filters, "page": page, "rows": rows})


@seller_page
def payload(request: SellerRequest, link: int) -> HttpResponse:
    """The payloads received from and sent to a platform (S7). Not for viewers: they can hold personal data."""
    if not request.may_change:
        raise PermissionDenied("Viewers cannot see payloads.")
    try:
        found, item = payload_of(seller=request.seller, link_id=link)
    except ObjectDoesNotExist as error:
        raise Http404(str(error)) from error
    return render(request, "dashboard/payload.html", {"payload": found, "item": item})
